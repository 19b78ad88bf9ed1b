package littledl_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/span"
)

// TestPauseTask: its bytes stop within 200 ms and are kept, its place goes to another, and it
// goes on from where it stood, by ResumeTask and not by Resume.
func TestPauseTask(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		b.option(littledl.WithMaxConcurrentFiles(1))
		large, next := b.file("large", 16<<20), b.file("next", 6<<20)
		done := b.background(b.Context())
		time.Sleep(1500 * time.Millisecond)
		require.NoError(b, b.get().PauseTask(large))
		require.NoError(b, b.get().PauseTask(large), "a second time it does nothing")
		time.Sleep(200 * time.Millisecond)
		held := b.task(large).Downloaded
		require.Positive(b, held)
		require.Equal(b, littledl.StatusPaused, b.task(large).Status)
		require.Zero(b, b.task(large).Speed)
		require.NotEmpty(b, b.srv.GETs("next"), "it has the place")
		time.Sleep(time.Hour)
		require.Equal(b, littledl.StatusCompleted, b.task(next).Status)
		require.NoError(b, b.get().Pause())
		require.NoError(b, b.get().Resume())
		require.NoError(b, b.get().WaitIdle(b.Context()), "a task that is paused alone is not waited for")
		require.Equal(b, held, b.task(large).Downloaded)
		before := len(b.srv.GETs("large"))

		require.NoError(b, b.get().ResumeTask(large))
		require.NoError(b, <-done)
		b.check()
		var again span.Set // two may ask for the same, when one takes from the other
		for _, a := range batchAsked(t, b.srv.GETs("large")[before:]) {
			again.Add(a.lo, a.hi)
		}
		require.Equal(b, int64(16<<20)-held, again.Len(), "exactly the rest is asked for")
		require.Zero(b, b.task(large).RetryCount, "a pause is no failure")
	})
}

// TestPauseTaskUnprovable: what no validator proves is kept as well.
func TestPauseTaskUnprovable(t *testing.T) {
	batchBubble(t, func(b *batch) {
		id := b.add(b.srv.File("a", faultserver.Size(16<<20), faultserver.Behave(faultserver.NoValidators())))
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().PauseTask(id))
		time.Sleep(time.Minute)
		held := b.task(id).Downloaded
		require.Positive(b, held)
		require.NoError(b, b.get().ResumeTask(id))
		require.NoError(b, <-done)
		b.check()
	})
}

// TestCancelTask ends one task and nobody else, for its own cause; Start does not try it again,
// ResumeTask does, and goes on from what is there.
func TestCancelTask(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(b *batch, id string){
		"in transfer": func(*batch, string) { time.Sleep(1500 * time.Millisecond) },
		"paused":      func(b *batch, id string) { time.Sleep(time.Second); _ = b.get().PauseTask(id); time.Sleep(time.Second) },
		"all paused":  func(b *batch, _ string) { time.Sleep(time.Second); _ = b.get().Pause(); time.Sleep(time.Second) },
		"at once":     func(*batch, string) {},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.net.Shape(faultserver.Same(line(mib)))
				id, other := b.file("a", 16<<20), b.file("b", 6<<20)
				done := b.background(b.Context())
				first(b, id)
				require.NoError(b, b.get().CancelTask(id, errEnough))
				require.NoError(b, b.get().Resume())
				err := <-done
				b.check()
				require.ErrorIs(b, err, errEnough)
				require.NotErrorIs(b, err, littledl.ErrCancelled)
				require.Len(b, failures(b, err), 1)
				require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
				require.Equal(b, littledl.StatusCompleted, b.task(other).Status)

				seen, held := len(b.srv.Requests()), b.task(id).Downloaded
				require.ErrorIs(b, b.start(), errEnough)
				require.Len(b, b.srv.Requests(), seen, "it is not tried again")
				require.NoError(b, b.get().ResumeTask(id))
				require.NoError(b, b.start())
				var sent int64
				for _, r := range b.srv.GETs("a") {
					sent += r.Sent
				}
				require.Less(b, sent, int64(16<<20)+max(held/2, mib), "what had come is not fetched again")
			})
		})
	}
}

// TestCancelTaskByDefault: without a cause it is ErrCancelled.
func TestCancelTaskByDefault(t *testing.T) {
	batchBubble(t, func(b *batch) {
		id := b.file("a", 1<<10)
		require.NoError(b, b.get().CancelTask(id, nil), "before Start")
		require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.Empty(b, b.srv.Requests())
	})
}

