package littledl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestServe: it stays when nothing is left to do, with its connections, and begins at once when
// something is added.
func TestServe(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		done := make(chan error, 1)
		go func() { done <- b.get().Serve(b.Context()) }()
		synctest.Wait()
		require.ErrorIs(b, b.get().Serve(b.Context()), littledl.ErrRunning)
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrRunning)
		for i := range 20 {
			b.file(fmt.Sprint(i), 64<<10)
			require.NoError(b, b.get().WaitIdle(b.Context()))
			require.Equal(b, i+1, b.get().GetProgress().CompletedFiles)
			require.Zero(b, b.get().GetProgress().OverallSpeed)
			time.Sleep(10 * time.Second)
		}
		conns := map[int]bool{}
		for _, r := range b.srv.GETs() {
			conns[r.Conn] = true
		}
		require.Len(b, conns, 1, "its connection is kept warm")
		bad := b.file("bad", 1<<10, faultserver.First(1, faultserver.Status(404)))
		require.NoError(b, b.get().WaitIdle(b.Context()))
		require.Equal(b, littledl.StatusFailed, b.task(bad).Status)
		time.Sleep(time.Hour)
		require.Len(b, b.srv.GETs("bad"), 1, "nothing is tried again by itself")
		require.NoError(b, b.get().ResumeTask(bad))
		require.NoError(b, b.get().WaitIdle(b.Context()))
		require.Equal(b, littledl.StatusCompleted, b.task(bad).Status)
		require.NoError(b, b.get().Stop())
		require.NoError(b, <-done)
		b.check()
		require.ErrorIs(b, b.get().Serve(b.Context()), littledl.ErrStopped)
	})
}

// TestAddedBesideCallback: what is added, or resumed, while the callback of the last file takes its
// time has not to wait for that.
func TestAddedBesideCallback(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		begun, told := make(chan struct{}), 0
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) {
			if told++; told == 1 {
				close(begun)
				time.Sleep(time.Hour)
			}
		}))
		paused := b.file("paused", 1<<20)
		require.NoError(b, b.get().PauseTask(paused))
		b.file("a", 1<<10)
		done := b.background(b.Context())
		<-begun
		time.Sleep(time.Minute)
		id := b.file("b", 1<<20)
		require.NoError(b, b.get().ResumeTask(paused))
		time.Sleep(time.Minute)
		for _, id := range []string{id, paused} {
			require.Equal(b, littledl.StatusCompleted, b.task(id).Status)
		}
		require.NoError(b, <-done)
		require.Equal(b, 3, told)
		b.check()
	})
}

// TestAddedBesideHead: nor for a HEAD that a host would count still when it is given up, and Start
// returns when it is there as well.
func TestAddedBesideHead(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.conf.MaxConnectionsPerHost = 2
		var ticks atomic.Int64
		b.option(littledl.WithProgressCallback(func(completed, total int, speed float64, eta time.Duration) { ticks.Add(1) }))
		for i := range 6 {
			b.file(fmt.Sprint(i), 256<<10, faultserver.HeadHang())
		}
		done := b.background(b.Context())
		time.Sleep(3 * time.Second)
		require.Equal(b, 6, b.get().GetStats().CompletedFiles)
		require.Empty(b, done, "the HEAD takes five seconds")
		before := ticks.Load()
		id := b.file("late", 4<<20)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(b, littledl.StatusDownloading, b.task(id).Status)
		require.Greater(b, ticks.Load(), before, "progress is told again")
		require.NoError(b, <-done)
		require.Equal(b, littledl.StatusCompleted, b.task(id).Status)
		b.check()
	})
}

// TestServeEnds: ErrCancelled after Cancel, the cause of a context, and then another may follow.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		id := b.file("a", 64<<20)
		ctx, cancel := context.WithCancelCause(b.Context())
		done := make(chan error, 1)
		go func() { done <- b.get().Serve(ctx) }()
		time.Sleep(time.Second)
		require.NoError(b, b.get().Cancel())
		require.ErrorIs(b, <-done, littledl.ErrCancelled)
		require.Equal(b, littledl.StatusCancelled, b.task(id).Status)
		go func() { done <- b.get().Serve(ctx) }()
		time.Sleep(time.Second)
		require.Equal(b, littledl.StatusDownloading, b.task(id).Status, "it is tried again at the beginning")
		cancel(errEnough)
		require.ErrorIs(b, <-done, errEnough)
		require.NoError(b, b.start())
	})
}

// TestProgressAnew: when nothing was left to do, progress begins again.
func TestProgressAnew(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		b.option(littledl.WithMaxConcurrentChunksPerFile(1))
		done := make(chan error, 1)
		b.file("a", 10<<20)
		go func() { done <- b.get().Serve(b.Context()) }()
		synctest.Wait()
		require.NoError(b, b.get().WaitIdle(b.Context()))
		require.Equal(b, 100.0, b.get().GetProgress().Progress())
		b.file("b", 10<<20)
		time.Sleep(2 * time.Second)
		require.InDelta(b, 20, b.get().GetProgress().Progress(), 5)
		require.NoError(b, b.get().WaitIdle(b.Context()))
		require.NoError(b, b.get().Stop())
		require.NoError(b, <-done)
	})
}

// TestForgetEnded: a task is gone once its callback has returned, the sums stay, and who wants the
// same file or name later meets what is on the disk.
func TestForgetEnded(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.ForgetEnded = true
		seen := 0
		b.option(littledl.WithFileCompleteCallback(func(f littledl.FileTask) {
			_, ok := b.get().GetTask(f.TaskID)
			require.True(b, ok, "not before it has returned")
			seen++
		}))
		f := b.srv.File("a", faultserver.Size(64<<10))
		b.add(f)
		for i := range 130 {
			b.add(b.srv.File(fmt.Sprint("bad", i), faultserver.Size(64<<10), faultserver.Behave(faultserver.Status(404))))
		}
		err := b.get().Start(b.Context())
		require.Len(b, failures(b, err), 100)
		require.ErrorContains(b, err, "130 files did not complete")
		require.Empty(b, b.get().GetAllTasks())
		require.Equal(b, 131, seen)
		s := b.get().GetStats()
		require.Equal(b, 131, s.TotalFiles)
		require.Equal(b, 130, s.FailedFiles)
		require.Equal(b, int64(64<<10), s.DownloadedBytes)

		requests := len(b.srv.Requests())
		require.NoError(b, b.get().Start(b.Context()), "nothing is tried again")
		require.Len(b, b.srv.Requests(), requests)
		b.add(f)
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, []string{"a"}, b.list(), "the same is kept")
		for range 5 {
			b.add(b.srv.File("other/a", faultserver.Size(32<<10), faultserver.Behave(faultserver.NoValidators())))
			require.NoError(b, b.get().Start(b.Context()))
			require.NoError(b, os.WriteFile(filepath.Join(b.dir, "a"), []byte("other"), 0o600))
		}
	})
}

// TestForgetEndedResults: those of BatchDownload are as ever.
func TestForgetEndedResults(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.ForgetEnded = true
		good, bad := b.srv.File("a", faultserver.Size(1<<10)), b.srv.File("b", faultserver.Behave(faultserver.Status(404)))
		results, err := littledl.BatchDownload(b.Context(), []string{bad.URL(), good.URL(), good.URL()}, b.dir, littledl.WithConfig(b.conf))
		require.ErrorContains(b, err, "1 file did not complete")
		require.Len(b, results, 3)
		require.Equal(b, 404, statusOf(results[0].Err))
		for _, r := range results[1:] {
			require.NoError(b, r.Err)
			b.same(r.Path, good.Content())
		}
	})
}
