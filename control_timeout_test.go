package littledl_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// What WithTimeout does not count: the caller's own time.

// sleepy is a writer that takes its time.
type sleepy struct{ bytes int64 }

func (w *sleepy) Write(b []byte) (int, error) {
	time.Sleep(30 * time.Second)
	w.bytes += int64(len(b))
	return len(b), nil
}

func TestTimeoutIsNotTheWriters(t *testing.T) {
	for _, size := range []int64{20 << 10, 20 << 20} {
		batchBubble(t, func(b *batch) {
			w := new(sleepy)
			id, err := b.get().AddURL(b.srv.File("a", faultserver.Size(size)).URL(), littledl.WithWriter(w), littledl.WithTimeout(10*time.Second))
			require.NoError(b, err)
			require.NoError(b, b.start())
			require.Equal(b, size, w.bytes)
			require.True(b, b.task(id).IsCompleted())
		})
	}
}

func TestTimeoutIsNotAcquireHosts(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.AcquireHost = func(context.Context, string) (func(), error) {
			time.Sleep(30 * time.Second)
			return nil, nil
		}
		for _, f := range []*faultserver.File{
			b.srv.File("a", faultserver.Size(20<<10)), b.srv.File("b", faultserver.Size(20<<20)),
			b.srv.File("c", faultserver.Behave(faultserver.Redirect(1, 302))),
		} {
			b.add(f, littledl.WithTimeout(10*time.Second))
		}
		require.NoError(b, b.start())
	})
}

// TestTimeoutBesideAcquireHost: that others of its requests wait does not help a file whose server
// is too slow.
func TestTimeoutBesideAcquireHost(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(128 << 10)))
		var asked atomic.Int32
		b.conf.AcquireHost = func(ctx context.Context, _ string) (func(), error) {
			if asked.Add(1) > 1 {
				<-ctx.Done()
			}
			return nil, ctx.Err()
		}
		id := b.add(b.srv.File("a", faultserver.Size(100<<20)), littledl.WithTimeout(10*time.Second))
		began := time.Now()
		require.ErrorIs(b, b.start(), littledl.ErrTimeout)
		require.Greater(b, asked.Load(), int32(1))
		require.WithinDuration(b, began.Add(10*time.Second), time.Now(), 10*time.Millisecond)
		require.Positive(b, b.task(id).Downloaded)
	})
}

// TestTimeoutIsNotOfAPausedDelay: of a wait for the server counts what lasted, be the task paused
// meanwhile, or all of the batch; and that counts.
func TestTimeoutIsNotOfAPausedDelay(t *testing.T) {
	t.Parallel()
	task := func(b *batch, id string) { require.NoError(b, b.get().PauseTask(id)) }
	resumed := func(b *batch, id string) { require.NoError(b, b.get().ResumeTask(id)) }
	all := func(b *batch, _ string) { require.NoError(b, b.get().Pause()) }
	resumedAll := func(b *batch, _ string) { require.NoError(b, b.get().Resume()) }
	for name, c := range map[string]struct {
		pause, resume func(*batch, string)
		refusals      int
		want          error
	}{
		"task":      {task, resumed, 1, nil},
		"batch":     {all, resumedAll, 1, nil},
		"task, up":  {task, resumed, 9, littledl.ErrTimeout},
		"batch, up": {all, resumedAll, 9, littledl.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.Retry.MaxElapsed = time.Hour
				busy := faultserver.First(c.refusals, faultserver.Status(503, faultserver.RetryAfter("60")))
				id := b.add(b.srv.File("a", faultserver.Size(mib), faultserver.Behave(busy)), littledl.WithTimeout(30*time.Second))
				done, began := b.background(b.Context()), time.Now()
				time.Sleep(20 * time.Second)
				c.pause(b, id)
				time.Sleep(50 * time.Second)
				c.resume(b, id)
				require.ErrorIs(b, <-done, c.want)
				if c.want != nil {
					require.InDelta(b, 80, time.Since(began).Seconds(), 0.5)
				}
			})
		})
	}
}
