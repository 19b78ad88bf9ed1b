package fetch_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// proxied is a proxy, and a client that takes it to servers at a.test and b.test.
type proxied struct {
	*faultserver.Proxy
	srv *faultserver.Server
	cl  *fetch.Client
}

func throughProxy(t *testing.T, test func(t *testing.T, p *proxied)) {
	synctest.Test(t, func(t *testing.T) {
		n := faultserver.NewNet()
		srv := faultserver.Start(t, faultserver.On(n, "a.test:443", "b.test:443"), faultserver.AnyHTTP())
		srv.File("f", faultserver.Size(100))
		p := &proxied{Proxy: faultserver.StartProxy(t, n, "proxy.test:3128"), srv: srv}
		c := config(srv)
		c.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://me:secret@proxy.test:3128") }
		p.cl = client(t, c)
		test(t, p)
	})
}

// all asks each of the hosts several times at once, and returns one of the errors.
func (p *proxied) all(t *testing.T, hosts ...string) (first error) {
	var mu sync.Mutex
	var g sync.WaitGroup
	for range 5 {
		for _, h := range hosts {
			g.Go(func() {
				_, err := get(t, p.cl, p.srv.URLAt(h+":443", "f"))
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			})
		}
	}
	g.Wait()
	return first
}

func status(code int) func(string) faultserver.ProxyAnswer {
	return func(string) faultserver.ProxyAnswer { return faultserver.ProxyAnswer{Status: code} }
}

// TestProxyRefuses: a refusal is asked for once, however many ask, and is the proxy's.
func TestProxyRefuses(t *testing.T) {
	for code, asked := range map[int]int{407: 1, 403: 2, 451: 2} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			throughProxy(t, func(t *testing.T, p *proxied) {
				p.Answer(status(code))
				for range 2 {
					err := p.all(t, "a.test", "b.test")
					require.ErrorIs(t, err, fail.ErrProxy)
					require.ErrorContains(t, err, "proxy http://proxy.test:3128 ")
					require.ErrorContains(t, err, fmt.Sprint(code))
					require.NotContains(t, err.Error(), "secret")
					require.NotContains(t, err.Error(), "server")
					require.Equal(t, fail.Permanent, fail.Of(err, fail.Facts{OriginServed: true}).Class)
				}
				require.Len(t, p.Asked(), asked)
			})
		})
	}
}

// TestProxyFails: what may pass is asked for again, and is no failure of the server.
func TestProxyFails(t *testing.T) {
	for code, class := range map[int]fail.Class{500: fail.Unreachable, 502: fail.Unreachable, 503: fail.Unreachable, 504: fail.Unreachable, 429: fail.Busy, 408: fail.ServerError} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			throughProxy(t, func(t *testing.T, p *proxied) {
				p.Answer(status(code))
				err := p.all(t, "a.test")
				require.ErrorIs(t, err, fail.ErrProxy)
				require.Equal(t, class, fail.Of(err, fail.Facts{}).Class)
				p.Answer(status(0))
				require.NoError(t, p.all(t, "a.test"))
			})
		})
	}
}

// TestProxyIsBusy: Retry-After of a proxy counts.
func TestProxyIsBusy(t *testing.T) {
	throughProxy(t, func(t *testing.T, p *proxied) {
		p.Answer(func(string) faultserver.ProxyAnswer {
			return faultserver.ProxyAnswer{Status: 503, Header: http.Header{"Retry-After": {"7"}}}
		})
		e := fail.Of(p.all(t, "a.test"), fail.Facts{})
		require.Equal(t, fail.Busy, e.Class)
		require.True(t, e.Asked)
		require.Equal(t, 7*time.Second, e.RetryAfter)
		require.Equal(t, 503, e.Status)
	})
}

