package safename

import "strings"

// FromURL is the last non-empty segment of the path of u, a URL as it was given
// or just its path, with percent-encoding undone once; "" if there is none.
// Both slashes separate, also those that were encoded. The result is raw and
// must go through Clean. It is a part of u, without allocation, if nothing in
// that segment is encoded.
func FromURL(u string) string {
	path := pathOf(u)
	for path != "" {
		path = strings.TrimRight(path, `/\`)
		i := afterSeparator(path)
		if name := lastComponent(unescape(path[i:])); name != "" {
			return name
		}
		path = path[:i]
	}
	return ""
}

// pathOf cuts query, fragment, scheme and authority off a URL. It does not
// validate: that would cost more than finding the name.
func pathOf(u string) string {
	u, _, _ = strings.Cut(u, "#")
	u, _, _ = strings.Cut(u, "?")
	i := strings.Index(u, "://")
	if i <= 0 || strings.IndexByte(u[:i], '/') >= 0 {
		return u
	}
	u = u[i+len("://"):]
	i = strings.IndexAny(u, `/\`)
	if i < 0 {
		return ""
	}
	return u[i:]
}

// unescape undoes percent-encoding once; what is not one stays as it is.
func unescape(s string) string {
	s, _ = decode(s)
	return s
}

// decode undoes percent-encoding once, and reports whether all of it was
// well-formed.
func decode(s string) (string, bool) {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s, true
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	ok := true
	for ; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
				c = unhex(s[i+1])<<4 | unhex(s[i+2])
				i += 2
			} else {
				ok = false
			}
		}
		b = append(b, c)
	}
	return string(b), ok
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
