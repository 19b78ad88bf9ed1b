package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Hosts, of which each has many spellings: one of them is sent, and told apart by.

// Origin is the scheme, host and port of u, the port always given: what headers
// and limits are bound to. All spellings of one have the same.
func Origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	host, err := canonicalHost(u.Hostname())
	if err != nil { // nothing will come of it
		host = strings.ToLower(u.Hostname())
	}
	if port == "" {
		port = defaultPort(scheme)
	}
	if rooted := strings.TrimSuffix(host, "."); rooted != "" {
		host = rooted
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// settleHost checks that u is a URL that the library can fetch, and gives it the canonical
// spelling of its host and port. A dot at the end stays: some servers know the one name only.
func settleHost(u *url.URL) error {
	switch u.Scheme {
	case "http", "https":
	case "":
		return errors.New("not absolute: it must start with http:// or https://")
	default:
		return errors.New("scheme is not http or https")
	}
	host, err := canonicalHost(u.Hostname())
	if err != nil {
		return err
	}
	if strings.Trim(host, ".") == "" {
		return errors.New("no host")
	}
	port, err := canonicalPort(u.Port())
	if err != nil {
		return err
	}
	if strings.HasPrefix(u.Host, "[") {
		if !strings.Contains(host, ":") {
			return errAddress
		}
		host = "[" + host + "]"
	}
	switch {
	case port == "" || port == defaultPort(u.Scheme):
		u.Host = host
	case u.Host != host+":"+port: // most are canonical, and keep theirs
		u.Host = host + ":" + port
	}
	return nil
}

var (
	errAddress = errors.New("the address in brackets is no IPv6 address")
	errName    = errors.New("the host name has characters that no host name has")
	// A resolver has no longer ones; more letters than that are not worth bringing into ASCII.
	errHostLong = errors.New("the host name is longer than 253 bytes")
)

const (
	maxHost        = 253
	maxUnicodeHost = 4 * maxHost
)

func canonicalPort(p string) (string, error) {
	if p == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("port is not from 1 to 65535")
	}
	if p[0] != '0' {
		return p, nil
	}
	return strconv.FormatUint(n, 10), nil
}

// canonicalHost is a host name in the ASCII form in which it is looked up, or an address in its
// shortest.
func canonicalHost(host string) (string, error) {
	if len(host) > maxUnicodeHost {
		return "", errHostLong
	}
	if strings.Contains(host, ":") {
		a, err := netip.ParseAddr(host)
		if err != nil || !inNames(a.Zone()) {
			return "", errAddress
		}
		return a.String(), nil
	}
	if !ascii(host) {
		if strings.ContainsRune(host, utf8.RuneError) { // or is not UTF-8
			return "", errName
		}
		host = inASCII(host)
	}
	if !inNames(host) {
		return "", errName
	}
	if len(strings.TrimSuffix(host, ".")) > maxHost {
		return "", errHostLong
	}
	return strings.ToLower(host), nil
}

// inNames reports that a string has only characters that a name may have.
func inNames(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#%/:<>?@[\\]^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// inASCII is an internationalized name as net/http looks it up (IDNA: mapped, composed,
// punycode); the name itself where it is not allowed. net/http has the tables for that, which
// we need not have again, but tells the outcome to nobody except a dialer.
func inASCII(host string) string {
	t := &http.Transport{DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
		if name, _, err := net.SplitHostPort(addr); err == nil {
			host = name
		}
		return nil, errName // nobody is called
	}}
	if res, err := t.RoundTrip(&http.Request{Method: http.MethodHead, URL: &url.URL{Scheme: "http", Host: host}, Header: http.Header{}}); err == nil {
		res.Body.Close()
	}
	return host
}
