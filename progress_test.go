package littledl_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// told is one call of a progress callback.
type told struct {
	at               time.Time
	completed, total int
	speed            float64
	eta              time.Duration
}

// listen records what the progress callback is told.
func (b *batch) listen() *[]told {
	calls := new([]told)
	b.option(littledl.WithProgressCallback(func(completed, total int, speed float64, eta time.Duration) {
		*calls = append(*calls, told{time.Now(), completed, total, speed, eta})
	}))
	return calls
}

// TestProgressInterval: progress is told in this interval, and once more at the end.
func TestProgressInterval(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{0, 250 * time.Millisecond, 50 * time.Millisecond, 2 * time.Second} {
		t.Run(fmt.Sprint(interval), func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.ProgressInterval = interval
				b.net.Shape(faultserver.Same(line(256 << 10)))
				calls := b.listen()
				for i := range 4 {
					b.file(fmt.Sprint(i), 2<<20) // 8 s
				}
				began := time.Now()
				require.NoError(b, b.start())
				if interval == 0 {
					interval = 500 * time.Millisecond
				}
				c := *calls
				require.InDelta(b, time.Since(began).Seconds()/interval.Seconds()+1, len(c), 1.1)
				for i, call := range c[:len(c)-1] {
					require.InDelta(b, float64(i+1)*interval.Seconds(), call.at.Sub(began).Seconds(), 0.11, "call %d", i)
				}
				last := c[len(c)-1]
				require.Equal(b, []int{4, 4}, []int{last.completed, last.total})
				require.Zero(b, last.eta)
				require.Positive(b, last.speed)
			})
		})
	}
}

// TestSteadyProgress: at a steady speed everything told is steady, too.
func TestSteadyProgress(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.ProgressInterval = 100 * time.Millisecond
		b.net.Shape(faultserver.Same(line(512 << 10)))
		var percent []float64
		calls := b.listen()
		id := b.file("a", 20<<20) // 10 s over four connections
		done := b.background(b.Context())
		for range 60 {
			time.Sleep(100 * time.Millisecond)
			p := b.get().GetProgress()
			percent = append(percent, p.Progress())
			require.Equal(b, percent[len(percent)-1], b.get().GetStats().ProgressPercent)
			if len(percent) == 50 {
				require.InEpsilon(b, 2<<20, p.OverallSpeed, 0.05)
				require.InEpsilon(b, 2<<20, b.task(id).Speed, 0.05)
				require.InEpsilon(b, 50, b.task(id).Progress(), 0.1)
				require.Equal(b, 1, p.ActiveFiles)
			}
		}
		require.NoError(b, <-done)
		b.check()
		require.IsNonDecreasing(b, percent)
		c := *calls
		for i := 20; i < len(c)-2; i++ {
			require.Less(b, c[i+1].eta, c[i].eta+20*time.Millisecond, "the time left does not grow")
			left := c[len(c)-1].at.Sub(c[i].at)
			require.InDelta(b, left.Seconds(), c[i].eta.Seconds(), 0.5)
		}
		require.Zero(b, b.task(id).Speed, "not in transfer any more")
	})
}

// TestETAOfUnknownSizes: while the sizes of files that wait are not known they are
// taken to be like those that are.
func TestETAOfUnknownSizes(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.net.Shape(faultserver.Same(line(1 << 20)))
		calls := b.listen()
		for i := range 40 {
			b.file(fmt.Sprint(i), 1<<20, faultserver.NoHead(405))
		}
		require.Equal(b, time.Duration(-1), b.get().GetProgress().ETA, "nothing is known yet")
		began := time.Now()
		require.NoError(b, b.start())
		whole := time.Since(began)
		for _, c := range (*calls)[4:] {
			left := whole - c.at.Sub(began)
			require.InDelta(b, left.Seconds(), c.eta.Seconds(), 0.2*whole.Seconds())
		}
	})
}

// TestETAWithoutTheFailed: what will not come takes no time.
func TestETAWithoutTheFailed(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.net.Shape(faultserver.Same(line(1 << 20)))
		calls := b.listen()
		for i := range 20 {
			b.file(fmt.Sprint("missing", i), 1, faultserver.Status(404)) // its size is never known
			if i%2 == 0 {
				b.add(b.srv.File(fmt.Sprint("wrong", i)), littledl.WithHash("md5", strings.Repeat("0", 32)))
			}
			b.add(b.srv.File(fmt.Sprint(i)), littledl.WithPriority(1))
		}
		began := time.Now()
		require.Error(b, b.start())
		whole := time.Since(began)
		c := (*calls)[len(*calls)/2]
		require.InDelta(b, (whole - c.at.Sub(began)).Seconds(), c.eta.Seconds(), 0.2*whole.Seconds())
	})
}

