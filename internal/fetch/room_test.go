package fetch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/faultserver"
)

// manyHosts is a server that goes by many names, and a network where so many connections may
// be open.
func manyHosts(t *testing.T, most int, opts ...faultserver.Option) (*faultserver.Net, *faultserver.Server, dialFunc) {
	n := faultserver.NewNet()
	srv := faultserver.Start(t, append(opts, faultserver.On(n, "a.test:1"))...)
	srv.File("f", faultserver.Size(100))
	return n, srv, func(ctx context.Context, network, _ string) (net.Conn, error) {
		if n.Open() >= most {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("socket", syscall.EMFILE)}
		}
		return n.DialContext(ctx, network, "a.test:1")
	}
}

// free has everything asked at once.
type free struct{}

func (free) Admit(context.Context, *url.URL) (int, error) { return 0, nil }
func (free) Leave()                                       {}

// ask asks 50 hosts, so many at a time.
func ask(t *testing.T, c *Client, srv *faultserver.Server, together int) {
	var all sync.WaitGroup
	for first := range together {
		all.Go(func() {
			for i := first; i < 50; i += together {
				u, err := url.Parse(srv.URL("f"))
				require.NoError(t, err)
				u.Host = fmt.Sprintf("host%d.test", i)
				res, err := c.Do(t.Context(), &Request{Method: http.MethodGet, URL: u, Admit: free{}})
				require.NoError(t, err)
				if res.Discard(); together == 1 {
					synctest.Wait() // net/http takes a moment to call a connection idle
				}
			}
		})
	}
	all.Wait()
}

// TestIdleMakeRoom: where there is no descriptor for a connection, those are closed that
// nobody needs.
func TestIdleMakeRoom(t *testing.T) {
	for name, opts := range map[string][]faultserver.Option{"plain": nil, "TLS": {faultserver.AnyHTTP()}} {
		for _, own := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", own: ", own), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, srv, dial := manyHosts(t, 20, opts...)
					conf := Config{
						DialContext: dial, Connections: 8, ConnectTimeout: time.Second, HeaderTimeout: time.Second,
						Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
					}
					if conf.TLSConfig = srv.ClientTLS(); conf.TLSConfig != nil {
						conf.TLSConfig.InsecureSkipVerify = true
					}
					if !own {
						tr := &http.Transport{DialContext: dial, TLSClientConfig: conf.TLSConfig}
						defer tr.CloseIdleConnections()
						conf = Config{HTTPClient: &http.Client{Transport: tr}}
					}
					c := New(conf)
					defer c.Close()
					began := time.Now()
					ask(t, c, srv, 4)
					require.Less(t, time.Since(began), 10*time.Millisecond, "nobody waits")
				})
			})
		}
	}
}

// TestRoomAhead: before there are no descriptors left, those are closed that nobody needs, as
// soon as they are more than half of them.
func TestRoomAhead(t *testing.T) {
	for most, want := range map[int]int{20: 11, 0: 50} {
		synctest.Test(t, func(t *testing.T) {
			n, srv, dial := manyHosts(t, 1000)
			highest := 0
			c := New(Config{Connections: 100, ConnectTimeout: time.Second, HeaderTimeout: time.Second,
				Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					made, err := dial(ctx, network, addr)
					highest = max(highest, n.Open())
					return made, err
				}})
			defer c.Close()
			c.conns.most = most
			ask(t, c, srv, 1)
			require.Equal(t, want, highest, "of %d", most)
		})
	}
}

// TestInUse: a connection tells how many descriptors there are.
func TestInUse(t *testing.T) {
	if maxDescriptors() == 0 {
		t.Skip("no limit is known")
	}
	srv := faultserver.Start(t) // on loopback
	dial := func() (net.Conn, int) {
		c, err := srv.DialContext(t.Context(), "tcp", srv.Origin()[len("http://"):])
		require.NoError(t, err)
		return c, inUse(c)
	}
	before, n := dial()
	defer before.Close()
	require.Positive(t, n)
	for range 10 {
		c, more := dial()
		defer c.Close()
		n = max(n, more)
	}
	require.Greater(t, n, 10)
	require.LessOrEqual(t, n, maxDescriptors())
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	require.Zero(t, inUse(ours))
}

// TestNoRoomToMake: what is no shortage is tried once.
func TestNoRoomToMake(t *testing.T) {
	c := New(Config{})
	defer c.Close()
	require.False(t, c.MakeRoom(nil))
	require.False(t, c.MakeRoom(syscall.ENOSPC))
	require.True(t, c.MakeRoom(&os.PathError{Op: "open", Path: "f", Err: syscall.ENFILE}))
	lookup := &net.DNSError{Err: "dial udp: socket: " + syscall.EMFILE.Error(), Name: "a.test"}
	require.True(t, c.MakeRoom(&net.OpError{Op: "dial", Err: lookup}))
	require.Equal(t, fail.Shortage, fail.Of(lookup, fail.Facts{}).Class)
}
