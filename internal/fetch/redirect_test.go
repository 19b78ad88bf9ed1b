package fetch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

var redirectCodes = []int{301, 302, 303, 307, 308}

func TestRedirects(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	cl := client(t, config(srv))
	for n := range 12 {
		name := fmt.Sprintf("%d.bin", n)
		f := srv.File(name, faultserver.Behave(faultserver.Redirect(n, redirectCodes[n%5])))
		res, err := get(t, cl, f.URL(), func(r *fetch.Request) { r.Range = "bytes=3-4" })
		got := srv.GETs(name)
		if n > 10 {
			require.ErrorIs(t, err, fetch.ErrTooManyRedirects)
			require.Len(t, got, 11)
			continue
		}
		require.NoError(t, err, n)
		require.Equal(t, http.StatusPartialContent, res.StatusCode)
		require.Len(t, got, n+1)
		require.Equal(t, "bytes=3-4", got[n].Range, "a range is asked of every hop")
		require.Empty(t, got[n].Header.Get("Referer"))
	}
}

func TestRedirectsWithoutEnd(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	for name, b := range map[string]faultserver.Behaviour{"loop": faultserver.RedirectLoop(), "endless": faultserver.RedirectEndless()} {
		_, err := get(t, client(t, config(srv)), srv.File(name, faultserver.Behave(b)).URL())
		require.ErrorIs(t, err, fetch.ErrTooManyRedirects)
		require.Len(t, srv.GETs(name), 11)
	}
}

func TestRedirectTargets(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80", "b.test:8080"))
	srv.File("dir/target")
	srv.File("target")
	for location, want := range map[string]string{
		"/target":                          "http://a.test/target",
		"target":                           "http://a.test/dir/target",
		"../target":                        "http://a.test/target",
		"?x=1":                             "http://a.test/dir/from?x=1",
		"http://b.test:8080/target":        "http://b.test:8080/target",
		"HTTP://a.test/target":             "http://a.test/target",
		"//b.test:8080/target":             "http://b.test:8080/target",
		"/target#fragment":                 "http://a.test/target",
		"http://user:secret@a.test/target": "http://a.test/target",
		"//user:secret@b.test:8080/target": "http://b.test:8080/target",
	} {
		from := srv.File("dir/from", faultserver.Behave(faultserver.Nth(1, faultserver.RedirectTo(location, 302))))
		srv.ResetRecords()
		res, err := get(t, client(t, config(srv)), from.URL())
		require.NoError(t, err, location)
		require.Equal(t, want, res.URL.String(), location)
		require.Equal(t, 200, res.StatusCode)
		require.Empty(t, srv.Leaks(""), "credentials are the caller's to give, never a server's")
	}
}

func TestForbiddenRedirects(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	for _, location := range []string{
		"file:///etc/passwd", "FILE:///etc/passwd", "ftp://b.test/x", "javascript:alert(1)", "mailto:a@b.test", "unix:/run/x",
		"http:///nohost", "http://", "https://:443/x", "http://a.test:port/", "data:text/plain,x", "http:opaque",
	} {
		f := srv.File("from", faultserver.Behave(faultserver.RedirectTo(location+"?s=secret", 302)))
		srv.ResetRecords()
		_, err := get(t, client(t, config(srv)), f.URL())
		require.ErrorIs(t, err, fetch.ErrForbiddenRedirect, location)
		require.NotContains(t, err.Error(), "secret")
		require.Len(t, srv.Requests(), 1, location)
	}
	for _, line := range []string{"Location: http://a.test/\x1b?s=secret", "Location\x00: http://a.test/?s=secret"} {
		broken := srv.File("from", faultserver.Behave(faultserver.RawLines(line)))
		_, err := get(t, client(t, config(srv)), broken.URL())
		require.ErrorContains(t, err, "malformed MIME header")
		require.NotContains(t, err.Error(), "secret", "not even where it cannot be read")
	}
	f := srv.File("from", faultserver.Behave(faultserver.Do(func(*faultserver.Request, faultserver.Handler) *faultserver.Response {
		return faultserver.Reply(302, "text/plain", "nowhere")
	})))
	res, err := get(t, client(t, config(srv)), f.URL())
	require.NoError(t, err, "without a Location it is an answer like any other")
	require.Equal(t, 302, res.StatusCode)
}