// TestProgressNeverFalls, not even where the server changes the file and it starts
// over, nor where a size turns up that makes the whole larger.
func TestProgressNeverFalls(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.ProgressInterval = 50 * time.Millisecond
		b.option(littledl.WithMaxConcurrentFiles(2))
		var percent, bytes []float64
		b.option(littledl.WithProgressCallback(func(int, int, float64, time.Duration) {
			p := b.get().GetProgress()
			percent, bytes = append(percent, p.Progress()), append(bytes, float64(p.DownloadedBytes))
		}))
		f := b.srv.File("changed", faultserver.Size(12<<20))
		id := b.add(f)
		time.AfterFunc(500*time.Millisecond, func() {
			f.Set(faultserver.Version(2))
			b.net.ResetAll()
		})
		for i := range 3 {
			b.file(fmt.Sprint(i), 8<<20, faultserver.NoHead(403))
		}
		b.want[id] = nil // the second version
		require.NoError(b, b.start())
		b.same(b.task(id).Path(), f.Content())
		require.False(b, slices.IsSorted(bytes), "the file did start over")
		require.IsNonDecreasing(b, percent)
		require.Equal(b, 100.0, percent[len(percent)-1])
	})
}

// TestStats: the numbers of a batch before it, behind a failure, and when all is there.
func TestStats(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MaxConnections = 7
		b.file("a", 300<<10)
		b.file("b", 200<<10, faultserver.NoRange(), faultserver.NoLength())
		b.file("missing", 1, faultserver.Status(404))
		s := b.get().GetStats()
		require.Equal(b, littledl.BatchStats{TotalFiles: 3, PendingFiles: 3, CurrentConcurrency: 7}, s)
		require.Zero(b, b.get().GetProgress().FilesCompletedRatio())
		require.Error(b, b.start())
		s = b.get().GetStats()
		s.OverallSpeed = 0
		require.Equal(b, littledl.BatchStats{
			TotalFiles: 3, CompletedFiles: 2, FailedFiles: 1, CurrentConcurrency: 7,
			TotalBytes: 500 << 10, DownloadedBytes: 500 << 10, ReceivedBytes: 500 << 10, ProgressPercent: 99.9,
		}, s, "nothing will come of the missing file")
		require.InDelta(b, 66.7, b.get().GetProgress().FilesCompletedRatio(), 0.1)
		for id, ranges := range map[string]bool{"task-1": true, "task-2": false} {
			require.Equal(b, ranges, b.task(id).SupportsRange)
			require.Equal(b, ranges, b.task(id).LengthVerified)
		}

		b.srv.Lookup("missing").Set(faultserver.Size(1))
		delete(b.want, "task-3")
		require.NoError(b, b.start())
		require.Equal(b, 3, b.get().GetStats().CompletedFiles)
		require.Zero(b, b.get().GetStats().FailedFiles)
		require.Equal(b, 100.0, b.get().GetProgress().Progress())
	})
}

// TestProgressBeyondWhatIsKnown: while a file without a length streams nobody knows how
// much is left, and no more is there than there is in all.
func TestProgressBeyondWhatIsKnown(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		for i := range 5 {
			b.file(fmt.Sprint(i), 1000)
		}
		b.file("stream", 16<<20, faultserver.NoRange(), faultserver.NoLength())
		done := b.background(b.Context())
		time.Sleep(3 * time.Second)
		p := b.get().GetProgress()
		require.Equal(b, 5, p.CompletedFiles)
		require.Greater(b, p.DownloadedBytes, int64(1<<20))
		require.GreaterOrEqual(b, p.TotalBytes, p.DownloadedBytes)
		require.Negative(b, p.ETA)
		require.NoError(b, <-done)
		require.Zero(b, b.get().GetProgress().ETA)
	})
}

// TestReadersDoNotRace: who asks for progress while files are fetched races with nobody.
func TestReadersDoNotRace(t *testing.T) {
	inBubble(t, func(b *bed) {
		var ids []string
		for i := range 10 {
			ids = append(ids, b.add(b.srv.File(string(rune('a'+i))+".bin", faultserver.Size(2*mib), faultserver.Behave(faultserver.First(1, faultserver.RST(mib))))))
		}
		over := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-over:
						return
					case <-time.After(time.Millisecond):
					}
					b.d.GetAllTasks()
					b.d.GetTask(ids[3])
					b.d.GetProgress()
					b.d.GetStats()
				}
			})
		}
		err := b.start()
		close(over)
		readers.Wait()
		require.NoError(b, err)
	})
}
