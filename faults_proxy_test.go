package littledl_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// behindProxy has a batch with a proxy in between.
func behindProxy(t *testing.T, test func(*bed, *Proxy)) {
	inBoth(t, func(b *bed) {
		p := StartProxy(b, b.net, "proxy.test:3128")
		b.conf.Proxy = func(*http.Request) (*url.URL, error) {
			return url.Parse("http://me:" + secret + "@proxy.test:3128")
		}
		test(b, p)
	}, AnyHTTP())
}

// addMany queues 20 files, and as many of each other host.
func (b *bed) addMany(others ...string) {
	for i := range 20 {
		f := b.srv.File(strconv.Itoa(i), Size(100*kib))
		b.add(f)
		for _, o := range others {
			b.addURL(o+"/"+f.Name(), f.Content())
		}
	}
}

// assertProxyNamed checks that it is the proxy that is blamed.
func assertProxyNamed(b *bed, err error, files int) {
	all := failures(b, err)
	require.Len(b, all, files)
	for _, f := range all {
		require.ErrorIs(b, f, littledl.ErrProxy)
		require.ErrorContains(b, f, "proxy http://proxy.test:3128")
		require.NotContains(b, f.Error(), "server")
	}
}

// 141: a proxy does not know us.
func TestProxyWantsCredentials(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{"141 one host": nil, "141 many hosts": {"https://b.test", "http://c.test", "https://d.test"}} {
		t.Run(name, func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				p.Answer(func(string) ProxyAnswer {
					return ProxyAnswer{Status: 407, Header: http.Header{"Proxy-Authenticate": {`Basic realm="line"`}}}
				})
				b.addMany(more...)
				assertProxyNamed(b, b.start(), 20+20*len(more))
				require.Len(b, p.Asked(), 1)
				require.Less(b, b.took, time.Second)
			})
		})
	}
}

// 141: and takes its time to say so.
func TestProxyIsSlowToRefuse(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"141 tunnels": "https://b.test", "141 none": "http://b.test"} {
		t.Run(name, func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				p.Answer(func(string) ProxyAnswer { return ProxyAnswer{Status: 407, After: 4 * time.Second} })
				for i := range 20 {
					b.addURL(url+"/"+strconv.Itoa(i), b.srv.File(strconv.Itoa(i), Size(kib)).Content())
				}
				assertProxyNamed(b, b.start(), 20)
				require.Len(b, p.Asked(), 1)
				require.Less(b, b.took, 5*time.Second)
			})
		})
	}
}

// 142: a proxy that takes its time for one host does not hold up the others.
func TestProxyIsSlowForOneHost(t *testing.T) {
	t.Parallel()
	t.Run("142 mute for one host", func(t *testing.T) {
		behindProxy(t, func(b *bed, p *Proxy) {
			p.Answer(func(target string) ProxyAnswer { return ProxyAnswer{Mute: target == "bad.test:443"} })
			b.addURL("https://bad.test/a", b.srv.File("a", Size(kib)).Content())
			b.addMany()
			require.Len(b, failures(b, b.start()), 1)
			for _, r := range b.srv.GETs() {
				require.Less(b, r.Start.Sub(b.began), 7*time.Second)
			}
		})
	})
}

// 142: a proxy does not let us to one host.
func TestProxyForbidsHost(t *testing.T) {
	t.Parallel()
	refuses := map[string]ProxyAnswer{
		"403 to come back": {Status: 403, Header: http.Header{"Retry-After": {"2"}}}, "403 after a while": {Status: 403, After: 4 * time.Second},
	}
	for _, code := range []int{403, 400, 405, 451} {
		refuses[strconv.Itoa(code)] = ProxyAnswer{Status: code}
	}
	for name, refusal := range refuses {
		t.Run("142 "+name, func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				p.Answer(func(target string) ProxyAnswer {
					if target == "bad.test:443" {
						return refusal
					}
					return ProxyAnswer{}
				})
				b.addMany("https://bad.test")
				assertProxyNamed(b, b.start(), 20)
				require.Equal(b, 20, b.d.GetProgress().CompletedFiles)
				asked := p.Asked()
				require.Len(b, slices.DeleteFunc(asked, func(s string) bool { return s != "bad.test:443" }), 1)
			})
		})
	}
}

// 143: a proxy is out of order for a while, or for good.
func TestProxyOutage(t *testing.T) {
	t.Parallel()
	answers := func(a ProxyAnswer) func(*bed, *Proxy, bool) {
		return func(_ *bed, p *Proxy, on bool) {
			p.Answer(func(string) ProxyAnswer {
				if on {
					return a
				}
				return ProxyAnswer{}
			})
		}
	}
	for name, trouble := range map[string]func(b *bed, p *Proxy, on bool){
		"143 500": answers(ProxyAnswer{Status: 500}),
		"143 502": answers(ProxyAnswer{Status: 502}),
		"143 503": answers(ProxyAnswer{Status: 503}),
		"143 504": answers(ProxyAnswer{Status: 504}),
		"143 refused": func(b *bed, _ *Proxy, on bool) {
			b.net.FailDial("proxy.test:3128", map[bool]error{true: os.NewSyscallError("connect", syscall.ECONNREFUSED)}[on])
		},
		"143 no name": func(b *bed, _ *Proxy, on bool) {
			b.net.FailName("proxy.test", map[bool]*net.DNSError{true: {Err: "no such host", Name: "proxy.test", IsNotFound: true}}[on])
		},
	} {
		t.Run(name, func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				trouble(b, p, true)
				time.AfterFunc(20*time.Second, func() { trouble(b, p, false) })
				b.addMany()
				require.NoError(b, b.start())
				require.Less(b, b.took, 30*time.Second)
				require.LessOrEqual(b, b.net.Dials("proxy.test:3128"), 80)
			})
		})
		t.Run(name+" halfway", func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				b.net.Shape(Same(line(100 * kib)))
				time.AfterFunc(2*time.Second, func() {
					trouble(b, p, true)
					b.net.ResetAll()
				})
				time.AfterFunc(40*time.Second, func() { trouble(b, p, false) })
				b.addMany()
				require.NoError(b, b.start())
			})
		})
		t.Run(name+" for good", func(t *testing.T) {
			behindProxy(t, func(b *bed, p *Proxy) {
				trouble(b, p, true)
				b.addMany()
				assertProxyNamed(b, b.start(), 20)
				require.GreaterOrEqual(b, b.took, time.Minute)
				require.Less(b, b.took, 70*time.Second)
				require.LessOrEqual(b, b.net.Dials("proxy.test:3128"), 150)
			})
		})
	}
}
