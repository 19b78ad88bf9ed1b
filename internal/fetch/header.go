package fetch

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/littledl/littledl/internal/redact"
)

// CheckHeader refuses what HTTP does not allow, what the library sets itself and, where a
// header is not bound to an origin, what is a credential.
func CheckHeader(h http.Header, bound bool) error {
	for k, vs := range h {
		if !ValidHeaderName(k) {
			return fmt.Errorf("header name %.100q is not allowed in HTTP", k)
		}
		for _, v := range vs {
			if !ValidHeaderValue(v) {
				return fmt.Errorf("value of header %.100s holds control characters", k)
			}
		}
		switch ck := textproto.CanonicalMIMEHeaderKey(k); ck {
		case "Range", "Accept-Encoding", "Host", "Connection", "Transfer-Encoding", "Content-Length", "Te", "Upgrade", "Trailer":
			return fmt.Errorf("header %s is set by the library", ck)
		case "Authorization", "Cookie", "Proxy-Authorization":
			if !bound {
				return fmt.Errorf("header %s is a credential; bind it to its origin with OriginHeaders or WithHeader", ck)
			}
		default:
			if strings.HasPrefix(ck, "If-") {
				return fmt.Errorf("header %s is set by the library", ck)
			}
		}
	}
	return nil
}

// CheckOrigins is CheckHeader for headers that are bound to origins, whose names are checked,
// too: each may be given once, however it is spelled.
func CheckOrigins(origins map[string]http.Header) error {
	seen := map[string]bool{}
	for raw, h := range origins {
		u, err := ParseURL(raw)
		if err != nil || u.Path != "" && u.Path != "/" || u.User != nil || u.RawQuery != "" || u.ForceQuery {
			return fmt.Errorf("OriginHeaders key %q; write https://host or https://host:port", redact.Text(redact.URL(raw)))
		}
		if seen[Origin(u)] {
			return fmt.Errorf("OriginHeaders has several keys for %s", Origin(u))
		}
		seen[Origin(u)] = true
		if err := CheckHeader(h, true); err != nil {
			return err
		}
	}
	return nil
}

// ValidHeaderName reports whether k is a token (RFC 9110, section 5.1).
func ValidHeaderName(k string) bool {
	for i := range len(k) {
		c := k[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return k != ""
}

// ValidHeaderValue reports whether v holds no control character but tab (RFC 9110,
// section 5.5).
func ValidHeaderValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
