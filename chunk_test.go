package littledl_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// asked is the part of a file that a request was for.
type asked struct{ lo, hi int64 }

// batchAsked are the parts asked for, by offset.
func batchAsked(t *testing.T, records []faultserver.Record) (all []asked) {
	t.Helper()
	for _, r := range records {
		var a asked
		if r.Range == "bytes=0-" {
			all = append(all, asked{0, -1})
			continue
		}
		_, err := fmt.Sscanf(r.Range, "bytes=%d-%d", &a.lo, &a.hi)
		require.NoError(t, err, "every range but all of the file has two ends: %q", r.Range)
		a.hi++
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b asked) int { return int(a.lo - b.lo) })
	return all
}

// twice is how many bytes were sent more than once, and how many requests the
// downloader gave up, which costs each a connection.
func (b *batch) twice() (bytes int64, dropped int) {
	for _, r := range b.srv.GETs() {
		var a asked
		fmt.Sscanf(r.Range, "bytes=%d-%d", &a.lo, &a.hi)
		if r.Sent < a.hi+1-a.lo {
			dropped++
		}
	}
	return b.srv.BytesSent() - b.get().GetProgress().DownloadedBytes, dropped
}

// requireLittleTwice bounds that: 2 % of the file and 1 MiB for each dropped connection.
func (b *batch) requireLittleTwice() {
	b.Helper()
	bytes, dropped := b.twice()
	require.LessOrEqual(b, bytes, b.get().GetProgress().DownloadedBytes/50+int64(dropped)<<20, "%d dropped", dropped)
}

// TestCut: what the server is asked for where all connections are alike.
func TestCut(t *testing.T) {
	t.Parallel()
	const m = 1 << 20
	for _, c := range []struct {
		size   int64
		chunks int
		want   []int64 // where the parts begin
	}{
		{1, 4, []int64{0}},
		{5*m - 1, 4, []int64{0}},
		{20 * m, 4, []int64{0, 5 * m, 10 * m, 15 * m}},
		{40 * m, 4, []int64{0, 5 * m, 10 * m, 20 * m, 30 * m}}, // the first share in two requests
		{20 * m, 2, []int64{0, 5 * m, 10 * m, 15 * m}},
		{20 * m, 1, []int64{0}}, // nobody could have the rest
		{104 * m, 4, []int64{0, 5 * m, 13 * m, 26 * m, 39 * m, 52 * m, 65 * m, 78 * m, 91 * m}},
	} {
		t.Run(fmt.Sprintf("%d bytes, %d chunks", c.size, c.chunks), func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.option(littledl.WithMaxConcurrentChunksPerFile(c.chunks))
				id := b.file("a", c.size)
				require.NoError(b, b.start())
				var want []asked
				for i, lo := range c.want {
					hi := c.size
					if i+1 < len(c.want) {
						hi = c.want[i+1]
					}
					if lo == 0 { // the size is not known yet
						hi = max(hi, 5*m)
					}
					if c.chunks == 1 {
						hi = -1
					}
					want = append(want, asked{lo, hi})
				}
				require.Equal(b, want, batchAsked(t, b.srv.GETs()))
				require.GreaterOrEqual(b, b.task(id).Chunks, b.srv.MaxInFlight())
				require.Equal(b, c.size, b.srv.BytesSent(), "no byte twice")
			})
		})
	}
}

// TestMinChunkSize: no segment is cut smaller.
func TestMinChunkSize(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MinChunkSize = 4 << 20
		b.file("a", 13<<20)
		require.NoError(b, b.start())
		parts := batchAsked(t, b.srv.GETs())
		require.Equal(b, []asked{{0, 5 << 20}, {5 << 20, 9 << 20}, {9 << 20, 13 << 20}}, parts)
	})
}

// TestBufferSize is how much is read from a connection at once.
func TestBufferSize(t *testing.T) {
	for size, want := range map[int]int{0: 256 << 10, 64 << 10: 64 << 10, 1 << 20: 1 << 20} {
		batchBubble(t, func(b *batch) {
			b.conf.BufferSize = size
			b.file("a", 4<<20)
			require.NoError(b, b.start())
			require.EqualValues(b, want, b.most.Load())
		})
	}
}

// TestSteal: a connection that runs dry takes over what a slower one has left.
func TestSteal(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MinChunkSize = 256 << 10 // what is left is too much to be asked for twice
		b.net.Shape(func(dial int, _ string) faultserver.Link {
			return line([]int64{4 << 20, 4 << 20, 4 << 20, 3 << 19}[dial%4])
		})
		b.file("a", 20<<20)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 2200*time.Millisecond, "3.3 s without, 1.6 s at best")
		parts := batchAsked(t, b.srv.GETs())
		require.Greater(b, len(parts), 4)
		b.requireLittleTwice()
	})
}

// TestStraggler: a connection far below its siblings is replaced.
func TestStraggler(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(slowDial(2, 20<<10, 2<<20))
		b.file("a", 24<<20)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 5*time.Second, "3.4 s at best, minutes without")
		_, dropped := b.twice()
		require.Positive(b, dropped)
		b.requireLittleTwice()
	})
}

// TestHedge: the last bytes, too few to split, are asked for a second time while the
// first request for them crawls.
func TestHedge(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MinChunkSize = mib
		b.option(littledl.WithMaxConcurrentChunksPerFile(2))
		b.net.Shape(slowDial(1, 20<<10, 4<<20))
		b.file("a", 6<<20)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 3*time.Second, "50 s without")
		parts := batchAsked(t, b.srv.GETs())
		require.Len(b, parts, 3)
		require.Equal(b, int64(5<<20), parts[1].lo)
		require.Greater(b, parts[2].lo, parts[1].lo)
		require.Equal(b, parts[1].hi, parts[2].hi, "the same end")
		b.requireLittleTwice()
	})
}

// TestGrow: where the limits allow more connections a file gets them, whether they share a line or
// not, and keeps them.
func TestGrow(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]*faultserver.Bottleneck{"each": nil, "sum": faultserver.NewBottleneck(8 << 20)} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.option(littledl.WithMaxConcurrentChunksPerFile(8))
				b.net.Shape(func(int, string) faultserver.Link {
					l := line(2 << 20)
					l.Shared = shared
					return l
				})
				b.file("a", 48<<20)
				late := 0
				time.AfterFunc(1500*time.Millisecond, func() { late = b.srv.InFlight() })
				require.NoError(b, b.start())
				require.Equal(b, 8, b.srv.MaxInFlight(), "more are tried")
				require.Equal(b, 8, late)
				b.requireLittleTwice()
			})
		})
	}
}

// TestRetryGoesOn: a broken connection costs what was under way on it, not the segment.
func TestRetryGoesOn(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MinChunkSize = 5 * mib // so that none takes a part of another's
		id := b.file("a", 20<<20, faultserver.First(4, faultserver.RST(2<<20)))
		require.NoError(b, b.start())
		require.Equal(b, 4, b.task(id).RetryCount)
		parts := batchAsked(t, b.srv.GETs())
		require.Len(b, parts, 8)
		for i := 0; i < 8; i += 2 {
			require.GreaterOrEqual(b, parts[i+1].lo-parts[i].lo, int64(2<<20)-300<<10, "from the last byte written")
		}
		b.requireLittleTwice()
	})
}
