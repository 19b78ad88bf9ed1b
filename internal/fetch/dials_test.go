package fetch_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
)

// counting is what a dialer's connections have brought, and how many there were.
type counting struct {
	dials, open, most atomic.Int64
	bytes             atomic.Int64
}

type countingConn struct {
	net.Conn
	of   *counting
	once atomic.Bool
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.of.bytes.Add(int64(n))
	return n, err
}

func (c *countingConn) Close() error {
	if c.once.CompareAndSwap(false, true) {
		c.of.open.Add(-1)
	}
	return c.Conn.Close()
}

func (c *counting) dialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.dials.Add(1)
		made, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if n := c.open.Add(1); n > c.most.Load() {
			c.most.Store(n)
		}
		return &countingConn{Conn: made, of: c}, nil
	}
}

// TestDialsEnd: a server that takes no request over HTTP/2 has a few connections, one after the
// other, and is asked over HTTP/1.1 then, for good.
func TestDialsEnd(t *testing.T) {
	for name, r := range map[string]faultserver.Refusal{"no streams": faultserver.NoStreams, "ends": faultserver.GoAways} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:443"), faultserver.RefuseHTTP2(r))
				f := srv.File("a.bin", faultserver.Size(1000))
				var n counting
				c := config(srv)
				c.DialContext = n.dialer(c.DialContext)
				cl, began := client(t, c), time.Now()
				for range 3 {
					res, err := get(t, cl, f.URL())
					require.NoError(t, err)
					require.Equal(t, "HTTP/1.1", res.Proto)
					require.LessOrEqual(t, n.dials.Load(), int64(3))
				}
				require.LessOrEqual(t, n.most.Load(), int64(2), "what was of no use is closed first")
				require.Less(t, time.Since(began), 3*time.Minute)
			})
		})
	}
}

// TestFloodsEnd: frames that are no answer end with their connection, after so many bytes.
func TestFloodsEnd(t *testing.T) {
	for name, r := range map[string]faultserver.Refusal{
		"pings": faultserver.FloodOfPings, "settings": faultserver.FloodOfSettings, "continuation": faultserver.FloodOfContinuation,
	} {
		t.Run(name, func(t *testing.T) {
			srv := faultserver.Start(t, faultserver.RefuseHTTP2(r)) // on loopback, in true time: it is what it costs that matters
			f := srv.File("a.bin", faultserver.Size(1000))
			var n counting
			c := config(srv)
			c.DialContext = n.dialer((&net.Dialer{}).DialContext)
			began := time.Now()
			_, err := get(t, client(t, c), f.URL())
			require.Error(t, err)
			require.Less(t, n.bytes.Load(), int64(64<<20))
			require.Less(t, time.Since(began), 29*time.Second, "before the answer is given up")
			require.LessOrEqual(t, n.dials.Load(), int64(3))
		})
	}
}
