package safename

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// FromDisposition is the file name in a Content-Disposition field (RFC 6266), or
// "" if it has none that anything would be left of after Clean. The first valid
// filename* (RFC 8187) wins over the first valid filename, in which browsers undo
// what many servers do to it, and so does this: encoded words (RFC 2047) and
// percent-encoding. With words that cannot be read it is not valid: it would be a
// name that says nothing. A missing type, values without quotes, unknown parameters
// and broken ones do not matter. The result is raw and must go through Clean.
func FromDisposition(h string) string {
	h = truncate(h, maxField)
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
			if value = decodeValue(value); scrub(value) != "" {
				plain = value
			}
		}
	}
	return strings.Clone(plain) // not all of the field behind it
}

// maxField is how much of a field is read, in bytes: what is in no name that a system takes is
// not worth decoding.
const maxField = 16 << 10

// decodeValue undoes what may have been done to a plain filename.
func decodeValue(s string) string {
	switch {
	case !utf8.ValidString(s): // fields of HTTP/1.1 were ISO-8859-1 before they were UTF-8
		text, _ := decodeCharset("ISO-8859-1", s)
		return text
	case strings.Contains(s, "=?"):
		if words, ok := decodeWords(s); ok {
			return words
		}
		return ""
	case strings.Contains(s, "%") && isASCII(s):
		if d := unescape(s); isMeant(d) {
			return d
		}
	}
	return s
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// isMeant reports whether a name that was percent-encoded may have been meant: not by who leads
// out of a directory, hides a line end, or encodes twice to get past whoever decodes once.
func isMeant(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, `/\`) && !strings.ContainsFunc(s, unicode.IsControl) && unescape(s) == s
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
	if s, ok = decode(s); !ok {
		return "", false
	}
	s, ok = decodeCharset(charset, s)
	return s, ok && utf8.ValidString(s)
}
