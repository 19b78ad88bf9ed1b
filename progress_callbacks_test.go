package littledl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestFileCallback: once per file and Start, after the state is terminal.
func TestFileCallback(t *testing.T) {
	batchBubble(t, func(b *batch) {
		calls := map[string]int{}
		b.option(littledl.WithFileCompleteCallback(func(task littledl.FileTask) {
			calls[task.TaskID]++
			now := b.task(task.TaskID)
			require.Equal(b, task, now, "what is told is true")
			_, err := os.Stat(filepath.Join(b.dir, "f"+task.TaskID[5:]))
			switch task.Status {
			case littledl.StatusCompleted:
				require.NoError(b, err)
			case littledl.StatusFailed:
				require.ErrorIs(b, err, fs.ErrNotExist)
				var fe *littledl.FileError
				require.ErrorAs(b, task.Err, &fe)
			default:
				b.Errorf("%s is %s", task.TaskID, task.Status)
			}
		}))
		want := map[string]int{}
		for i := range 10 {
			var bad []faultserver.Behaviour
			if i%3 == 0 {
				bad = append(bad, faultserver.First(1, faultserver.Status(404)))
			}
			want[b.file(fmt.Sprint("f", i+1), 100<<10, bad...)] = 1
		}
		require.Error(b, b.start())
		require.Equal(b, want, calls)
		require.NoError(b, b.start())
		for i := range 10 {
			if i%3 == 0 {
				want[fmt.Sprint("task-", i+1)]++
			}
		}
		require.Equal(b, want, calls, "the second Start tells of what it did")
	})
}

// TestCallbacksOneAtATime: however slow they are, they never overlap, none for a file
// is lost, and no byte is slowed.
func TestCallbacksOneAtATime(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var inside, files atomic.Int32
		var lastByte time.Time
		alone := func() {
			require.EqualValues(b, 1, inside.Add(1))
			time.Sleep(3 * time.Second)
			inside.Add(-1)
		}
		b.option(
			littledl.WithProgressCallback(func(int, int, float64, time.Duration) { alone() }),
			littledl.WithFileCompleteCallback(func(littledl.FileTask) { files.Add(1); alone() }),
		)
		b.net.Shape(faultserver.Same(line(1 << 20)))
		for i := range 10 {
			b.file(fmt.Sprint(i), 1<<20)
		}
		began := time.Now()
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs() {
			if r.End.After(lastByte) {
				lastByte = r.End
			}
		}
		require.Less(b, lastByte.Sub(began), 4*time.Second, "2 s of bytes at best")
		require.EqualValues(b, 10, files.Load())
		require.GreaterOrEqual(b, time.Since(began), 30*time.Second, "Start returns after the last callback")
	})
}

// TestCallbacksCallIn: every method may be called from a callback.
func TestCallbacksCallIn(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.ProgressInterval = 100 * time.Millisecond
		all := func() {
			d := b.get()
			require.NotEmpty(b, d.GetAllTasks())
			d.GetProgress()
			d.GetStats()
			_, ok := d.GetTask("task-1")
			require.True(b, ok)
			require.NoError(b, d.Pause())
			require.NoError(b, d.Resume())
			require.ErrorIs(b, d.Start(b.Context()), littledl.ErrRunning)
			d.SetProgressCallback(nil)
		}
		var files int
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) { files++; all() }))
		b.option(littledl.WithProgressCallback(func(int, int, float64, time.Duration) { all() }))
		for i := range 5 {
			b.file(fmt.Sprint(i), 2<<20)
		}
		require.NoError(b, b.start())
		require.Equal(b, 5, files)
	})
}

// TestAddFromCallback: Start ends when the queue is empty and nobody has anything to
// add any more, be it in the very last call of progress.
func TestAddFromCallback(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var finals int
		b.option(littledl.WithFileCompleteCallback(func(task littledl.FileTask) {
			if n := len(b.get().GetAllTasks()); n < 10 {
				b.file(fmt.Sprint(n), 10<<10)
			}
		}), littledl.WithProgressCallback(func(completed, total int, _ float64, _ time.Duration) {
			if completed < total || total >= 12 {
				return
			}
			finals++
			b.file(fmt.Sprint("late", total), 10<<10)
		}))
		b.file("first", 10<<10)
		require.NoError(b, b.start())
		require.Len(b, b.get().GetAllTasks(), 12)
		require.Equal(b, 2, finals)
		require.Equal(b, 12, b.get().GetProgress().CompletedFiles)
	})
}

// TestCancelFromCallback: a batch can be cancelled from a callback, which keeps what is
// complete.
func TestCancelFromCallback(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithFileCompleteCallback(func(littledl.FileTask) {
			require.NoError(b, b.get().Cancel())
		}))
		for i := range 3 {
			b.file(fmt.Sprint(i), 4<<20)
		}
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.True(b, b.task("task-1").IsCompleted())
	})
}

// TestClearedCallbacks are not called.
func TestClearedCallbacks(t *testing.T) {
	batchBubble(t, func(b *batch) {
		calls := b.listen()
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) { b.Error("called") }))
		b.get().SetFileCompleteCallback(nil)
		b.get().SetProgressCallback(nil)
		b.file("a", 4<<20)
		require.NoError(b, b.start())
		require.Empty(b, *calls)
	})
}

// TestSlowCallback blocks and calls back in while bytes flow.
func TestSlowCallback(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.deadline = 2 * time.Hour
		var late sync.Once
		b.option(littledl.WithProgressCallback(func(int, int, float64, time.Duration) {
			late.Do(func() {
				b.add(b.srv.File("late.bin"))
				b.d.GetStats()
				b.d.SetFileCompleteCallback(nil)
				b.d.Pause()
				b.d.Resume()
				time.Sleep(time.Hour)
			})
		}))
		b.add(b.srv.File("a.bin", faultserver.Size(8*mib), faultserver.Behave(faultserver.Slow(mib))))
		began := time.Now()
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, b.took, time.Hour)
		require.Len(b, b.d.GetAllTasks(), 2)
		for _, r := range b.srv.GETs() {
			require.Less(b, r.End.Sub(began), 10*time.Second, r.Path)
		}
	})
}
