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

// TestPriorityOrder: 0 goes first, then 1, 2, …, whatever the order of adding.
func TestPriorityOrder(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		var want []string
		for i, p := range seeded(b).Perm(12) {
			name := fmt.Sprintf("%02d", p)
			b.add(b.srv.File(name, faultserver.Size(int64(100+i))), littledl.WithPriority(p))
			want = append(want, name)
		}
		slices.Sort(want)
		require.NoError(b, b.start())
		require.Equal(b, want, batchPaths(b.srv.GETs()))
	})
}

// TestArrivalOrder: without small files first, equals go in the order they were added.
func TestArrivalOrder(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithSmallFilePriority(false))
		var want []string
		for i := range 12 {
			want = append(want, fmt.Sprint(i))
			b.file(fmt.Sprint(i), int64(1200-100*i)<<10)
		}
		require.NoError(b, b.start())
		require.Equal(b, want, batchPaths(b.srv.GETs()))
	})
}

// TestSmallFirst: among equals the smaller goes first as soon as sizes are known, but
// a better priority counts for more than any size.
func TestSmallFirst(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		for _, size := range []int64{900, 300, 700, 100, 500} {
			b.add(b.srv.File(fmt.Sprint(size), faultserver.Size(size<<10)), littledl.WithPriority(2))
		}
		b.add(b.srv.File("urgent", faultserver.Size(4<<20)), littledl.WithPriority(1))
		require.NoError(b, b.start())
		// Nothing is known when the first one starts but its priority.
		require.Equal(b, []string{"urgent", "100", "300", "500", "700", "900"}, batchFirst(b.srv.GETs()))
	})
}

// TestLateArrivals: what is added while a batch runs is part of it, and an urgent one
// is next.
func TestLateArrivals(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithSmallFilePriority(false))
		for i := range 4 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(4<<20)), littledl.WithPriority(5))
		}
		done := b.background(b.Context())
		time.Sleep(500 * time.Millisecond)
		b.add(b.srv.File("late", faultserver.Size(1<<20)), littledl.WithPriority(5))
		b.add(b.srv.File("urgent", faultserver.Size(1<<20)))
		require.NoError(b, <-done)
		b.check()
		require.Equal(b, []string{"0", "urgent", "1", "2", "3", "late"}, batchFirst(b.srv.GETs()))
	})
}

// TestMaxConcurrentFiles: as many files are in transfer at once as are allowed, and no
// more.
func TestMaxConcurrentFiles(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(3))
		for i := range 20 {
			b.file(fmt.Sprint(i), 1<<20)
		}
		require.NoError(b, b.start())
		require.Equal(b, 3, batchFilesAtOnce(b.srv.GETs()))
	})
}

// TestMaxConcurrentChunksPerFile: nor are more parts of one file than its limit, or
// MaxChunks, allows.
func TestMaxConcurrentChunksPerFile(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 6} {
		batchBubble(t, func(b *batch) {
			b.option(littledl.WithMaxConcurrentChunksPerFile(n), littledl.WithMaxConcurrentFiles(2))
			b.net.Shape(faultserver.Same(line(1 << 20)))
			b.file("a", 12<<20)
			b.file("b", 12<<20)
			require.NoError(b, b.start())
			require.Equal(b, n, b.srv.MaxInFlight("a"))
			require.Equal(b, n, b.srv.MaxInFlight("b"))
		})
	}
	batchBubble(t, func(b *batch) { // MaxChunks is the other bound of the same
		b.conf.MaxChunks = 2
		b.option(littledl.WithMaxConcurrentChunksPerFile(6))
		b.file("a", 10<<20)
		require.NoError(b, b.start())
		require.Equal(b, 2, b.srv.MaxInFlight("a"))
	})
}

// TestMaxConnections counts requests of every kind, as the server sees them.
func TestMaxConnections(t *testing.T) {
	for _, files := range []int{8, 3} {
		batchBubble(t, func(b *batch) {
			b.conf.MaxConnections = 5
			b.option(littledl.WithMaxConcurrentFiles(files))
			for i := range 30 {
				b.file(fmt.Sprint(i), 1<<20)
			}
			b.file("large", 20<<20)
			require.NoError(b, b.start())
			require.LessOrEqual(b, b.srv.MaxInFlight(), 5)
			if files > 5 {
				require.Equal(b, 5, b.srv.MaxInFlight())
			} else {
				require.NotEmpty(b, b.srv.HEADs(), "they count too")
			}
		})
	}
}