func TestHTTPSIsNotLeft(t *testing.T) {
	n := faultserver.NewNet()
	plain := faultserver.Start(t, faultserver.On(n, "a.test:80"))
	secure := faultserver.Start(t, faultserver.On(n, "a.test:443"), faultserver.TLS())
	plain.File("x")
	down := secure.File("x", faultserver.Behave(faultserver.RedirectTo(plain.URL("x"), 302)))
	up := plain.File("up", faultserver.Behave(faultserver.RedirectTo(secure.URL("y"), 302)))
	secure.File("y")

	_, err := get(t, client(t, config(secure)), down.URL())
	require.ErrorIs(t, err, fetch.ErrForbiddenRedirect)
	require.ErrorContains(t, err, "leave https")
	require.Empty(t, plain.Requests())
	res, err := get(t, client(t, config(secure)), up.URL())
	require.NoError(t, err, "the other way is welcome")
	require.Equal(t, "https://a.test/y", res.URL.String())
}

// elsewhere are origins that are not http://a.test; only the scheme, the port or
// the host differs.
var elsewhere = []string{"https://a.test", "http://a.test:8080", "http://b.test", "http://sub.a.test", "http://test"}

var secrets = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key"}

// TestHeadersStayAtHome: what was given for an origin, header or user info, crosses to no
// other by a redirect, and is not there again where another leads back: to what it has chosen.
func TestHeadersStayAtHome(t *testing.T) {
	const home = "http://a.test"
	for _, to := range elsewhere {
		t.Run(strings.ReplaceAll(to, "/", ""), func(t *testing.T) {
			n := faultserver.NewNet()
			plain := faultserver.Start(t, faultserver.On(n, "a.test:80", "a.test:8080", "b.test:80", "sub.a.test:80", "test:80"))
			secure := faultserver.Start(t, faultserver.On(n, "a.test:443"), faultserver.TLS())
			from := plain.File("from", faultserver.Behave(faultserver.RedirectTo(to+"/via", 307)))
			secure.File("via") // no way back from https
			plain.File("via", faultserver.Behave(faultserver.RedirectTo(home+"/back", 302)))
			plain.File("back")
			c := config(secure)
			c.OriginHeaders = map[string]http.Header{home: {"Proxy-Authorization": {"secret"}}}
			for _, raw := range []string{from.URL(), strings.Replace(from.URL(), "//", "//user:secret@", 1)} {
				header := http.Header{"Cookie": {"secret"}, "X-Api-Key": {"secret"}}
				basic := strings.Contains(raw, "@")
				if !basic {
					header.Set("Authorization", "secret")
				}
				res, err := get(t, client(t, c), raw, func(r *fetch.Request) {
					r.Header, r.User = header, r.URL.User
				})
				require.NoError(t, err)
				require.Equal(t, to != "https://a.test", res.Strayed)
				require.Empty(t, append(plain.Leaks(home, secrets...), secure.Leaks(home, secrets...)...))
				require.Len(t, plain.GETs("from"), 1)
				for _, r := range append(plain.GETs("from"), plain.GETs("back")...) {
					for _, k := range secrets {
						require.Equal(t, r.Path == "/from", r.Header.Get(k) != "", "%s at %s", k, r.Path)
					}
				}
				plain.ResetRecords()
			}
		})
	}
}

// TestHomeIsNotWhereOneIs: asked directly at a place that redirects led to, a request
// still has only its home's headers.
func TestHomeIsNotWhereOneIs(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80", "b.test:80"))
	srv.File("x")
	_, err := get(t, client(t, config(srv)), srv.URLAt("b.test:80", "x"), func(r *fetch.Request) {
		r.Home = "http://a.test:80"
		r.Header = http.Header{"Authorization": {"secret"}}
	})
	require.NoError(t, err)
	require.Empty(t, srv.Leaks("http://a.test"))
}

func TestUserInfo(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("x", faultserver.Behave(faultserver.BasicAuth("user", "pa:ss@")))
	raw := strings.Replace(f.URL(), "//", "//user:pa%3Ass%40@", 1)
	user := func(r *fetch.Request) { r.User = r.URL.User }
	res, err := get(t, client(t, config(srv)), raw, user)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, f.URL(), res.URL.String(), "nobody else is told")
	_, err = get(t, client(t, config(srv)), raw, user, func(r *fetch.Request) { r.Header = http.Header{"Authorization": {"Bearer x"}} })
	require.NoError(t, err)
	require.Equal(t, "Bearer x", srv.GETs()[1].Header.Get("Authorization"), "a header that is given counts for more")

	moved := srv.File("moved", faultserver.Behave(faultserver.RedirectTo("/x", 302)))
	res, err = get(t, client(t, config(srv)), strings.Replace(moved.URL(), "//", "//user:pa%3Ass%40@", 1), user)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode, "it holds for all of its origin")
}
