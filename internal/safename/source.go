package safename

import (
	"strings"
	"unicode/utf8"
)

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
	i = strings.IndexByte(u, '/')
	if i < 0 {
		return ""
	}
	return u[i:]
}

// FromDisposition is the file name in a Content-Disposition field (RFC 6266), or
// "" if it has none that anything would be left of after Clean. The first valid
// filename* (RFC 8187, UTF-8 or ISO-8859-1) wins over the first valid filename,
// which is not percent-decoded. A missing type, values without quotes, unknown
// parameters and broken ones do not matter. The result is raw and must go
// through Clean.
func FromDisposition(h string) string {
	plain := ""
	for h != "" {
		var key, value string
		key, value, h = nextParam(h)
		switch {
		case strings.EqualFold(key, "filename*"):
			if name, ok := extValue(value); ok && scrub(name) != "" {
				return name
			}
		case strings.EqualFold(key, "filename") && plain == "":
			// Fields of HTTP/1.1 were ISO-8859-1 before they were UTF-8.
			if !utf8.ValidString(value) {
				value = latin1(value)
			}
			if scrub(value) != "" {
				plain = value
			}
		}
	}
	return plain
}

// nextParam splits the first parameter off a field. What has no "=" is its key.
func nextParam(h string) (key, value, rest string) {
	i := strings.IndexAny(h, "=;")
	if i < 0 || h[i] == ';' {
		key, rest, _ = strings.Cut(h, ";")
		return strings.TrimSpace(key), "", rest
	}
	key = strings.TrimSpace(h[:i])
	h = strings.TrimLeft(h[i+1:], " \t")
	if !strings.HasPrefix(h, `"`) {
		value, rest, _ = strings.Cut(h, ";")
		return key, strings.TrimSpace(value), rest
	}
	value, rest = unquote(h[1:])
	_, rest, _ = strings.Cut(rest, ";") // whatever stands behind the quotes
	return key, value, rest
}

// unquote reads a quoted-string up to its closing quote, or to the end if that
// is missing. A backslash before anything but a quote or a backslash is kept:
// it is part of a Windows path that was not escaped, and separates.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// extValue decodes charset'language'percent-encoded (RFC 8187 section 3.2).
func extValue(s string) (string, bool) {
	charset, s, ok := strings.Cut(s, "'")
	if !ok {
		return "", false
	}
	_, s, ok = strings.Cut(s, "'")
	if !ok {
		return "", false
	}
	s, ok = decode(s)
	switch {
	case !ok:
		return "", false
	case strings.EqualFold(charset, "UTF-8"):
		return s, utf8.ValidString(s)
	case strings.EqualFold(charset, "ISO-8859-1"):
		return latin1(s), true
	}
	return "", false
}

// latin1 reads s as ISO-8859-1, where a byte is the character of its number.
func latin1(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteRune(rune(c))
	}
	return b.String()
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
