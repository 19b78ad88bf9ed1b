package littledl_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 113 to 115 and 121: where an answer leads elsewhere.
func TestRedirectFaults(t *testing.T) {
	t.Parallel()
	var rows []fault
	for _, code := range []int{301, 302, 303, 307, 308} {
		rows = append(rows,
			fault{name: fmt.Sprintf("113 %d", code), does: always(Redirect(1, code)), least: 5, gets: 10, then: straight(1)},
			fault{name: fmt.Sprintf("113 ten of %d", code), does: always(Redirect(10, code)), least: 14, gets: 20, then: straight(10)})
	}
	for _, code := range []int{300, 304, 305, 306, 310} {
		rows = append(rows, fault{name: fmt.Sprintf("65 %d with a location", code), does: always(RedirectTo("/else", code)), status: code, gets: 1, within: time.Second})
	}
	for name, location := range map[string]string{
		"absolute": "http://files.test/d/target", "relative": "d/target", "of the root": "/d/target", "without scheme": "//files.test/d/target",
		"with a fragment": "/d/target#part", "through dots": "/x/../d/./target", "with a user": "http://someone:else@files.test/d/target",
	} {
		rows = append(rows, fault{name: "113 " + name, does: always(RedirectTo(location, 302)), gets: 1,
			prep: func(b *bed) { b.srv.File("d/target", Size(8*mib), Seed("a.bin")) },
			then: func(b *bed, _ littledl.FileTask) {
				require.Greater(b, len(b.srv.GETs("d/target")), 3)
				require.Equal(b, "bytes=0-5242879", b.srv.GETs("d/target")[0].Range)
			}})
	}
	rows = append(rows,
		fault{name: "114 loop", does: always(RedirectLoop()), err: littledl.ErrTooManyRedirects, gets: 11, within: time.Second},
		fault{name: "114 endless", does: always(RedirectEndless()), err: littledl.ErrTooManyRedirects, gets: 11, within: time.Second},
		fault{name: "114 eleven", does: always(Redirect(11, 302)), err: littledl.ErrTooManyRedirects, gets: 11, within: time.Second},
		fault{name: "114 a loop for ranges", does: later(RedirectLoop()), err: littledl.ErrTooManyRedirects, left: 1, least: 12, gets: 40, within: time.Second},
	)
	for _, location := range []string{
		"file:///etc/passwd", "FILE:///etc/passwd", "ftp://files.test/a.bin", "javascript:alert(1)", "unix:/run/x.sock", "data:,x",
		"http:///a.bin", "http://", "http:a.bin", "http://files.test:port/", "http://files.test:99999/", "http://[::1/", "gopher://files.test/",
	} {
		rows = append(rows, fault{name: fmt.Sprintf("115 %q", location), does: always(RedirectTo(location+"?key="+secret, 302)),
			err: littledl.ErrForbiddenRedirect, gets: 1, within: time.Second, then: printable})
	}
	rows = append(rows, fault{name: "115 file for ranges", does: later(RedirectTo("file:///etc/passwd", 302)), err: littledl.ErrForbiddenRedirect, left: 1, least: 2, gets: 5, within: time.Second})
	rows = append(rows, fault{name: "121 cookies", does: []Behaviour{SetCookie("id=1; Path=/"), Redirect(1, 302)}, least: 5, gets: 10, then: func(b *bed, _ littledl.FileTask) {
		require.Empty(b, b.srv.Leaks("", "Cookie"), "nobody gave a jar")
	}})
	testFaults(t, rows)
}

// straight says that so many redirects were followed once, and everything else was
// asked of where they led.
func straight(redirects int) func(*bed, littledl.FileTask) {
	return func(b *bed, _ littledl.FileTask) {
		for i, r := range b.srv.GETs() {
			require.NotEmpty(b, r.Range, "it is asked of every hop")
			require.Equal(b, i >= redirects, r.Status == http.StatusPartialContent, i)
		}
	}
}

// printable says that an error has nothing that a terminal takes for a command.
func printable(b *bed, task littledl.FileTask) {
	requirePrintable(b, task.Err.Error())
}

func requirePrintable(t require.TestingT, text string) {
	require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }), "%q", text)
}

// 116: https is not left, neither by the first answer nor by one to a range, and there
// is no option for it.
func TestHTTPSIsKept(t *testing.T) {
	for name, when := range map[string]func(Behaviour) []Behaviour{"at once": always, "for ranges": later} {
		t.Run("116 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				plain := b.origin("files.test:80")
				plain.File("a.bin", Size(8*mib))
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(when(RedirectTo(plain.URL("a.bin"), 302))...)))
				require.ErrorIs(b, b.start(), littledl.ErrForbiddenRedirect)
				require.Empty(b, plain.Requests())
				require.LessOrEqual(b, len(b.srv.GETs()), 5, "it is not tried again")
			}, TLS())
		})
	}
}