// TestMaxConnectionsPerHost: the limit of a host holds for each, and all of it is used.
func TestMaxConnectionsPerHost(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MaxConnectionsPerHost = 2
		b.option(littledl.WithMaxConcurrentFiles(8))
		other := faultserver.Start(b, faultserver.On(b.net, "other.test:80"))
		for i := range 20 {
			name := fmt.Sprint(i)
			b.file(name, 1<<20)
			b.add(other.File("o"+name, faultserver.Size(1<<20)))
		}
		require.NoError(b, b.start())
		require.Equal(b, 2, b.srv.MaxInFlight())
		require.Equal(b, 2, other.MaxInFlight())
	})
}

// TestRequestsOfSmallFiles: the first GET is the whole transfer, and HEADs stop where
// they tell nothing new.
func TestRequestsOfSmallFiles(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(faultserver.RTT(10 * time.Millisecond)))
		for i := range 1000 {
			b.file(fmt.Sprintf("%d.bin", i), 8<<10)
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, len(b.srv.Requests()), 1100)
		require.Len(b, b.srv.GETs(), 1000)
	})
}

// TestSmallBeforeLarge: large files that were added first do not keep small ones waiting.
func TestSmallBeforeLarge(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(2))
		for i := range 4 {
			b.file(fmt.Sprintf("large%d", i), 20<<20)
		}
		for i := range 20 {
			b.file(fmt.Sprintf("small%d", i), 10<<10)
		}
		require.NoError(b, b.start())
		var last time.Time
		for _, r := range b.srv.GETs() {
			if r.Path[:6] == "/small" && r.Start.After(last) {
				last = r.Start
			}
		}
		large := 0
		for _, r := range b.srv.GETs() {
			if r.Path[:6] == "/large" && r.Start.Before(last) {
				large++
			}
		}
		require.LessOrEqual(b, large, 2)
	})
}

// TestHEADIsAHint: refused, hanging or lying, it changes nothing but the order.
func TestHEADIsAHint(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]faultserver.Behaviour{
		"403": faultserver.NoHead(403), "404": faultserver.NoHead(404), "405": faultserver.NoHead(405), "501": faultserver.NoHead(501),
		"closes": faultserver.HeadClose(), "hangs": faultserver.HeadHang(), "no length": faultserver.HeadNoLength(),
		"too large": faultserver.HeadLies(50 << 20), "too small": faultserver.HeadLies(-8 << 20),
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.option(littledl.WithMaxConcurrentFiles(2))
				for i, size := range []int64{6 << 20, 1 << 20, 0, 5 << 20, 300, 100 << 10, 2 << 20} {
					b.file(fmt.Sprint(i), size, head)
				}
				began := time.Now()
				require.NoError(b, b.start())
				require.Less(b, time.Since(began), 5*time.Second, "nobody waits for a HEAD")
				require.NotEmpty(b, b.srv.HEADs())
				for _, task := range b.get().GetAllTasks() {
					require.Zero(b, task.RetryCount)
				}
			})
		})
	}
}

// TestHEADIsAwaited: a file that may have one request in flight begins when its HEAD has
// been answered, and does not cut it off: the server would count both, and the connection is
// gone.
func TestHEADIsAwaited(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(3))
		b.option(littledl.WithMaxConcurrentChunksPerFile(1))
		b.net.Shape(faultserver.Same(faultserver.RTT(10 * time.Millisecond)))
		for i := range 12 {
			b.file(fmt.Sprint(i), 10)
		}
		require.NoError(b, b.start())
		require.NotEmpty(b, b.srv.HEADs())
		for _, r := range b.srv.Requests() {
			require.EqualValues(b, map[string]int{"HEAD": 200, "GET": 206}[r.Method], r.Status, "%s %s", r.Method, r.Path)
			require.LessOrEqual(b, r.Conn, 3)
		}
	})
}

// TestPreemptedBetweenRequests: a large file that has its place first leaves it when small
// ones are found to wait.
func TestPreemptedBetweenRequests(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks = 2, 4
		for i := range 4 {
			b.add(b.srv.File(fmt.Sprint("large", i), faultserver.Size(8*mib)))
		}
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint("small", i), faultserver.Size(10*kib)))
		}
		require.NoError(b, b.start())
		last := time.Time{}
		for i := range 20 {
			if r := b.srv.GETs(fmt.Sprint("small", i))[0]; r.Start.After(last) {
				last = r.Start
			}
		}
		before := 0
		for i := range 4 {
			for _, r := range b.srv.GETs(fmt.Sprint("large", i)) {
				if r.Start.Before(last) {
					before++
				}
			}
		}
		require.LessOrEqual(b, before, 2)
	})
}
