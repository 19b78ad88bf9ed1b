package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Functions of the caller's that have a say in a file.

// again says that what it is an error of may be tried again.
type again struct{ error }

func (again) Retryable() bool { return true }
func (a again) Unwrap() error { return a.error }

var errNo = errors.New("the caller says no")

// hooked are options with one hook that does something.
func hooked(do func() error) map[string]littledl.URLOption {
	return map[string]littledl.URLOption{
		"accept": littledl.WithAccept(func(littledl.Answer) error { return do() }),
		"finish": littledl.WithFinish(func(context.Context, *os.File, littledl.FileTask) error { return do() }),
		"refresh": littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
			return "", errors.Join(do(), errNo)
		}),
	}
}

// TestHooksThatRefuse: an error fails the file, and leaves nothing under its name; one that may be
// tried again is, as often as any attempt.
func TestHooksThatRefuse(t *testing.T) {
	for what, c := range map[string]struct {
		do    func() error
		is    error
		calls int32
	}{
		"an error":      {func() error { return errNo }, errNo, 1},
		"a context's":   {func() error { return context.DeadlineExceeded }, context.DeadlineExceeded, 1},
		"cancelled":     {func() error { return fmt.Errorf("mine: %w", context.Canceled) }, context.Canceled, 1},
		"not again":     {func() error { return &littledl.StatusError{Code: 503} }, nil, 1},
		"again":         {func() error { return fmt.Errorf("mine: %w", again{errNo}) }, errNo, 4},
		"Goexit":        {func() error { runtime.Goexit(); return nil }, nil, 1},
		"no hash of it": {func() error { return littledl.ErrHashMismatch }, littledl.ErrHashMismatch, 1},
	} {
		for _, hook := range []string{"accept", "finish", "refresh"} {
			for _, size := range []int64{20 * kib, 8 * mib} {
				t.Run(fmt.Sprint(what, " ", hook, " ", size/kib), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						var calls atomic.Int32
						f := b.srv.File("a.bin", Size(size))
						if hook == "refresh" {
							f.Behave(Status(http.StatusForbidden))
						}
						other := b.srv.File("b.bin", Size(20*kib))
						b.add(f, hooked(func() error { calls.Add(1); return c.do() })[hook])
						good := b.add(other)
						b.d.SetProgressCallback(nil)
						err := b.d.Start(b.Context())
						require.Error(b, err)
						require.False(b, errors.Is(err, littledl.ErrCancelled))
						if c.is != nil {
							require.ErrorIs(b, err, c.is)
						}
						require.EqualValues(b, c.calls, calls.Load())
						require.True(b, b.task(good).IsCompleted(), "others are not concerned")
						finals, parts := b.listing()
						require.Len(b, finals, 1)
						if hook != "finish" {
							require.Empty(b, parts)
							require.LessOrEqual(b, len(b.srv.GETs("a.bin")), int(c.calls))
						}
					})
				})
			}
		}
	}
}

// TestAgainInTheEnd: what may be tried again comes to a good end.
func TestAgainInTheEnd(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		for _, size := range []int64{20 * kib, 8 * mib} {
			t.Run(fmt.Sprint(hook, " ", size/kib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					var calls atomic.Int32
					do := func() error {
						if calls.Add(1) < 3 {
							return again{errNo}
						}
						return nil
					}
					b.add(b.srv.File("a.bin", Size(size)), hooked(do)[hook])
					require.NoError(b, b.start())
					require.EqualValues(b, 3, calls.Load())
					require.Less(b, b.srv.BytesSent("a.bin"), 2*size+4*mib)
				})
			})
		}
	}
}

// TestHooksThatBlock hold up their own file, and nothing else; the server is not blamed for it.
func TestHooksThatBlock(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		t.Run(hook, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.StallTimeout = 2 * time.Second
				goOn, calls := make(chan struct{}), atomic.Int32{}
				id := b.add(b.srv.File("a.bin", Size(8*mib)), hooked(func() error { calls.Add(1); <-goOn; return nil })[hook])
				other := b.add(b.srv.File("b.bin", Size(8*mib)))
				time.AfterFunc(time.Minute, func() {
					if !b.task(other).IsCompleted() || !b.task(id).IsActive() {
						b.Error(b.task(id).Status, b.task(other).Status)
					}
					close(goOn)
				})
				require.NoError(b, b.start())
				require.EqualValues(b, 1, calls.Load())
				require.Zero(b, b.task(id).RetryCount)
			})
		})
	}
}

// TestHooksCallBack: whatever they ask the downloader for.
func TestHooksCallBack(t *testing.T) {
	for _, hook := range []string{"accept", "finish", "refresh"} {
		t.Run(hook, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f, more := b.srv.File("a.bin", Size(8*mib)), b.srv.File("b.bin", Size(20*kib))
				if hook == "refresh" {
					f.Behave(Status(http.StatusGone))
				}
				id := ""
				id = b.add(f, hooked(func() error {
					task, ok := b.d.GetTask(id)
					require.True(b, ok)
					require.True(b, task.IsActive())
					require.NotEmpty(b, b.d.GetAllTasks())
					b.d.GetProgress()
					b.d.GetStats()
					require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrRunning)
					_, err := b.d.AddURL(more.URL(), littledl.WithSavePath(b.dir))
					require.NoError(b, err)
					require.NoError(b, b.d.Pause())
					require.NoError(b, b.d.Resume())
					return errNo
				})[hook])
				b.d.SetProgressCallback(nil)
				require.ErrorIs(b, b.d.Start(b.Context()), errNo)
				require.True(b, b.task("task-2").IsCompleted())
			})
		})
	}
}

// TestHookCancels: the Start that it runs in ends.
func TestHookCancels(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		inBoth(t, func(b *bed) {
			b.add(b.srv.File("a.bin", Size(8*mib)), hooked(func() error { return b.d.Cancel() })[hook])
			err := b.start()
			if err != nil {
				require.ErrorIs(b, err, littledl.ErrCancelled)
			}
		})
	}
}

// TestHookPanics: that is the caller's, and ends the program.
func TestHookPanics(t *testing.T) {
	const job = "LITTLEDL_TEST_PANIC"
	if hook := os.Getenv(job); hook != "" {
		b := Start(t)
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy}))
		require.NoError(t, err)
		_, err = d.AddURL(b.File("a").URL(), littledl.WithSavePath(os.Getenv(job+"_DIR")), hooked(func() error { panic("the caller's own") })[hook])
		require.NoError(t, err)
		_ = d.Start(t.Context())
		time.Sleep(5 * time.Second)
		return
	}
	for _, hook := range []string{"accept", "finish"} {
		out, err := runTest(t, "TestHookPanics", job+"="+hook, job+"_DIR="+t.TempDir()) // the other process clears up nothing
		require.Error(t, err)
		require.Contains(t, out, "panic: the caller's own")
	}
}
