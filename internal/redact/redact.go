// Package redact makes what servers and URLs say fit for errors and logs: no
// secret, no terminal escape, no line break, no endless text.
package redact

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// URL returns raw without what may be secret: user info, query and fragment.
func URL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil { // unparsable: keep nothing where a secret may be
		if strings.Contains(raw, "@") { // a password is before it, and who knows from where on
			return "…"
		}
		if i := strings.IndexAny(raw, "?#"); i >= 0 {
			raw = raw[:i] + "…"
		}
		return Text(raw)
	}
	return Parsed(u)
}

// Parsed is URL for one that is parsed already.
func Parsed(u *url.URL) string {
	c := *u
	c.User, c.RawQuery, c.ForceQuery, c.Fragment, c.RawFragment = nil, "", false, "", ""
	if c.Opaque != "" { // "user:password@host" without a scheme looks like one
		c.Opaque = "…"
	}
	return c.String()
}

// Line returns s with control and formatting characters replaced.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}

// Text is Line, cut to 200 bytes.
func Text(s string) string { return Short(s, 200) }

// Short is Line, cut to so many bytes, and in memory of its own where it was cut.
func Short(s string, most int) string {
	if len(s) <= most {
		return Line(s)
	}
	for most = max(most, 0); most > 0 && !utf8.RuneStart(s[most]); {
		most--
	}
	return Line(s[:most]) + "…"
}

// Error is an error whose text is Short, for those who print what they are given.
func Error(err error, most int) error { return short{err, most} }

type short struct {
	error
	most int
}

func (s short) Error() string { return Short(s.error.Error(), s.most) }
func (s short) Unwrap() error { return s.error }
