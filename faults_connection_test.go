package littledl_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 36 to 47: what can happen to a connection.
func TestTransportFaults(t *testing.T) {
	t.Parallel()
	small := []FileOption{Size(2 * mib)}
	testFaults(t, []fault{
		{name: "36 reset", does: first(3, RST(mib)), least: 6, gets: 12, then: goesOn},
		{name: "36 reset, one connection", does: first(3, RST(500*kib)), file: small, gets: 4, then: goesOn},
		{name: "37 reset before headers", does: first(2, RSTNow()), least: 5, gets: 10},
		{name: "37 closed before headers", does: first(2, EmptyReply()), least: 5, gets: 10},
		{name: "37 closed before headers, one connection", does: first(3, EmptyReply()), file: small, gets: 4},
		{name: "37 closed in the headers", does: first(2, RawLines("Content-Typ")), least: 5, gets: 10},
		{name: "38 closed early", does: first(2, ShortBody(mib)), least: 5, gets: 10, then: goesOn},
		{name: "39 closed at once for ever", does: always(ShortBody(0)), err: io.ErrUnexpectedEOF, least: 4, gets: 24, within: 30 * time.Second},
		{name: "39 closed at once from then on", does: []Behaviour{First(1, ShortBody(mib)), After(1, ShortBody(0))}, err: io.ErrUnexpectedEOF, left: 1, least: 4, gets: 24, within: 30 * time.Second, then: resumes},
		{name: "40 one byte each", does: always(ShortBody(1)), err: io.ErrUnexpectedEOF, left: 1, least: 4, gets: 24, within: 30 * time.Second},
		{name: "40 64 KiB each", does: always(ShortBody(64 * kib)), err: io.ErrUnexpectedEOF, left: 1, least: 11, gets: 24, within: 30 * time.Second},
		{name: "40 a MiB each", does: always(ShortBody(mib)), file: []FileOption{Size(40 * mib)}, least: 40, gets: 70, within: 30 * time.Second, then: goesOn},
		{name: "41 stall", prep: wholeMiB, does: first(1, Stall(mib)), least: 5, gets: 10, within: 40 * time.Second},
		{name: "41 stall, one connection", does: first(1, Stall(mib)), file: small, gets: 2, waits: 30 * time.Second, within: 40 * time.Second, then: goesOn},
		{name: "41 stall for ever", does: always(Stall(1)), file: small, err: littledl.ErrStalled, gets: 4, waits: 2 * time.Minute, within: 3 * time.Minute},
		{name: "42 no headers", does: first(1, StallHeader()), file: small, gets: 2, waits: 30 * time.Second, within: 40 * time.Second},
		{name: "42 no headers for ever", does: always(StallHeader()), file: small, err: errSome, gets: 4, waits: 2 * time.Minute, within: 3 * time.Minute, then: timedOut},
		{name: "43 slow but steady", does: always(Drip(1, 100*time.Millisecond)), file: []FileOption{Size(2000)}, gets: 1, waits: 199 * time.Second, within: 201 * time.Second},
		{name: "45 chunked and cut", does: first(2, ChunkedBroken(mib)), least: 5, gets: 10, then: goesOn},
		{name: "45 chunked and garbage", does: first(2, BadChunk(mib)), least: 5, gets: 10, then: goesOn},
		{name: "45 stream chunked and cut", does: []Behaviour{NoRange(), First(2, ChunkedBroken(mib))}, gets: 3},
		{name: "45 stream cut for ever", does: []Behaviour{NoRange(), ChunkedBroken(mib)}, err: io.ErrUnexpectedEOF, gets: 11, within: 30 * time.Second},
		{name: "45 stream behind ranges cut for ever", does: []Behaviour{After(1, NoRange()), After(1, ChunkedBroken(mib))}, err: io.ErrUnexpectedEOF, least: 11, gets: 20, within: 30 * time.Second},
		{name: "45 stream of garbage for ever", does: []Behaviour{NoRange(), BadChunk(mib)}, err: errSome, gets: 11, within: 30 * time.Second},
		{name: "46 connection: close", does: always(ConnClose()), least: 4, gets: 10},
		{name: "46 closed when idle", does: always(SilentClose()), least: 4, gets: 10},
	})
}

func first(k int, b Behaviour) []Behaviour { return []Behaviour{First(k, b)} }

// goesOn says that an attempt goes on from the last byte that was written.
func goesOn(b *bed, task littledl.FileTask) {
	require.LessOrEqual(b, b.srv.BytesSent(), task.FileSize+task.FileSize/50+int64(b.drops)*100*kib)
}

// timedOut says that the error is one of time.
func timedOut(b *bed, task littledl.FileTask) {
	var e net.Error
	require.ErrorAs(b, task.Err, &e)
	require.True(b, e.Timeout())
}

// resumes says that the next Start fetches what is missing and no more.
func resumes(b *bed, task littledl.FileTask) {
	b.srv.Lookup("a.bin").Behave()
	b.srv.ResetRecords()
	require.NoError(b, b.start())
	require.Less(b, b.srv.BytesSent(), task.FileSize-task.Downloaded+mib)
	require.Less(b, b.srv.BytesSent(), task.FileSize)
}

