package littledl_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestOnlyHTTP2: an origin that takes no HTTP/1.1 gets the segments of large files as
// streams.
func TestOnlyHTTP2(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(12<<20)))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs() {
			require.Equal(b, "HTTP/2.0", r.Proto)
		}
	}, HTTP2())
}

// TestHTTP1Accident: one connection that breaks before its answer is no proof that an
// origin takes no HTTP/1.1, as the answers on the others show.
func TestHTTP1Accident(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.files = 1
		first := b.srv.File("a.bin", Size(12<<20))
		first.Behave(When(Beyond, First(1, RSTNow())))
		b.add(first)
		b.add(b.srv.File("b.bin", Size(12<<20)))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs("b.bin") {
			if rangeStart(r) > 0 {
				require.Equal(b, "HTTP/1.1", r.Proto, r.Header.Get("Range"))
			}
		}
	}, AnyHTTP())
}

// blackHole is a connection that dies without a word once it has brought some bytes.
type blackHole struct {
	net.Conn
	left   atomic.Int64
	closed chan struct{}
	once   sync.Once
}

func (h *blackHole) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if h.left.Add(-int64(n)) > 0 {
		return n, err
	}
	<-h.closed
	return 0, net.ErrClosed
}

func (h *blackHole) Write(p []byte) (int, error) {
	if h.left.Load() <= 0 {
		return len(p), nil
	}
	return h.Conn.Write(p)
}

func (h *blackHole) Close() error {
	h.once.Do(func() { close(h.closed) })
	return h.Conn.Close()
}

// TestDeadConnection: one that has died is not used for every further attempt, though
// nothing says that it has.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]Option{"HTTP/1.1": TLS(), "HTTP/2": AnyHTTP()} {
		for _, size := range []int64{mib, 10 * kib} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.conf.HeaderTimeout, b.conf.StallTimeout = 2*time.Second, 2*time.Second
					var dials atomic.Int32
					b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
						c, err := b.dial(ctx, network, addr)
						if err != nil || dials.Add(1) > 1 {
							return c, err
						}
						h := &blackHole{Conn: c, closed: make(chan struct{})}
						h.left.Store(20 * kib)
						return h, nil
					}
					for i := range 5 {
						b.add(b.srv.File(fmt.Sprint(i), Size(size)))
					}
					require.NoError(b, b.d.Start(b.Context()))
					for _, task := range b.d.GetAllTasks() {
						require.NoError(b, b.compare(task))
					}
				}, opt)
			})
		}
	}
}
