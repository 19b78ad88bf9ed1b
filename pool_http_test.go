package littledl_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestProtocols: over TLS many small files share as many HTTP/2 connections as are on their way
// at once, and each segment of a large one has an HTTP/1.1 connection of its own.
func TestProtocols(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		files := faultserver.Start(b, faultserver.On(b.net, "secure.test:443"), faultserver.AnyHTTP())
		b.conf.TLSConfig = files.ClientTLS()
		for i := range 50 {
			b.add(files.File(fmt.Sprint("small", i), faultserver.Size(20<<10)))
		}
		require.NoError(b, b.start())
		conns := map[int]int{}
		for _, r := range files.Requests() {
			require.Equal(b, "HTTP/2.0", r.Proto)
			conns[r.Conn]++
		}
		require.LessOrEqual(b, len(conns), 8, "as many as there are files at once")

		files.ResetRecords()
		before := files.Conns()
		b.add(files.File("large", faultserver.Size(10<<20)))
		require.NoError(b, b.start())
		clear(conns)
		for _, r := range files.GETs("large") {
			if r.Proto == "HTTP/1.1" {
				conns[r.Conn]++
			} else {
				require.Equal(b, "bytes=0-5242879", r.Range, "only the first request cannot know")
			}
		}
		require.GreaterOrEqual(b, len(conns), 3, "one connection for each segment")
		require.LessOrEqual(b, files.Conns()-before, 5)
	})
}

// TestConnectionsAreReused: as many as work at a time, not as many as files.
func TestConnectionsAreReused(t *testing.T) {
	batchBubble(t, func(b *batch) {
		for i := range 100 {
			b.file(fmt.Sprint(i), 10<<10)
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.srv.Conns(), 2*5+3, "a HEAD may take the one that a GET was to have, which makes another")
		require.Zero(b, b.net.Open(), "idle ones are closed when Start returns")
	})
}

// TestTLSErrorsArePermanent: a certificate that is wrong does not become right.
func TestTLSErrorsArePermanent(t *testing.T) {
	for name, cert := range map[string]faultserver.Option{"expired": faultserver.Expired(), "wrong host": faultserver.WrongHost(), "unknown": nil} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				opts := []faultserver.Option{faultserver.On(b.net, "secure.test:443"), faultserver.TLS()}
				if cert != nil {
					opts = append(opts, cert)
				}
				srv := faultserver.Start(b, opts...)
				if cert != nil {
					b.conf.TLSConfig = srv.ClientTLS()
				}
				id := b.add(srv.File("a"))
				began := time.Now()
				var verify *tls.CertificateVerificationError
				require.ErrorAs(b, b.start(), &verify)
				require.Less(b, time.Since(began), time.Second)
				require.Empty(b, srv.Requests())
				require.LessOrEqual(b, b.task(id).RetryCount, 1)
			})
		})
	}
}

// TestUnauthorized: wrong credentials are asked with once.
func TestUnauthorized(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.file("a", 100, faultserver.BasicAuth("user", "word"))
		err := b.start()
		var status *littledl.StatusError
		require.ErrorAs(b, err, &status)
		require.Equal(b, 401, status.Code)
		require.ErrorContains(b, err, "WithHeader")
		require.Len(b, b.srv.GETs(), 1)
	})
}

// TestRedirectErrors are permanent.
func TestRedirectErrors(t *testing.T) {
	for name, c := range map[string]struct {
		fault faultserver.Behaviour
		want  error
		asked int
	}{
		"endless": {faultserver.RedirectEndless(), littledl.ErrTooManyRedirects, 11},
		"loop":    {faultserver.RedirectLoop(), littledl.ErrTooManyRedirects, 11},
		"file":    {faultserver.RedirectTo("file:///etc/passwd", 302), littledl.ErrForbiddenRedirect, 1},
		"eleven":  {faultserver.Redirect(11, 302), littledl.ErrTooManyRedirects, 11},
		"ten":     {faultserver.Redirect(10, 302), nil, 11},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.file("a", 100, c.fault)
				require.ErrorIs(b, b.start(), c.want)
				require.Len(b, b.srv.GETs(), c.asked)
			})
		})
	}
}

// TestProxy: requests go to the proxy that is chosen for them.
func TestProxy(t *testing.T) {
	batchBubble(t, func(b *batch) {
		proxy := faultserver.Start(b, faultserver.On(b.net, "proxy.test:3128"))
		f := proxy.File("a")
		b.conf.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.URL.Host == "direct.test" {
				return nil, nil
			}
			return url.Parse("http://user:word@proxy.test:3128")
		}
		id, err := b.get().AddURL("http://anywhere.test/a", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		b.want[id] = f.Content()
		direct := faultserver.Start(b, faultserver.On(b.net, "direct.test:80"))
		b.add(direct.File("b"))
		require.NoError(b, b.start())
		r := proxy.GETs("a")[0]
		require.Equal(b, "anywhere.test", r.Host)
		require.NotEmpty(b, r.Header.Get("Proxy-Authorization"))
		require.Empty(b, direct.Leaks(""))
	})
}

// TestCallersClient: its transport sends every request, redirects included, and stays
// open afterwards; its jar keeps cookies.
func TestCallersClient(t *testing.T) {
	batchBubble(t, func(b *batch) {
		transport := &http.Transport{DialContext: b.net.DialContext}
		defer transport.CloseIdleConnections()
		jar, err := cookiejar.New(nil)
		require.NoError(b, err)
		b.conf = littledl.DownloadConfig{HTTPClient: &http.Client{Transport: transport, Jar: jar}}
		b.file("a", 10<<10, faultserver.SetCookie("id=1; Path=/"), faultserver.Redirect(1, 302))
		b.file("large", 8<<20)
		require.NoError(b, b.start())
		require.Equal(b, "id=1", b.srv.GETs("a")[1].Header.Get("Cookie"))
		require.Positive(b, b.net.Open(), "its connections are its owner's")
	})
}

// TestLogger hears of retries and refusals, and of no secret.
func TestLogger(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var text bytes.Buffer
		b.conf.Logger = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.srv.File("a", faultserver.Size(100), faultserver.Behave(faultserver.First(1, faultserver.Status(500))))
		_, err := b.get().AddURL(strings.Replace(b.srv.URL("a"), "//", "//user:hidden@", 1)+"?sig=hidden", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		require.NoError(b, b.start())
		require.Contains(b, text.String(), "http://files.test/a")
		require.Contains(b, text.String(), "500")
		require.NotContains(b, text.String(), "hidden")
	})
}

// TestHeaders: what every request carries.
func TestHeaders(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.Header = http.Header{"X-Everywhere": {"1"}}
		b.conf.UserAgent = "mine/1"
		other := faultserver.Start(b, faultserver.On(b.net, "other.test:80"))
		b.add(b.srv.File("a", faultserver.Size(8<<20)), littledl.WithHeader(http.Header{"X-Mine": {"1"}}))
		b.add(other.File("b"))
		require.NoError(b, b.start())
		for _, r := range append(b.srv.Requests(), other.Requests()...) {
			require.Equal(b, "1", r.Header.Get("X-Everywhere"))
			require.Equal(b, "mine/1", r.Header.Get("User-Agent"))
			require.Equal(b, "identity", r.Header.Get("Accept-Encoding"))
			require.Empty(b, r.Header.Get("Referer"))
			require.Equal(b, r.Host == "files.test", r.Header.Get("X-Mine") == "1")
		}
	})
}
