package littledl_test

import (
	"bytes"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
)

// TestWriterWindow: behind the first byte that is missing no more is asked for than may be held
// back, over all files; and that byte is asked for again and again meanwhile.
func TestWriterWindow(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 4 * mib
		b.conf.StallTimeout = 2 * time.Second
		b.conf.Retry.MaxRetries = 100
		var hangs atomic.Bool
		hangs.Store(true)
		first := func(req *faultserver.Request) bool {
			return hangs.Load() && req.Range != nil && req.Range.First < 5*mib
		}
		var to [2]bytes.Buffer
		var files []*faultserver.File
		for i := range to {
			files = append(files, b.srv.File(fmt.Sprint(i), faultserver.Size(40*mib), faultserver.Behave(faultserver.When(first, faultserver.Stall(mib)))))
			b.to(files[i], &to[i], enhHash(files[i].Content()))
		}
		done := b.background(b.Context())
		time.Sleep(5 * time.Second)
		ahead, begun := int64(0), 0
		for _, r := range b.srv.Requests() {
			if first, last := askedRange(r); first >= 5*mib {
				ahead += last + 1 - first
			} else if r.Range != "" {
				begun++
			}
		}
		require.LessOrEqual(b, ahead, int64(4*mib))
		require.Greater(b, ahead, int64(2*mib))
		require.Greater(b, begun, 2)
		hangs.Store(false)
		require.NoError(b, <-done)
		b.got(&to[0], files[0])
		b.got(&to[1], files[1])
	})
}

// TestWriterNoRoom: where nothing may be held back one connection serves, and no file waits for
// another.
func TestWriterNoRoom(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 1
		b.conf.MaxConnections = 2
		var to [4]bytes.Buffer
		var files []*faultserver.File
		for i := range to {
			files = append(files, b.srv.File(fmt.Sprint(i), faultserver.Size(20*mib), faultserver.Behave(faultserver.First(2, faultserver.RST(2*mib)))))
			b.to(files[i], &to[i])
		}
		require.NoError(b, b.start())
		for i := range to {
			b.got(&to[i], files[i])
			require.Equal(b, 1, b.srv.MaxInFlight(files[i].Name()))
		}
	})
}

// TestWriterMemory: what is held back is bounded, and so is what a slow writer leaves to be
// read: the download goes as fast as it does.
func TestWriterMemory(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.MaxReorder = 8 * mib
		b.conf.StallTimeout = time.Second
		b.net.Shape(faultserver.Same(line(64 * mib)))
		f := b.srv.File("big.bin", faultserver.Size(96*mib))
		var before, most runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := int64(0)
		w := writerFunc(func(p []byte) (int, error) {
			time.Sleep(time.Duration(len(p)) * time.Second / (2 * mib)) // 2 MiB/s
			if n += int64(len(p)); n%(8*mib) < int64(len(p)) {
				runtime.GC()
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				most.HeapAlloc = max(most.HeapAlloc, now.HeapAlloc)
				require.Less(b, b.read.Load()-n, int64(8*mib+8*mib), "read, and neither delivered nor held back within the bound")
			}
			return len(p), nil
		})
		b.to(f, w)
		began := time.Now()
		require.NoError(b, b.start())
		require.EqualValues(b, 96*mib, n)
		require.InDelta(b, 48, time.Since(began).Seconds(), 3)
		require.Less(b, int64(most.HeapAlloc)-int64(before.HeapAlloc), int64(40*mib))
		require.Less(b, b.read.Load(), int64(100*mib), "nothing is fetched twice for the writer's sake")
	})
}

// TestWriterSlow: a slow writer keeps one connection from the other files, not all that have
// brought bytes for it.
func TestWriterSlow(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.net.Shape(faultserver.Same(line(mib)))
		b.conf.MaxReorder = 4 * mib
		b.conf.MaxConnections = 4
		slow := b.srv.File("slow.bin", faultserver.Size(10*mib))
		other := b.srv.File("other.bin", faultserver.Size(30*mib))
		to, quick := &atOnce{t: b}, &atOnce{t: b}
		quick.Grow(30 * mib)
		to.slow = func(n int) time.Duration { return time.Duration(n) * time.Second / (32 * kib) }
		b.to(slow, to)
		id := b.to(other, quick)
		done := b.background(b.Context())
		time.Sleep(15 * time.Second) // three connections bring 3 MiB/s
		require.True(b, b.task(id).IsCompleted())
		require.NoError(b, <-done)
		b.got(&to.Buffer, slow)
		b.got(&quick.Buffer, other)
	})
}

// TestWriterStandsStill: time spent in Write is in no timeout.
func TestWriterStandsStill(t *testing.T) {
	writerBubble(t, func(b *writerBed) {
		b.conf.StallTimeout = time.Second
		f := b.srv.File("a.bin", faultserver.Size(20*mib))
		to := &atOnce{t: b, slow: func(int) time.Duration { return 0 }}
		to.slow = func(int) time.Duration {
			if to.Len() == 0 {
				return 5 * time.Minute
			}
			return 0
		}
		id := b.to(f, to)
		require.NoError(b, b.start())
		b.got(&to.Buffer, f)
		require.Zero(b, b.task(id).RetryCount)
	})
}
