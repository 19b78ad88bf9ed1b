package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// Tasks that are stopped while a function of their caller's runs.

// errKilled is what a command says that its context has ended: not why.
var errKilled = errors.New("signal: killed")

// TestStoppedInFinish: whatever a function says whose context has ended, it is why that has ended
// which counts, and nothing is fetched again.
func TestStoppedInFinish(t *testing.T) {
	for _, size := range []int64{20 * kib, 8 * mib} {
		for how, c := range map[string]struct {
			stop   func(b *bed, id string) error
			status littledl.FileTaskStatus
			is     error
		}{
			"CancelTask":  {func(b *bed, id string) error { return b.d.CancelTask(id, errEnough) }, littledl.StatusCancelled, errEnough},
			"Cancel":      {func(b *bed, _ string) error { return b.d.Cancel() }, littledl.StatusCancelled, littledl.ErrCancelled},
			"WithTimeout": {func(*bed, string) error { return nil }, littledl.StatusFailed, littledl.ErrTimeout},
			"PauseTask": {func(b *bed, id string) error {
				time.AfterFunc(time.Hour, func() { require.NoError(b, b.d.ResumeTask(id)) })
				return b.d.PauseTask(id)
			}, littledl.StatusCompleted, nil},
		} {
			t.Run(fmt.Sprint(how, " ", size/kib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					f, id, calls, sent := b.srv.File("a.bin", Size(size)), "", 0, 0
					id = b.add(f, littledl.WithTimeout(time.Minute), littledl.WithFinish(func(ctx context.Context, _ *os.File, _ littledl.FileTask) error {
						if calls++; calls > 1 {
							return nil
						}
						sent = len(b.srv.Requests())
						require.NoError(b, c.stop(b, id))
						<-ctx.Done()
						return errKilled
					}))
					b.d.SetProgressCallback(nil)
					err := b.d.Start(b.Context())
					require.Equal(b, c.status, b.task(id).Status)
					if c.is == nil {
						require.NoError(b, err)
					} else {
						require.ErrorIs(b, err, c.is)
						require.NotErrorIs(b, err, errKilled)
						require.NoError(b, b.d.ResumeTask(id))
						require.NoError(b, b.d.Start(b.Context()))
					}
					require.Equal(b, 2, calls)
					require.Len(b, b.srv.Requests(), sent, "nothing is fetched again")
					require.NoError(b, b.compare(b.task(id)))
				})
			})
		}
	}
}

// TestStoppedBeforeItsName: what is wished of a file before it has its name is done, though all of
// it is there by then.
func TestStoppedBeforeItsName(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		for _, size := range []int64{20 * kib, 8 * mib} {
			t.Run(fmt.Sprint(hook, " ", size/kib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					cancelled, removed, paused := "", "", ""
					cancelled = b.add(b.srv.File("a.bin", Size(size)), hooked(func() error { return b.d.CancelTask(cancelled, errEnough) })[hook])
					removed = b.add(b.srv.File("b.bin", Size(size)), hooked(func() error { return b.d.Remove(removed) })[hook])
					again := false
					paused = b.add(b.srv.File("c.bin", Size(size)), hooked(func() error {
						if again {
							return nil
						}
						again = true
						time.AfterFunc(time.Hour, func() {
							require.Equal(b, littledl.StatusPaused, b.task(paused).Status)
							require.NoError(b, b.d.ResumeTask(paused))
						})
						return b.d.PauseTask(paused)
					})[hook])
					b.d.SetProgressCallback(nil)
					require.ErrorIs(b, b.d.Start(b.Context()), errEnough)
					require.Equal(b, littledl.StatusCancelled, b.task(cancelled).Status)
					_, known := b.d.GetTask(removed)
					require.False(b, known)
					require.True(b, b.task(paused).IsCompleted())
					finals, _ := b.listing()
					require.Equal(b, []string{filepath.Join(b.dir, "c.bin")}, finals)
				})
			})
		}
	}
}
