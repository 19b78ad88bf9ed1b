package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// noProxy keeps the environment of whoever runs the tests out of them.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// admitter says what is done at each hop and after it.
type admitter struct {
	admit func(u *url.URL) (lane int, err error)
	leave func()
}

func (a admitter) Admit(_ context.Context, u *url.URL) (int, error) { return a.admit(u) }
func (a admitter) Leave()                                           { a.leave() }

var free = admitter{func(*url.URL) (int, error) { return 0, nil }, func() {}}

func config(srv *faultserver.Server) fetch.Config {
	return fetch.Config{
		Proxy: noProxy, DialContext: srv.DialContext, TLSConfig: srv.ClientTLS(), Connections: 4,
		ConnectTimeout: 30 * time.Second, HeaderTimeout: 30 * time.Second, UserAgent: "test/1",
	}
}

func client(t *testing.T, c fetch.Config) *fetch.Client {
	t.Helper()
	cl := fetch.New(c)
	t.Cleanup(cl.Close)
	return cl
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

// get asks for a URL and throws the answer away.
func get(t *testing.T, cl *fetch.Client, raw string, change ...func(*fetch.Request)) (*fetch.Response, error) {
	t.Helper()
	u := parse(t, raw)
	r := &fetch.Request{Method: http.MethodGet, URL: u, Home: fetch.Origin(u), Admit: free}
	for _, f := range change {
		f(r)
	}
	res, err := cl.Do(t.Context(), r)
	if err == nil {
		res.Discard()
	}
	return res, err
}

func TestWhatIsSent(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin")
	c := config(srv)
	c.Header = http.Header{"x-everywhere": {"1"}, "X-Both": {"config"}}
	c.OriginHeaders = map[string]http.Header{
		"http://A.test":      {"X-Origin": {"1"}},
		"http://a.test:8080": {"X-Other": {"1"}},
	}
	res, err := get(t, client(t, c), f.URL(), func(r *fetch.Request) {
		r.Range, r.IfRange = "bytes=5-9", `"tag"`
		r.Header = http.Header{"X-Both": {"request"}}
	})
	require.NoError(t, err)
	require.Equal(t, f.URL(), res.URL.String())
	got := srv.GETs("a.bin")[0].Header
	for k, want := range map[string]string{
		"Accept-Encoding": "identity", "Range": "bytes=5-9", "If-Range": `"tag"`, "User-Agent": "test/1",
		"X-Everywhere": "1", "X-Both": "request", "X-Origin": "1", "X-Other": "", "Referer": "", "Cookie": "", "Authorization": "",
	} {
		require.Equal(t, want, got.Get(k), k)
	}
	c.Header = http.Header{"User-Agent": {"mine/2"}}
	_, err = get(t, client(t, c), f.URL())
	require.NoError(t, err)
	require.Equal(t, []string{"mine/2"}, srv.GETs("a.bin")[1].Header["User-Agent"])
}

// TestSharedHeaders: what one request is sent with shows in no other.
func TestSharedHeaders(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin")
	t.Setenv("NO_PROXY", "*")
	c := config(srv)
	c.Proxy = nil // a function of the caller's would get to see the headers
	cl := client(t, c)
	for i, want := range []http.Header{
		{"Range": {"bytes=0-4"}}, {"Range": {"bytes=0-4"}}, {"Range": {"bytes=5-9"}}, {}, {"Range": {"bytes=0-4"}, "If-Range": {`"tag"`}},
		{"Range": {"bytes=0-4"}}, {"X-Mine": {"1"}}, {}, {"Authorization": {"Basic dTpw"}}, {},
	} {
		_, err := get(t, cl, f.URL(), func(r *fetch.Request) {
			r.Range, r.IfRange = want.Get("Range"), want.Get("If-Range")
			if want.Get("X-Mine") != "" {
				r.Header = http.Header{"X-Mine": {"1"}}
			}
			if want.Get("Authorization") != "" {
				r.User = url.UserPassword("u", "p")
			}
		})
		require.NoError(t, err)
		got := srv.GETs("a.bin")[i].Header
		for _, k := range []string{"Range", "If-Range", "X-Mine", "Authorization"} {
			require.Equal(t, want.Get(k), got.Get(k), "%s of request %d", k, i)
		}
		require.Equal(t, "identity", got.Get("Accept-Encoding"))
		require.Equal(t, "test/1", got.Get("User-Agent"))
	}
}

// TestAdmit: each hop is asked for, and what it was given is returned exactly once.
func TestAdmit(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	good := srv.File("a.bin", faultserver.Behave(faultserver.Redirect(2, http.StatusFound)))
	broken := srv.File("b.bin", faultserver.Behave(faultserver.EmptyReply()))
	taken, released := 0, 0
	admit := func(r *fetch.Request) {
		r.Admit = admitter{func(u *url.URL) (int, error) {
			require.Equal(t, "a.test", u.Host)
			require.Equal(t, taken, released, "no hop holds two")
			taken++
			return 0, nil
		}, func() { released++ }}
	}
	_, err := get(t, client(t, config(srv)), good.URL(), admit)
	require.NoError(t, err)
	require.Equal(t, 3, taken)
	require.Equal(t, 3, released)
	_, err = get(t, client(t, config(srv)), broken.URL(), admit)
	require.Error(t, err)
	require.Equal(t, 4, released)

	refused := errors.New("refused")
	srv.ResetRecords()
	_, err = get(t, client(t, config(srv)), good.URL(), func(r *fetch.Request) {
		r.Admit = admitter{func(*url.URL) (int, error) { return 0, refused }, nil}
	})
	require.ErrorIs(t, err, refused)
	require.Empty(t, srv.Requests())
}

func TestTimeouts(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*faultserver.Net, *faultserver.File)
		want  time.Duration
	}{
		"connect": {func(n *faultserver.Net, _ *faultserver.File) { n.Blackhole("a.test:80", true) }, 7 * time.Second},
		"header":  {func(_ *faultserver.Net, f *faultserver.File) { f.Behave(faultserver.StallHeader()) }, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := faultserver.NewNet()
				srv := faultserver.Start(t, faultserver.On(n, "a.test:80"))
				f := srv.File("a.bin")
				c.fault(n, f)
				conf := config(srv)
				conf.ConnectTimeout, conf.HeaderTimeout = 7*time.Second, 9*time.Second
				began := time.Now()
				_, err := get(t, client(t, conf), f.URL())
				require.Error(t, err)
				require.Equal(t, c.want, time.Since(began))
			})
		})
	}
}

