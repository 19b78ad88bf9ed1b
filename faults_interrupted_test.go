package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 102: whenever a batch is ended, Start returns at once, nothing is left but parts of
// what is unfinished, and later Starts bring all of it.
func TestCancelledAtAnyMoment(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	for range 4 {
		inBoth(t, func(b *bed) {
			b.restarts = 1000 // there are streams, which start over
			b.conf.MinChunkSize = 256 * kib
			b.chunks = 1 + rnd.IntN(8)
			add := func(name string, size int64, does ...Behaviour) {
				f := b.srv.File(name, Size(size), Behave(does...))
				opts := hashIf(rnd.IntN(3) == 0, f)
				b.add(f, opts...)
			}
			add("large", 6*mib)
			add("slow", 6*mib, Slow(mib))
			add("stream", 300*kib, NoRange())
			add("no-length", 300*kib, NoLength())
			add("resets", 600*kib, First(3, RST(100*kib)))
			add("refuses", 600*kib, First(2, Status(503, RetryAfter("1"))))
			add("stands still", 600*kib, First(1, StallHeader()))
			add("leads on", 5500*kib, Redirect(2, 302))
			for i := range 5 {
				add(fmt.Sprint("small", i), int64(rnd.IntN(200*kib)))
			}
			for range 8 {
				ctx, cancel := context.WithCancelCause(b.Context())
				end, want := func() { cancel(errEnough) }, errEnough
				if rnd.IntN(2) == 0 {
					end, want = func() { b.d.Cancel() }, littledl.ErrCancelled
				}
				var ended time.Time
				timer := time.AfterFunc(time.Duration(rnd.Int64N(int64(1500*time.Millisecond))), func() {
					ended = time.Now()
					end()
				})
				err := b.startIn(ctx)
				timer.Stop()
				cancel(nil)
				if err == nil {
					break
				}
				require.ErrorIs(b, err, want)
				require.Less(b, time.Since(ended), 100*time.Millisecond)
			}
			require.NoError(b, b.start())
		})
	}
}

// 103: pausing and resuming as fast as can be, from several sides at once, then an end
// while paused: nobody hangs and nothing is lost.
func TestPausedAndResumedInHaste(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.restarts = 100
		for i := range 3 {
			b.add(b.srv.File(fmt.Sprint(i), Size(6*mib), Behave(Slow(2*mib))))
		}
		b.add(b.srv.File("stream", Behave(NoRange(), Slow(2*mib))))
		go func() {
			time.Sleep(300 * time.Millisecond)
			var hasty sync.WaitGroup
			for range 3 {
				hasty.Go(func() {
					for range 50 {
						b.d.Pause()
						b.d.Resume()
					}
				})
			}
			hasty.Wait()
			for range 50 {
				b.d.Pause()
				time.Sleep(time.Millisecond)
				b.d.Resume()
				time.Sleep(time.Millisecond)
			}
			b.d.Pause()
			time.Sleep(time.Minute)
			b.d.Cancel()
		}()
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.Greater(b, b.took, time.Minute)
		require.Less(b, b.took, time.Minute+2*time.Second)
		require.Positive(b, b.d.GetProgress().DownloadedBytes)
		require.NoError(b, b.d.Resume())
		require.NoError(b, b.start())
	})
}

// 103: a Stop that comes while Start begins ends it, or forbids it.
func TestStoppedWhileStarting(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	for range 30 {
		inBoth(t, func(b *bed) {
			b.add(b.srv.File("a.bin", Size(6*mib)))
			var stopping sync.WaitGroup
			for range 2 {
				busy := rnd.IntN(3000)
				stopping.Go(func() {
					for range busy {
						b.d.GetStats()
					}
					b.d.Stop()
				})
			}
			err := b.d.Start(b.Context())
			stopping.Wait()
			if !errors.Is(err, littledl.ErrStopped) {
				require.ErrorIs(b, err, littledl.ErrCancelled)
			}
			finals, parts := b.listing()
			require.Empty(b, append(finals, parts...))
			require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrStopped)
		})
	}
}

// TestIdleCostsNothing waits for ten minutes, paused with a file half done: who
// polls without sleeping stops the bubble's clock, who polls often is slow.
func TestIdleCostsNothing(t *testing.T) {
	began := time.Now()
	inBubble(t, func(b *bed) {
		b.deadline = time.Hour
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib))))
		go func() {
			time.Sleep(time.Second)
			b.d.Pause()
			time.Sleep(10 * time.Minute)
			b.d.Resume()
		}()
		require.NoError(b, b.start())
		require.Greater(b, b.took, 10*time.Minute)
	})
	require.Less(t, time.Since(began), 5*time.Second, "in true time")
}

// TestPauseStopsAll: while a batch is paused no byte arrives.
func TestPauseStopsAll(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(8*mib), Behave(Slow(mib))))
		b.add(b.srv.File("b.bin", Size(8*mib), Behave(Slow(mib))))
		go func() {
			time.Sleep(time.Second)
			b.d.Pause()
			time.Sleep(200 * time.Millisecond)
			read := b.read.Load()
			time.Sleep(time.Minute)
			if n := b.read.Load() - read; n != 0 {
				b.Errorf("%d bytes arrived while paused", n)
			}
			b.d.Resume()
		}()
		require.NoError(b, b.start())
		require.Greater(b, b.took, time.Minute)
	})
}