// TestDuplicatesTakeOver: what is wished of a task concerns it alone. Who waits for the same file
// goes on with its bytes.
func TestDuplicatesTakeOver(t *testing.T) {
	t.Parallel()
	for name, wish := range map[string]func(d *littledl.BatchDownloader, id string) error{
		"paused":    (*littledl.BatchDownloader).PauseTask,
		"cancelled": func(d *littledl.BatchDownloader, id string) error { return d.CancelTask(id, nil) },
		"removed":   (*littledl.BatchDownloader).Remove,
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a", faultserver.Size(32<<20))
				first, second, elsewhere := b.add(f), b.add(f), b.add(f, littledl.WithSavePath(filepath.Join(b.dir, "sub")))
				done := b.background(b.Context())
				time.Sleep(2 * time.Second)
				held := b.task(first).Downloaded
				require.NoError(b, wish(b.get(), first))
				time.Sleep(time.Hour)
				require.Equal(b, littledl.StatusCompleted, b.task(second).Status)
				require.Equal(b, littledl.StatusCompleted, b.task(elsewhere).Status)
				_ = b.get().ResumeTask(first)
				if err := <-done; name == "cancelled" {
					require.ErrorIs(b, err, littledl.ErrCancelled)
				} else {
					require.NoError(b, err)
				}
				var sent int64
				for _, r := range b.srv.GETs("a") {
					sent += r.Sent
				}
				require.Less(b, sent, int64(32<<20)+held/2, "what had come is not fetched again")
				b.same(b.task(second).Path(), f.Content())
				b.same(b.task(elsewhere).Path(), f.Content())
			})
		})
	}
}

// TestSetPriority: what is more urgent goes first, and has the place of what is less.
func TestSetPriority(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithMaxConcurrentChunksPerFile(1), littledl.WithSmallFilePriority(false))
		var ids []string
		for i := range 6 {
			ids = append(ids, b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(12<<20)), littledl.WithPriority(1)))
		}
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().SetPriority(ids[4], 0))
		require.NoError(b, b.get().SetPriority(ids[1], 2))
		require.ErrorIs(b, b.get().SetPriority(ids[1], -1), littledl.ErrInvalidOption)
		require.Equal(b, 0, b.task(ids[4]).Priority)
		require.NoError(b, <-done)
		b.check()
		require.Equal(b, []string{"0", "4", "2", "3", "5", "1"}, batchFirst(b.srv.GETs()))
	})
}

// TestWithTimeout: the file's own time in transfer, with everything that is waited for in it, and
// neither the queue nor pauses.
func TestWithTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behave []faultserver.Behaviour
		within time.Duration
	}{
		"slow":        {nil, 10*time.Second + 10*time.Millisecond},
		"mute":        {[]faultserver.Behaviour{faultserver.Delay(time.Hour)}, 10*time.Second + 10*time.Millisecond},
		"retry after": {[]faultserver.Behaviour{faultserver.Status(503, faultserver.RetryAfter("50"))}, 10*time.Second + 10*time.Millisecond},
		"backoff":     {[]faultserver.Behaviour{faultserver.Status(500)}, 10*time.Second + 10*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.net.Shape(faultserver.Same(line(256 * kib)))
				b.conf.Retry.MaxRetries, b.conf.Retry.BaseDelay = 100, 5*time.Second
				id := b.add(b.srv.File("a", faultserver.Size(25<<20), faultserver.Behave(c.behave...)), littledl.WithTimeout(10*time.Second))
				began := time.Now()
				err := b.start()
				require.ErrorIs(b, err, littledl.ErrTimeout)
				require.Equal(b, littledl.StatusFailed, b.task(id).Status)
				require.LessOrEqual(b, time.Since(began), c.within)
				require.GreaterOrEqual(b, time.Since(began), 10*time.Second)
			})
		})
	}
	t.Run("not the queue, nor pauses", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithSmallFilePriority(false))
			b.net.Shape(faultserver.Same(line(256 * kib)))
			b.file("first", 13<<20)
			id := b.add(b.srv.File("a", faultserver.Size(7<<20)), littledl.WithTimeout(10*time.Second))
			done := b.background(b.Context())
			time.Sleep(16 * time.Second) // 13 for the first, 7 for this one
			require.Equal(b, littledl.StatusDownloading, b.task(id).Status)
			require.NoError(b, b.get().Pause())
			time.Sleep(time.Minute)
			require.NoError(b, b.get().Resume())
			require.NoError(b, <-done)
			b.check()
		})
	})
}

// TestUnknownTask: every call for one task says so.
func TestUnknownTask(t *testing.T) {
	d, err := littledl.NewEnhancedBatchDownloader()
	require.NoError(t, err)
	for name, err := range map[string]error{
		"PauseTask": d.PauseTask("task-1"), "ResumeTask": d.ResumeTask(""), "CancelTask": d.CancelTask("x", nil),
		"Remove": d.Remove("task-01"), "SetPriority": d.SetPriority("task-9", 1),
	} {
		require.ErrorIs(t, err, littledl.ErrUnknownTask, name)
	}
	require.ErrorIs(t, d.WaitIdle(context.Background()), littledl.ErrNotRunning)
}

// TestEndedTasksStay: on a completed task everything but Remove does nothing.
func TestEndedTasksStay(t *testing.T) {
	batchBubble(t, func(b *batch) {
		type tag struct{ n int }
		id := b.add(b.srv.File("a", faultserver.Size(1<<10)), littledl.WithTag(tag{7}))
		require.NoError(b, b.start())
		for _, err := range []error{
			b.get().PauseTask(id), b.get().ResumeTask(id), b.get().CancelTask(id, errEnough), b.get().SetPriority(id, 3),
		} {
			require.NoError(b, err)
		}
		require.Equal(b, littledl.StatusCompleted, b.task(id).Status)
		require.Equal(b, tag{7}, b.task(id).Tag)
		require.NoError(b, b.start())
		require.Len(b, b.srv.GETs(), 1)
	})
}
