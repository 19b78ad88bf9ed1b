package fetch

import (
	"errors"
	"net/url"
	"strings"
)

// What people and servers write for URLs, made what a request can hold: as browsers do it
// (url.spec.whatwg.org), the same for what is given and for where a server leads.

// ParseURL accepts what the library can fetch: absolute http and https URLs, as people write
// them. Its errors repeat nothing of it.
func ParseURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("it is empty")
	}
	return resolve(nil, raw)
}

// resolve is ParseURL of a reference that may be relative to a base, where there is one.
func resolve(base *url.URL, raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, errLong
	}
	ref, err := escaped(raw)
	if err == nil && len(ref) > maxURL {
		err = errLong
	}
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(ref)
	if err != nil {
		return nil, errUnparsable
	}
	if base == nil {
		base = u
	}
	if base != u || strings.Contains(ref, "/.") { // a segment may be "." or ".."
		u = base.ResolveReference(u)
		if len(u.Path)+len(u.RawQuery) > maxURL {
			return nil, errLong
		}
	}
	return u, settleHost(u)
}

// maxURL is how long a URL may be, in bytes, as it is given and escaped: servers take less.
const maxURL = 64 << 10

var (
	errLong       = errors.New("it is longer than 64 KiB")
	errUnparsable = errors.New("it cannot be parsed")
	errControl    = errors.New("there are line breaks or other control characters in it")
	errBackslash  = errors.New("there is a backslash before the host; write %5C for one in a user name")
)

// What is escaped beside blanks and whatever is not ASCII. In a path it is what net/url
// would escape, too: of a path with such a character it forgets what was escaped.
const (
	inPath  = "\"<>^`{|}"
	inQuery = "\"<>'"
	inUser  = inPath + "[]"
)

// escaped is a reference without a fragment, in which there is nothing that a request must not
// hold.
func escaped(raw string) (string, error) {
	if isPlain(raw) {
		return raw, nil
	}
	raw = strings.Trim(raw, " \t\r\n") // left over from a list, or from a page
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errControl
	}
	raw, _, _ = strings.Cut(raw, "#")
	rest, query, queried := strings.Cut(raw, "?")
	scheme := schemeOf(rest)
	rest = rest[len(scheme):]
	if misleads(rest) {
		return "", errBackslash
	}
	host, path := cutHost(strings.ReplaceAll(rest, `\`, "/"))
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = "//" + escape(host[2:at], inUser) + host[at:]
	}
	if scheme+host == "" && strings.Contains(path, ":") && !strings.HasPrefix(path, "/") {
		path = "./" + path // else net/url looks for a scheme
	}
	s := scheme + host + escape(path, inPath)
	if queried {
		s += "?" + escape(query, inQuery)
	}
	return s, nil
}

// isPlain reports that nothing in a URL has to be changed, as in most: it is one of http or https,
// and has only letters, digits and what means the same to everybody.
func isPlain(raw string) bool {
	if !strings.HasPrefix(raw, "http://") && !strings.HasPrefix(raw, "https://") {
		return false
	}
	for i := range len(raw) {
		if !plain[raw[i]] {
			return false
		}
	}
	return true
}

var plain = func() (is [256]bool) {
	for c := range is {
		is[c] = strings.IndexByte("-._~/:?=&+,;!$", byte(c)) >= 0 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return is
}()

// misleads reports whether a backslash stands where it would end the host for browsers, though
// what follows looks like one: DOMAIN\user:password@host would be sent to DOMAIN.
func misleads(s string) bool {
	if len(s) < 2 || strings.Trim(s[:2], `/\`) != "" {
		return false
	}
	host, _, _ := strings.Cut(s[2:], "/")
	_, after, found := strings.Cut(host, `\`)
	return found && strings.Contains(after, "@")
}

// schemeOf is the scheme that a reference begins with, and its colon; "": it has none.
func schemeOf(s string) string {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return s[:i+1]
		default:
			return ""
		}
	}
	return ""
}

// cutHost takes the slashes and what follows them up to the path off the front of s.
func cutHost(s string) (host, path string) {
	if !strings.HasPrefix(s, "//") {
		return "", s
	}
	if i := strings.IndexByte(s[2:], '/'); i >= 0 {
		return s[:2+i], s[2+i:]
	}
	return s, ""
}

// escape escapes some characters, and a percent sign that escapes nothing.
func escape(s, some string) string {
	const hex = "0123456789ABCDEF"
	var b []byte // nil: nothing yet
	for i := range len(s) {
		c := s[i]
		keep := ' ' < c && c < 0x7f && strings.IndexByte(some, c) < 0
		if c == '%' {
			keep = i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		}
		switch {
		case keep && b != nil:
			b = append(b, c)
		case !keep && b == nil:
			b = append(make([]byte, 0, i+3*(len(s)-i)), s[:i]...)
			fallthrough
		case !keep:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	if b == nil {
		return s
	}
	return string(b)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