// 44: one connection in four is slow.
func TestSlowAmongFast(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.net.Shape(slowDial(1, 50*kib, 4*mib))
		b.add(b.srv.File("a.bin", Size(24*mib)))
		require.NoError(b, b.start())
		require.Less(b, b.took, 4*time.Second, "2 s are ideal")
	})
}

// 44: one connection of two hardly moves, and has a lot left when the other one is done.
func TestCrawlAmongTwo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.chunks = 2
		b.net.Shape(slowDial(1, 40*kib, 4*mib))
		b.add(b.srv.File("a.bin", Size(40*mib)))
		require.NoError(b, b.start())
		b.assertLittleTwice(0)
		require.Less(b, b.took, 13*time.Second, "10 s are ideal")
	})
}

// 47: a large file begins over HTTP/2 and goes on over connections of HTTP/1.1.
func TestLargeFileOverTLS(t *testing.T) {
	t.Parallel()
	protocols := func(b *bed, _ littledl.FileTask) {
		for i, r := range b.srv.GETs() {
			if i == 0 {
				require.Equal(b, "HTTP/2.0", r.Proto)
			} else if rangeStart(r) > 0 {
				require.Equal(b, "HTTP/1.1", r.Proto)
			}
		}
	}
	testFaults(t, []fault{
		{name: "47 nothing", least: 4, gets: 8, then: protocols},
		{name: "47 streams reset", does: first(3, ShortBody(mib)), least: 6, gets: 12, then: protocols},
		{name: "47 connections reset", does: first(3, RST(mib)), least: 6, gets: 12, then: protocols},
		{name: "47 GOAWAY", does: always(ConnClose()), least: 4, gets: 10, then: protocols},
		{name: "47 stall", does: first(1, Stall(mib)), least: 4, gets: 10, within: 40 * time.Second},
	}, AnyHTTP())
}

// 47: HTTP/2 streams break one by one.
func TestHTTP2Faults(t *testing.T) {
	for name, fault := range map[string]Behaviour{"RST_STREAM": ShortBody(kib), "GOAWAY": ConnClose(), "reset": RST(kib)} {
		t.Run("47 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
					f := b.srv.File(name+".bin", Size(100*kib))
					if name == "c" {
						f.Behave(First(2, fault))
					}
					b.add(f)
				}
				require.NoError(b, b.start())
				require.LessOrEqual(b, len(b.srv.GETs("c.bin")), 4)
				for _, r := range b.srv.GETs() {
					require.Equal(b, "HTTP/2.0", r.Proto)
				}
				if name == "RST_STREAM" {
					require.Len(b, b.srv.GETs("a.bin", "b.bin", "d.bin", "e.bin", "f.bin"), 5)
				}
			}, HTTP2())
		})
	}
}

// 36: what breaks all connections of a file at once is one failure, however many there are.
func TestAllBreakAtOnce(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks, b.conf.MaxConnections = 1, 16, 16
		b.net.Shape(Same(line(50 * kib)))
		b.add(b.srv.File("a.bin", Size(8*mib)))
		for i := range 2 {
			time.AfterFunc(time.Duration(4*i+4)*time.Second, func() { b.net.ResetAll() })
		}
		require.NoError(b, b.start())
	})
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

// TestStallBehindTheHeaders: silence right after the headers is a stall, too.
func TestStallBehindTheHeaders(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.StallTimeout, b.conf.HeaderTimeout, b.conf.ConnectTimeout = time.Second, 20*time.Second, 20*time.Second
		b.add(b.srv.File("a.bin", Size(mib), Behave(First(1, Stall(0)))))
		require.NoError(b, b.start())
		require.Less(b, b.took, 4*time.Second)
	})
}

// TestSilentRequest: one request that is never answered does not hold up the file.
func TestSilentRequest(t *testing.T) {
	t.Parallel()
	for _, mirror := range []bool{false, true} {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			f := b.srv.File("a.bin", Size(12*mib), Behave(After(3, First(1, StallHeader()))))
			opts := []littledl.URLOption{littledl.WithHash("sha256", f.Sum())}
			if mirror {
				other := b.origin("other.test:80")
				other.File("a.bin", Data(Bytes(f.Content())))
				opts = append(opts, littledl.WithBackupURLs(other.URL("a.bin")))
			}
			b.add(f, opts...)
			require.NoError(b, b.start())
			require.Less(b, b.took, 10*time.Second, "HeaderTimeout is 30 s")
		})
	}
}

// TestOthersKeepTheirConnections has every third file reset its connection.
func TestOthersKeepTheirConnections(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.files = 2
		for i := range 30 {
			f := b.srv.File(string(rune('A'+i))+".bin", Size(100*kib))
			if i%3 == 1 {
				f.Behave(First(1, RST(50*kib)))
			}
			b.add(f)
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.srv.Conns(), 2+2+10+2, "files, look-ahead, resets, and dials that were not needed after all")
	})
}
