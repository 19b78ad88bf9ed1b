package littledl_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestPause: no byte moves 200 ms after it, however long it lasts, and the transfers
// go on from where they stood.
func TestPause(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		large := b.file("large", 16<<20)
		var small []string
		for i := range 6 {
			small = append(small, b.file(fmt.Sprint(i), 2<<20))
		}
		done := b.background(b.Context())
		time.Sleep(1500 * time.Millisecond)
		require.NoError(b, b.get().Pause())
		require.NoError(b, b.get().Pause(), "a second time it does nothing")
		time.Sleep(200 * time.Millisecond)
		read, held := b.read.Load(), b.task(large).Downloaded
		require.Positive(b, held)
		require.Zero(b, b.srv.InFlight())
		require.Equal(b, littledl.StatusPaused, b.task(large).Status)
		require.Equal(b, littledl.StatusPending, b.task(small[5]).Status)
		require.False(b, b.task(large).IsActive())

		time.Sleep(time.Hour)
		require.Equal(b, read, b.read.Load())
		require.Equal(b, held, b.task(large).Downloaded, "what was fetched is kept")
		before := len(b.srv.GETs("large"))
		require.NoError(b, b.get().Resume())
		require.NoError(b, b.get().Resume())
		require.NoError(b, <-done)
		b.check()

		var again int64
		for _, a := range batchAsked(t, b.srv.GETs("large")[before:]) {
			require.NotZero(b, a.lo)
			again += a.hi - a.lo
		}
		require.Equal(b, int64(16<<20)-held, again, "exactly the rest is asked for")
		require.Zero(b, b.task(large).RetryCount, "a pause is no failure")
		require.Len(b, b.srv.GETs("5"), 1)
	})
}

// TestPauseOfAStream: what cannot be ranged starts over.
func TestPauseOfAStream(t *testing.T) {
	batchBubble(t, func(b *batch) {
		id := b.file("a", 8<<20, faultserver.NoRange())
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().Pause())
		time.Sleep(200 * time.Millisecond)
		read := b.read.Load()
		time.Sleep(time.Minute)
		require.Equal(b, read, b.read.Load())
		require.NoError(b, b.get().Resume())
		require.NoError(b, <-done)
		b.check()
		require.Len(b, b.srv.GETs(), 2)
		require.Zero(b, b.task(id).RetryCount)
	})
}

// TestPauseBeforeStart holds back the next Start; so does one while files wait for
// their retry.
func TestPauseBeforeStart(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.file("a", 1<<20, faultserver.First(1, faultserver.Status(500)))
		require.NoError(b, b.get().Pause())
		done := b.background(b.Context())
		time.Sleep(time.Hour)
		require.Empty(b, b.srv.Requests())
		require.NoError(b, b.get().Resume())
		time.Sleep(time.Millisecond)
		require.NoError(b, b.get().Pause())
		time.Sleep(time.Hour)
		require.LessOrEqual(b, len(b.srv.GETs()), 1)
		require.NoError(b, b.get().Resume())
		require.NoError(b, <-done)
		b.check()
	})
}

// TestStartTwiceAtOnce: a second Start beside the first is refused, and the first goes on.
func TestStartTwiceAtOnce(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.file("a", 4<<20)
		done := b.background(b.Context())
		synctest.Wait()
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrRunning)
		require.NoError(b, <-done)
		b.check()
	})
}

// TestCancelWhenIdle does nothing, and an ended context ends Start before anything.
func TestCancelWhenIdle(t *testing.T) {
	batchBubble(t, func(b *batch) {
		id := b.file("a", 1<<10)
		require.NoError(b, b.get().Cancel())
		ctx, cancel := context.WithCancelCause(b.Context())
		cancel(errEnough)
		require.ErrorIs(b, b.get().Start(ctx), errEnough)
		require.Empty(b, b.srv.Requests())
		require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
		require.NoError(b, b.start())
	})
}

// TestSecondStartRetries what failed, from its kept bytes, and nothing else.
func TestSecondStartRetries(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.file("good", 1<<10)
		missing := b.file("missing", 1<<10, faultserver.First(1, faultserver.Status(404)))
		broken := b.file("broken", 12<<20, faultserver.After(4, faultserver.RSTNow()))
		err := b.start()
		failed := failures(b, err)
		require.Len(b, failed, 2)
		require.True(b, b.task(missing).IsFailed())
		kept := b.task(broken).Downloaded
		require.Positive(b, kept)

		b.srv.Lookup("broken").Behave()
		b.srv.ResetRecords()
		require.NoError(b, b.start())
		require.Empty(b, b.srv.Requests("good"))
		require.NoError(b, b.task(missing).Err)
		var again int64
		for _, a := range batchAsked(t, b.srv.GETs("broken")) {
			again += a.hi - a.lo
		}
		require.Equal(b, int64(12<<20)-kept, again)
		require.NoError(b, b.start(), "a third has nothing to do")
	})
}

