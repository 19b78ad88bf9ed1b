package faultserver

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfterDate(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Behave(Status(429, RetryAfterDate(5*time.Second, time.Hour), Field("X-A", "b"))))
		res, _, err := get(t, srv, f.URL())
		require.NoError(t, err)
		require.Equal(t, 429, res.StatusCode)
		require.Equal(t, "b", res.Header.Get("X-A"))
		date, err := http.ParseTime(res.Header.Get("Date"))
		require.NoError(t, err)
		until, err := http.ParseTime(res.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, until.Sub(date))
		require.InDelta(t, 3600, time.Until(date).Seconds(), 5)
	})
}

func TestBodilessStatuses(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		for _, code := range []int{204, 205, 304, 302} {
			f := srv.File("f", Behave(Status(code)))
			res, _, err := get(t, srv, f.URL())
			require.NoError(t, err)
			require.Equal(t, code, res.StatusCode)
			require.Empty(t, res.Header.Get("Location"))
		}
	})
}

func TestRedirects(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		end := func(b Behaviour) (*http.Response, error) {
			f := srv.File("f", Size(10), Behave(b))
			res, err := srv.Client().Get(f.URL())
			if err == nil {
				res.Body.Close()
			}
			return res, err
		}
		res, err := end(Redirect(3, 307))
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "hop=3", res.Request.URL.RawQuery)
		_, err = end(RedirectLoop())
		require.ErrorContains(t, err, "stopped after 10 redirects")
		_, err = end(RedirectEndless())
		require.ErrorContains(t, err, "stopped after 10 redirects")
		_, err = end(RedirectTo("file:///etc/passwd", 302))
		require.ErrorContains(t, err, "unsupported protocol scheme")

		f := srv.File("signed", Size(10), Behave(Signed(1)))
		res, err = srv.Client().Get(f.URL())
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, 200, res.StatusCode)
		again, _, err := get(t, srv, res.Request.URL.String())
		require.NoError(t, err)
		require.Equal(t, 403, again.StatusCode)
		res, err = srv.Client().Get(f.URL())
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, "token=2", res.Request.URL.RawQuery)
	})
}

func TestCredentialsAcrossOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := Start(t, On(NewNet(), "a.test:80", "a.test:8080", "b.test:80"))
		srv.File("target", Size(10))
		f := srv.File("f", Behave(RedirectTo(srv.URLAt("a.test:8080", "target"), 302)))
		req, err := http.NewRequest(http.MethodGet, f.URL(), nil)
		require.NoError(t, err)
		req.SetBasicAuth("user", "password")
		res, err := srv.Client().Do(req)
		require.NoError(t, err)
		res.Body.Close()
		// net/http compares host names alone, so its client is a leak to be found.
		leaks := srv.Leaks(f.URL())
		require.Len(t, leaks, 1)
		require.Equal(t, "http://a.test:8080", leaks[0].Origin)
	})
}

func TestAuthAndPages(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(2000), Behave(BasicAuth("user", "password")))
		check(t, srv, f.URL(), answer{status: 401})
		check(t, srv, f.URL(), answer{status: 200}, "Authorization", "Basic dXNlcjpwYXNzd29yZA==")
		f.Behave(HTMLAfter(1))
		check(t, srv, f.URL(), answer{status: 206}, asked...)
		check(t, srv, f.URL(), answer{status: 200, header: [2]string{"Content-Type", "text/html; charset=utf-8"}}, asked...)
		f.Behave(Disposition(`attachment; filename="../x"`), SetCookie("a=b"), Mirrors("http://m.test/f"), DateSkew(-time.Hour))
		check(t, srv, f.URL(), answer{status: 200, header: [2]string{"Content-Disposition", `attachment; filename="../x"`}})
		check(t, srv, f.URL(), answer{status: 200, header: [2]string{"Set-Cookie", "a=b"}})
		check(t, srv, f.URL(), answer{status: 200, header: [2]string{"Link", "<http://m.test/f>; rel=duplicate"}})
	})
}

func TestCertificates(t *testing.T) {
	failure := func(trust bool, opts ...Option) error {
		srv := Start(t, opts...)
		f := srv.File("f")
		if !trust {
			srv.Client().Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		}
		_, err := ask(t, srv, http.MethodGet, f.URL())
		return err
	}
	require.NoError(t, failure(true, TLS()))
	require.ErrorAs(t, failure(false, TLS()), new(x509.UnknownAuthorityError))
	require.ErrorAs(t, failure(true, Expired()), new(x509.CertificateInvalidError))
	require.ErrorAs(t, failure(true, WrongHost()), new(x509.HostnameError))
}

func TestHTTP2IsHTTP2(t *testing.T) {
	srv := Start(t, HTTP2())
	f := srv.File("f")
	res, _, err := get(t, srv, f.URL())
	require.NoError(t, err)
	require.Equal(t, 2, res.ProtoMajor)
	require.Equal(t, "HTTP/2.0", srv.GETs("f")[0].Proto)
}

func TestFrontEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, srv *Server) {
		f := srv.File("f", Size(100), Behave(StrictTarget()))
		for target, status := range map[string]int{"": 200, "?x=%20": 200, "?x=100%": 400, "?x='|'": 200, "?x=\xe9": 400, `?x="`: 400} {
			check(t, srv, f.URL()+target, answer{status: status})
		}
		require.Contains(t, srv.GETs("f")[0].Target, "/f")
		f.Behave(FirewallAccept())
		check(t, srv, f.URL(), answer{status: 403})
		check(t, srv, f.URL(), answer{status: 200}, "Accept", "*/*")
	})
}
