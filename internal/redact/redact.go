// Package redact makes what servers and URLs say fit for errors and logs: no
// secret, no terminal escape, no line break, no endless text.
package redact

import (
	"net/url"
	"strings"
	"unicode"
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
func Text(s string) string {
	const most = 200
	s = Line(s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
