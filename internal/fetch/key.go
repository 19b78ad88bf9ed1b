package fetch

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/littledl/littledl/internal/redact"
)

// Key is the canonical form of what names an origin, "https://host[:port]", which is that of
// Origin, or a host with all of its ports and schemes: then it is the host alone.
func Key(raw string) (string, error) {
	if strings.Contains(raw, "://") {
		u, err := ParseURL(raw)
		if err != nil {
			return "", fmt.Errorf("key %q: %w", redact.Text(redact.URL(raw)), err)
		}
		if u.Path != "" && u.Path != "/" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
			return "", fmt.Errorf("key %q; write https://host or https://host:port", redact.Text(redact.URL(raw)))
		}
		return Origin(u), nil
	}
	host, bracketed := strings.CutPrefix(raw, "[")
	if bracketed {
		host, bracketed = strings.CutSuffix(host, "]")
	}
	name, err := canonicalHost(host)
	switch name = strings.TrimSuffix(name, "."); {
	case err == nil && name != "" && bracketed == strings.HasPrefix(raw, "[") && (!bracketed || strings.Contains(name, ":")):
		return name, nil
	case err == nil:
		err = errors.New("it names no host")
	case errors.Is(err, errAddress) && !bracketed:
		err = errors.New("a port needs its scheme")
	}
	return "", fmt.Errorf("key %q: %w; write host, for all of its ports and schemes, or https://host:port", redact.Text(raw), err)
}

// HostOf is the host of an Origin, as Key has it.
func HostOf(origin string) string {
	_, at, _ := strings.Cut(origin, "://")
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return at
	}
	return host
}
