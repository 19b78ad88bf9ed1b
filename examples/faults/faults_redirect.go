package main

import (
	"fmt"
	"path/filepath"
	"strings"

	origin "github.com/littledl/littledl/internal/faultserver"
)

const secret = "hidden"

// redirectFaults are answers that lead elsewhere.
func redirectFaults() []fault {
	const token, cookie, key = "Authorization: Bearer " + secret, "Cookie: session=" + secret, "X-Api-Key: " + secret
	const escapes = "escapes as browsers do"
	const stays = "follows; what was given for one origin stays there"
	return []fault{
		{number: 113, what: "five redirects", ours: "follows, up to ten", does: does(origin.Redirect(5, 302))},
		{number: 113, what: "redirect with 308", ours: "follows", does: does(origin.Redirect(1, 308))},
		{number: 114, what: "redirects in a circle", ours: "gives up with `ErrTooManyRedirects`", does: does(origin.RedirectLoop()), ends: failed},
		{number: 114, what: "redirects without end", ours: "gives up with `ErrTooManyRedirects`", does: does(origin.RedirectEndless()), ends: failed},
		{number: 174, what: "redirects in a circle until a cookie comes back", ours: "gives up, and says that there is no jar", does: does(origin.CookieWall()), ends: failed},
		{number: 174, what: "a page until a cookie comes back", ours: "the digest does not match; it says that there is no jar", does: does(origin.CookiePage(200)), digest: true, ends: failed},
		{number: 115, what: "redirect to a file: URL", ours: "gives up with `ErrForbiddenRedirect`", set: toFile, ends: failed},
		{number: 115, what: "redirect to an ftp: URL", ours: "gives up with `ErrForbiddenRedirect`", does: does(origin.RedirectTo("ftp://127.0.0.1:1/a.bin", 302)), ends: failed},
		{number: 116, what: "redirect from https to http, Authorization given", ours: "gives up with `ErrForbiddenRedirect`", server: []origin.Option{origin.TLS()}, trust: true, header: token, set: toOther("127.0.0.1"), happened: leaked, ends: failed},
		{number: 117, what: "redirect to another port, Authorization given", ours: stays, header: token, set: toOther("127.0.0.1"), happened: leaked},
		{number: 117, what: "redirect to another host, Authorization given", ours: stays, header: token, set: toOther("localhost"), happened: leaked},
		{number: 117, what: "redirect to another host, Cookie given", ours: stays, header: cookie, set: toOther("localhost"), happened: leaked},
		{number: 117, what: "redirect to another host, X-Api-Key given", ours: stays, header: key, set: toOther("localhost"), happened: leaked},
		{number: 118, what: "redirect to another host, user and password in the URL", ours: stays, set: withPassword, happened: leaked},
		{number: 145, what: "body of a redirect stalls after 5 bytes", ours: "follows at once", does: first(1, stalled(origin.Redirect(1, 302)))},
		{number: 145, what: "body of a 404 stalls after 5 bytes", ours: "gives up at once", does: does(stalled(origin.Status(404))), ends: failed},
		{number: 150, what: "redirect with blanks and quotes in its query, 400 to whoever sends them so", ours: escapes, set: toWritten(`?name="a b.bin"`)},
		{number: 150, what: "redirect with letters beyond ASCII, 400 to whoever sends them so", ours: escapes, set: toWritten("?name=größe")},
		{number: 150, what: "redirect with a percent sign that escapes nothing, 400 to whoever sends it so", ours: escapes, set: toWritten("?part=100%")},
		{number: 152, what: "403 to requests without Accept", ours: "says that it accepts anything", does: does(origin.FirewallAccept())},
	}
}

// stalled is an answer of which the head comes, and little else.
func stalled(b origin.Behaviour) origin.Behaviour {
	return func(next origin.Handler) origin.Handler { return origin.Stall(5)(b(next)) }
}

// toFile leads to a file of this machine.
func toFile(s *stage) error {
	path := filepath.Join(s.root, "private")
	s.served.Behave(origin.RedirectTo("file://"+path, 302))
	return s.plant(path, strings.Repeat(secret, 100))
}

// toWritten leads to the file by a query that is written so.
func toWritten(query string) func(*stage) error {
	return func(s *stage) error {
		bare := origin.When(func(r *origin.Request) bool { return r.URL.RawQuery == "" }, origin.RedirectTo("/"+usualPath+query, 302))
		s.served.Behave(origin.StrictTarget(), bare)
		return nil
	}
}

// toOther leads to another server, reached by this name, that has the file.
func toOther(host string) func(*stage) error {
	return func(s *stage) error {
		var err error
		if s.other, err = origin.New(); err != nil {
			return err
		}
		f := s.other.File(s.path, origin.Size(usualSize), origin.Behave(origin.Slow(usualRate)))
		s.served.Behave(origin.RedirectTo(strings.Replace(f.URL(), "127.0.0.1", host, 1), 302))
		return nil
	}
}

func withPassword(s *stage) error {
	s.task.URL = strings.Replace(s.task.URL, "://", "://user:"+secret+"@", 1)
	return toOther("localhost")(s)
}

// leaked tells of a secret that the other server was sent.
func leaked(s *stage) string {
	for _, r := range s.other.Requests() {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), secret) || name == "Authorization" {
				return fmt.Sprintf("%s was sent to %s", name, r.Origin)
			}
		}
	}
	return ""
}