// TestCause: a request that somebody ended says why, not that it was cancelled.
func TestCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
		f := srv.File("a.bin", faultserver.Behave(faultserver.StallHeader()))
		why := errors.New("paused")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		_, err := client(t, config(srv)).Do(ctx, &fetch.Request{Method: http.MethodGet, URL: parse(t, f.URL()), Admit: free})
		require.ErrorIs(t, err, why)
	})
}

func TestEndlessHeader(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin", faultserver.Behave(faultserver.HeaderBomb(512<<10)))
	_, err := get(t, client(t, config(srv)), f.URL())
	require.ErrorContains(t, err, "headers exceeded")
	f.Behave(faultserver.HeaderBomb(100 << 10))
	_, err = get(t, client(t, config(srv)), f.URL())
	require.NoError(t, err)
}

// TestCallersClient: its Transport sends, its Jar keeps cookies, redirects stay ours.
func TestCallersClient(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin", faultserver.Behave(faultserver.Redirect(1, http.StatusFound)))
	var sent []string
	c := config(srv)
	c.HTTPClient = &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Path)
			return srv.Client().Transport.RoundTrip(r)
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { panic("redirects are not its business") },
	}
	_, err := get(t, client(t, c), f.URL())
	require.NoError(t, err)
	require.Len(t, sent, 2)
}

// TestCookiesOfOddAnswers: a header counts in whatever letters a transport of the
// caller's writes its name, and in no other.
func TestCookiesOfOddAnswers(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	header := http.Header{"set-cookie": {"id=1"}, "x-Other": nil}
	cl := client(t, fetch.Config{HTTPClient: &http.Client{Jar: jar, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: header}, nil
	})}})
	res, err := get(t, cl, "http://a.test/a")
	require.NoError(t, err)
	require.Equal(t, http.Header{"Set-Cookie": {"id=1"}, "X-Other": nil}, res.Header)
	require.Equal(t, http.Header{"set-cookie": {"id=1"}, "x-Other": nil}, header, "which may be shared")
	require.Len(t, jar.Cookies(parse(t, "http://a.test/")), 1)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestProtocols: HTTP/2 where the server speaks it, but a connection of its own for
// who asks for one.
func TestProtocols(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:443"), faultserver.AnyHTTP())
	f := srv.File("a.bin")
	cl := client(t, config(srv))
	for _, http1 := range []bool{false, true, false, true} {
		_, err := get(t, cl, f.URL(), func(r *fetch.Request) { r.HTTP1, r.Range = http1, "bytes=0-9" })
		require.NoError(t, err)
	}
	var protos []string
	for _, r := range srv.GETs() {
		protos = append(protos, r.Proto)
	}
	require.Equal(t, []string{"HTTP/2.0", "HTTP/1.1", "HTTP/2.0", "HTTP/1.1"}, protos)
	require.Equal(t, 2, srv.Conns())
}