// TestProxyIsMute: who does not answer in time is out of reach.
func TestProxyIsMute(t *testing.T) {
	throughProxy(t, func(t *testing.T, p *proxied) {
		p.Answer(func(string) faultserver.ProxyAnswer { return faultserver.ProxyAnswer{Mute: true} })
		began := time.Now()
		err := p.all(t, "a.test")
		require.ErrorIs(t, err, fail.ErrProxy)
		require.Equal(t, fail.Unreachable, fail.Of(err, fail.Facts{}).Class)
		require.Less(t, time.Since(began), 35*time.Second, "HeaderTimeout, and a moment")
		p.Answer(status(0))
		require.NoError(t, p.all(t, "a.test"))
		synctest.Wait()
		time.Sleep(time.Minute) // a limit of the first answer's is none of a connection
		require.NoError(t, p.all(t, "a.test"))
	})
}

// TestProxyWithoutTunnel: 407 is the proxy's where it answers for the server, too.
func TestProxyWithoutTunnel(t *testing.T) {
	throughProxy(t, func(t *testing.T, p *proxied) {
		p.Answer(status(407))
		for range 3 {
			_, err := get(t, p.cl, "http://a.test/f")
			require.ErrorIs(t, err, fail.ErrProxy)
			_, err = get(t, p.cl, "http://c.test/f")
			require.ErrorIs(t, err, fail.ErrProxy)
		}
		require.Len(t, p.Asked(), 1)
	})
}

// TestProxyOutOfReach has a proxy that is not there.
func TestProxyOutOfReach(t *testing.T) {
	for name, f := range map[string]func(*faultserver.Net){
		"refused": func(n *faultserver.Net) {},
		"no name": func(n *faultserver.Net) {
			n.FailName("gone.test", &net.DNSError{Err: "no such host", Name: "gone.test", IsNotFound: true})
		},
		"dropped": func(n *faultserver.Net) { n.Blackhole("gone.test:3128", true) },
	} {
		for _, scheme := range []string{"http", "socks5"} {
			for _, target := range []string{"http", "https"} {
				t.Run(name+" "+scheme+" "+target, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						n := faultserver.NewNet()
						f(n)
						c := config(faultserver.Start(t, faultserver.On(n, "a.test:80")))
						c.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(scheme + "://gone.test:3128") }
						_, err := get(t, client(t, c), target+"://a.test/f")
						require.ErrorIs(t, err, fail.ErrProxy)
						require.ErrorContains(t, err, "gone.test:3128")
						require.Equal(t, fail.Unreachable, fail.Of(err, fail.Facts{}).Class)
					})
				})
			}
		}
	}
}

// TestSOCKSRefuses has answers of SOCKS proxies.
func TestSOCKSRefuses(t *testing.T) {
	const hello = "\x05\x00"
	for name, c := range map[string]struct {
		says  string
		class fail.Class
		dials int // for two hosts
	}{
		"no credentials":     {"\x05\xff", fail.Permanent, 1},
		"ruleset":            {hello + "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", fail.Permanent, 2},
		"cannot reach":       {hello + "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", fail.Unreachable, 6},
		"closes":             {"", fail.Unreachable, 6},
		"closes in between":  {hello, fail.Unreachable, 6},
		"speaks another one": {"HTTP/1.1 400 Bad Request\r\n\r\n", fail.Unreachable, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := faultserver.NewNet()
				l, err := n.Listen("proxy.test:1080")
				require.NoError(t, err)
				var running sync.WaitGroup
				defer running.Wait()
				defer l.Close()
				running.Go(func() {
					for {
						conn, err := l.Accept()
						if err != nil {
							return
						}
						_, _ = io.WriteString(conn, c.says)
						_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
						_, _ = io.Copy(io.Discard, conn)
						conn.Close()
					}
				})
				conf := fetch.Config{DialContext: n.DialContext, ConnectTimeout: time.Second, HeaderTimeout: time.Second}
				conf.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("socks5://proxy.test:1080") }
				cl := client(t, conf)
				for range 3 {
					for _, host := range []string{"http://a.test/", "https://b.test/"} {
						_, err := get(t, cl, host)
						require.ErrorIs(t, err, fail.ErrProxy, "%v", err)
						require.Equal(t, c.class, fail.Of(err, fail.Facts{OriginServed: true}).Class, "%v", err)
					}
				}
				require.Equal(t, c.dials, n.Dials(""))
			})
		})
	}
}