// TestDisableResume: then nothing is left to go on from.
func TestDisableResume(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.DisableResume = true
		id := b.file("a", 16<<20)
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().Cancel())
		require.ErrorIs(b, <-done, littledl.ErrCancelled)
		require.Zero(b, b.task(id).Downloaded)
		require.Empty(b, b.list())
		require.NoError(b, b.start())
	})
}

// TestEmptyStart ends at once.
func TestEmptyStart(t *testing.T) {
	batchBubble(t, func(b *batch) {
		require.NoError(b, b.start())
		b.file("a", 0)
		require.NoError(b, b.start())
	})
}

// TestHurry pauses, resumes, cancels and starts at random moments until all is there.
func TestHurry(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	batchBubble(t, func(b *batch) {
		b.file("large", 12<<20)
		b.file("stream", 2<<20, faultserver.NoRange())
		for i := range 10 {
			b.file(fmt.Sprint(i), 600<<10)
		}
		nap := func(most int) { time.Sleep(time.Duration(rnd.IntN(most)) * time.Microsecond) }
		for range 6 {
			done := b.background(b.Context())
			for range rnd.IntN(20) {
				nap(60_000)
				require.NoError(b, b.get().Pause())
				nap(10_000)
				require.NoError(b, b.get().Resume())
			}
			nap(100_000)
			require.NoError(b, b.get().Cancel())
			if err := <-done; err != nil {
				require.ErrorIs(b, err, littledl.ErrCancelled)
			}
			require.Empty(b, b.openFiles())
		}
		require.NoError(b, b.start())
	})
}

// TestPauseBeforeTheFirstRequest of a file that has its place already: while it is looked
// at what has its name, which an earlier version of it had got.
func TestPauseBeforeTheFirstRequest(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.file("a", 16<<10)
		require.NoError(b, b.start())
		b.srv.ResetRecords()
		b.d = nil
		b.srv.Behave(faultserver.Delay(100 * time.Millisecond))
		b.srv.Lookup("a").Set(faultserver.Version(2))
		id := b.add(b.srv.Lookup("a"))
		time.AfterFunc(50*time.Millisecond, func() { require.NoError(b, b.get().Pause()) })
		time.AfterFunc(time.Second, func() {
			require.Equal(b, littledl.StatusPaused, b.task(id).Status)
			require.Empty(b, b.srv.GETs())
			require.NoError(b, b.get().Resume())
		})
		require.NoError(b, b.get().Start(b.Context()))
		b.same(b.task(id).Path(), b.want[id])
	})
}

// TestPauseForgetsWhatIsOver: failures between which bytes have come are not in a row,
// whatever pauses lie between them.
func TestPauseForgetsWhatIsOver(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentChunksPerFile(1))
		b.net.Shape(faultserver.Same(line(300 << 10)))
		well := faultserver.First(0, faultserver.Status(500))
		id := b.file("a", 12<<20, faultserver.Alternate(faultserver.Status(500), well))
		for i := range 8 {
			at := time.Duration(5*i+4) * time.Second
			time.AfterFunc(at, func() { _ = b.d.Pause() })
			time.AfterFunc(at+500*time.Millisecond, func() { _ = b.d.Resume() })
		}
		require.NoError(b, b.start())
		require.True(b, b.task(id).IsCompleted())
	})
}

// TestEndThatComesTooLate: what ends a batch when all of its files are complete changes
// nothing.
func TestEndThatComesTooLate(t *testing.T) {
	for name, end := range map[string]func(*littledl.BatchDownloader, context.CancelFunc){
		"cancel":  func(d *littledl.BatchDownloader, _ context.CancelFunc) { _ = d.Cancel() },
		"stop":    func(d *littledl.BatchDownloader, _ context.CancelFunc) { _ = d.Stop() },
		"context": func(_ *littledl.BatchDownloader, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.file("a", 1000)
				b.file("b", 1000)
				ctx, cancel := context.WithCancel(b.Context())
				defer cancel()
				b.get().SetFileCompleteCallback(func(littledl.FileTask) {
					if b.get().GetStats().CompletedFiles == 2 {
						end(b.get(), cancel)
					}
				})
				require.NoError(b, b.get().Start(ctx))
				b.check()
			})
		})
	}
}
