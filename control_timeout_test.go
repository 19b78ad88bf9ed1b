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