// 117: credentials, in whichever way they are given, go to the scheme, host and port
// that they were given for, on redirects and for the ranges behind them.
func TestCredentialsAcrossOrigins(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{
		"port": "files.test:8080", "host": "other.test:80", "subdomain": "a.files.test:80", "parent": "test:80", "prefix": "files.test.other:80", "scheme": "files.test:443",
	} {
		for _, basic := range []bool{true, false} {
			t.Run(fmt.Sprint("117 ", name, ", user info ", basic), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.OriginHeaders = map[string]http.Header{"http://files.test": {"X-Origin": {secret}, "Proxy-Authorization": {secret}}}
					var opts []Option
					if name == "scheme" {
						opts = append(opts, TLS())
					}
					other := b.origin(at, opts...)
					b.conf.TLSConfig = other.ClientTLS()
					big := other.File("big.bin", Size(8*mib))
					from := b.srv.File("a.bin", Behave(Redirect(1, 307), RedirectTo(big.URL(), 302)))
					header := http.Header{"Cookie": {secret}, "X-Api-Key": {secret}, "Authorization": {"Bearer " + secret}}
					url := from.URL()
					if basic {
						url = strings.Replace(url, "//", "//user:"+secret+"@", 1)
						header.Del("Authorization")
					}
					id, err := b.downloader().AddURL(url, littledl.WithSavePath(b.dir), littledl.WithHeader(header))
					require.NoError(b, err)
					b.homes["http://files.test"] = true
					b.want[id] = []Content{big.Content()}
					require.NoError(b, b.start())
					require.Greater(b, len(other.GETs()), 3, "the ranges went straight there")
					require.Empty(b, other.Leaks("", "Authorization", "Cookie", "X-Api-Key", "X-Origin", "Proxy-Authorization"))
					require.Len(b, b.srv.GETs(), 2)
					for _, r := range b.srv.GETs() {
						for _, k := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Origin", "Proxy-Authorization"} {
							require.NotEmpty(b, r.Header.Get(k), "%s at home", k)
						}
					}
				})
			})
		}
	}
}

// TestCredentialsDoNotComeBack: once redirects have led away from an origin its credentials
// stay off, where they lead back to it, and for the ranges that follow.
func TestCredentialsDoNotComeBack(t *testing.T) {
	t.Parallel()
	for _, basic := range []bool{true, false} {
		t.Run(fmt.Sprint("user info ", basic), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.OriginHeaders = map[string]http.Header{"http://files.test": {"X-Origin": {secret}}}
				chosen := b.srv.File("chosen.bin", Size(8*mib))
				other := b.origin("other.test:80").File("via", Behave(RedirectTo(chosen.URL(), 302)))
				url := b.srv.File("a.bin", Behave(RedirectTo(other.URL(), 302))).URL()
				header := http.Header{"Cookie": {secret}, "Authorization": {"Bearer " + secret}}
				if basic {
					url = strings.Replace(url, "//", "//user:"+secret+"@", 1)
					header.Del("Authorization")
				}
				id, err := b.downloader().AddURL(url, littledl.WithSavePath(b.dir), littledl.WithHeader(header))
				require.NoError(b, err)
				b.homes["http://files.test"] = true
				b.want[id] = []Content{chosen.Content()}
				require.NoError(b, b.start())
				require.NotEmpty(b, b.srv.GETs("chosen.bin"))
				for _, r := range b.srv.GETs() {
					for _, k := range []string{"Authorization", "Cookie", "X-Origin"} {
						require.Equal(b, r.Path == "/a.bin", r.Header.Get(k) != "", "%s at %s", k, r.Path)
					}
				}
			})
		})
	}
}

// TestRedirectorOfABadHost: what a redirect leads to says nothing of the host that sent it:
// the files that it sends elsewhere are fetched.
func TestRedirectorOfABadHost(t *testing.T) {
	t.Parallel()
	for how, does := range map[string]Behaviour{"503": Status(503), "503 and 1": Status(503, RetryAfter("1")), "resets": RSTNow(), "refused": nil} {
		t.Run(how, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				good, bad := b.origin("good.test:80"), b.origin("bad.test:80")
				if does != nil {
					bad.Behave(does)
				} else {
					b.net.FailDial("bad.test:80", errRefused)
				}
				for i := range 60 {
					to := good
					if i%10 == 0 {
						to = bad
					}
					g := to.File(fmt.Sprint(i), Size(1000), Behave(Delay(time.Second)))
					f := b.srv.File(fmt.Sprint(i), Size(1000), Behave(RedirectTo(g.URL(), 302)))
					b.addURL(f.URL(), g.Content())
				}
				require.Error(b, b.d.Start(b.Context()))
				for i, task := range b.d.GetAllTasks() {
					require.Equal(b, i%10 != 0, task.IsCompleted(), "%d: %v", i, task.Err)
				}
			})
		})
	}
}

// TestCredentialsAreNotRedirected: credentials go to their origin, and to no other that it
// redirects to.
func TestCredentialsAreNotRedirected(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]string{"host": "other.test:80", "port": "files.test:8080", "subdomain": "a.files.test:80"} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.OriginHeaders = map[string]http.Header{"http://files.test": {"Cookie": {"id=" + secret}}}
				other := b.origin(elsewhere)
				big := other.File("big.bin", Size(8*mib))
				b.addURL(b.srv.File("a.bin", Behave(RedirectTo(big.URL(), 302))).URL(), big.Content())
				require.NoError(b, b.start())
				require.Greater(b, len(other.GETs()), 1, "segments went there too")
				at := b.srv.GETs()[0].Header
				require.Equal(b, "Bearer "+secret, at.Get("Authorization"))
				require.Equal(b, "id="+secret, at.Get("Cookie"))
			})
		})
	}
}
