package littledl_test

import (
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 174: who wants a cookie back is not served without a jar, and the error says so.
func TestCookieWall(t *testing.T) {
	saysJar := func(b *bed, task littledl.FileTask) { require.ErrorContains(b, task.Err, "give DownloadConfig a Jar") }
	saysNothing := func(b *bed, task littledl.FileTask) { require.NotContains(b, task.Err.Error(), "Jar") }
	testFaults(t, []fault{
		{name: "174 redirects in a circle", does: always(CookieWall()), err: littledl.ErrTooManyRedirects, gets: 11, then: saysJar},
		{name: "174 a page with 403", does: always(CookiePage(403)), status: 403, gets: 3, then: saysJar},
		{name: "174 a page with 400", does: always(CookiePage(400)), status: 400, gets: 3, then: saysJar},
		{name: "174 a page with 429", does: always(CookiePage(429)), status: 429, least: 5, gets: 60, within: 70 * time.Second, then: saysJar},
		{name: "174 a page with 401", does: always(CookiePage(401)), status: 401, gets: 1, then: saysJar},
		{name: "174 a page, and the digest is known", does: always(CookiePage(200)), hash: true, err: littledl.ErrHashMismatch, gets: 1, then: saysJar},
		{name: "174 a redirect to a page", does: []Behaviour{SetCookie("id=1"), Redirect(1, 302), HTML200()}, hash: true, err: littledl.ErrHashMismatch, gets: 2, then: saysJar},
		{name: "174 a page instead of the rest", does: []Behaviour{After(1, CookiePage(200))}, err: littledl.ErrRemoteChanged, least: 2, gets: 20, then: saysJar},
		{name: "174 no wall", does: []Behaviour{SetCookie("id=1"), Status(404)}, status: 404, gets: 1, then: saysNothing},
	})
	for name, wall := range map[string]Behaviour{"174 with a jar, redirects": CookieWall(), "174 with a jar, 403": CookiePage(403)} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				jar, err := cookiejar.New(nil)
				require.NoError(b, err)
				b.conf.HTTPClient = &http.Client{Jar: jar, Transport: &http.Transport{DialContext: b.dial, Proxy: noProxy, DisableKeepAlives: true}}
				b.conf.DialContext, b.conf.Proxy = nil, nil
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(wall)))
				require.NoError(b, b.start())
			})
			inBoth(t, func(b *bed) { // the same with a pool of our own
				jar, err := cookiejar.New(nil)
				require.NoError(b, err)
				b.conf.Jar = jar
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(wall)))
				require.NoError(b, b.start())
			})
		})
	}
}
