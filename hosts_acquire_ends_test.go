package littledl_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// retryable says whether it may be tried again.
type retryable bool

func (r retryable) Error() string   { return fmt.Sprintf("retryable: %v", bool(r)) }
func (r retryable) Retryable() bool { return bool(r) }

// TestAcquireHostFails: its error is the file's, at the first or where a redirect leads.
func TestAcquireHostFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		asked int
	}{
		"an error":       {errEnough, 1},
		"of a context":   {context.DeadlineExceeded, 1},
		"cancelled":      {context.Canceled, 1},
		"final":          {fmt.Errorf("no: %w", retryable(false)), 1},
		"to be retried":  {fmt.Errorf("yes: %w", retryable(true)), 4},
		"where it leads": {errEnough, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				var asked atomic.Int32
				b.conf.AcquireHost = func(_ context.Context, origin string) (func(), error) {
					asked.Add(1)
					if name == "where it leads" && origin == "http://files.test:80" {
						return func() {}, nil
					}
					return nil, c.err
				}
				id := b.add(b.srv.File("a", faultserver.Behave(faultserver.RedirectTo("http://other.test/a", 302))))
				err := b.start()
				require.ErrorIs(b, err, c.err)
				require.ErrorContains(b, err, "AcquireHost")
				require.True(b, b.task(id).IsFailed())
				require.EqualValues(b, c.asked, asked.Load())
			})
		})
	}
	t.Run("retried, and granted", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			n := 0
			b.conf.AcquireHost = func(context.Context, string) (func(), error) {
				if n++; n < 3 {
					return nil, retryable(true)
				}
				return nil, nil
			}
			b.file("a", kib)
			require.NoError(b, b.start())
			require.Equal(b, 3, n)
		})
	})
	t.Run("to be compared", func(t *testing.T) { // of trusted mirrors
		enhBubble(t, func(b *enhBed) {
			b.opts = append(b.opts, littledl.WithTrustedMirrors(true))
			b.conf.AcquireHost = func(_ context.Context, origin string) (func(), error) {
				if origin == "http://b.test:80" {
					return nil, errEnough
				}
				return nil, nil
			}
			first, second := b.origin("a.test"), b.origin("b.test")
			f := first.File("f", faultserver.Size(40*mib))
			second.File("f", append(sameAs(f), faultserver.Size(40*mib))...)
			b.mirrored("f", f.Content(), nil, first, second)
			require.ErrorIs(b, b.start(), errEnough)
			require.Empty(b, second.Requests())
		})
	})
}

// TestAcquireHostEnds: who waits for a grant is told when it is not wanted any more.
func TestAcquireHostEnds(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		told := 0
		var mu sync.Mutex
		b.conf.AcquireHost = func(ctx context.Context, _ string) (func(), error) {
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			told++
			return nil, fmt.Errorf("in my own words: %w", ctx.Err())
		}
		b.add(b.srv.File("a"))
		b.add(b.srv.File("b"))
		time.AfterFunc(time.Second, func() { b.d.Pause() })
		time.AfterFunc(2*time.Second, func() {
			for _, t := range b.d.GetAllTasks() {
				require.Equal(b, littledl.StatusPaused, t.Status)
			}
			b.d.Resume()
		})
		time.AfterFunc(3*time.Second, func() { b.d.Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.GreaterOrEqual(b, told, 4)
		require.Empty(b, b.srv.Requests())
	})
}

// TestAcquireHostGoexit: one that ends its goroutine ends Start.
func TestAcquireHostGoexit(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.AcquireHost = func(context.Context, string) (func(), error) {
			runtime.Goexit()
			return nil, nil
		}
		b.file("a", kib)
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrCancelled)
	})
}

// TestHintWaitsForNobody: a HEAD that is sent ahead, and is led to a host that its caller does not
// grant, keeps neither the file that it is for nor the end of the batch.
func TestHintWaitsForNobody(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(mib)))
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.conf.MaxConnectionsPerHost = 2
		asked := 0
		b.conf.AcquireHost = func(ctx context.Context, origin string) (func(), error) {
			if origin == "http://other.test:80" {
				asked++
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}
		other := faultserver.Start(b, faultserver.On(b.net, "other.test:80")).File("led")
		led := faultserver.When(func(r *faultserver.Request) bool { return r.Method == "HEAD" }, faultserver.RedirectTo(other.URL(), 302))
		for i := range 6 {
			b.file(fmt.Sprint(i), 256*kib)
		}
		b.file("led", mib, led)
		for i := range 4 {
			b.file(fmt.Sprint("more", i), 256*kib)
		}
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 10*time.Second)
		require.Positive(b, asked)
	})
}
