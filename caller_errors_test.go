package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// failsFirst is a transport that fails so often, and then leads on.
type failsFirst struct {
	to    http.RoundTripper
	why   error
	times atomic.Int32
}

func (f *failsFirst) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.times.Add(-1) >= 0 {
		return nil, f.why
	}
	return f.to.RoundTrip(r)
}

// TestErrorsOfTheCaller: what a transport or a dialer of the caller's says of its own error counts,
// and the end of a context of its own is final.
func TestErrorsOfTheCaller(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		why   error
		final bool
	}{
		"retryable":   {fmt.Errorf("for now: %w", sayingSo(true)), false},
		"final":       {fmt.Errorf("for good: %w", sayingSo(false)), true},
		"its context": {fmt.Errorf("mine: %w", context.DeadlineExceeded), true},
		"given up":    {context.Canceled, true},
		"who knows":   {errors.New("something"), false},
	} {
		for _, by := range []string{"transport", "dialer"} {
			t.Run(by+" "+name, func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					id := b.callerFails(by, c.why)
					err := b.get().Start(b.Context())
					if !c.final {
						require.NoError(b, err)
						require.Equal(b, 1, b.task(id).RetryCount)
						return
					}
					require.ErrorIs(b, err, c.why)
					require.Zero(b, b.task(id).RetryCount)
					require.Empty(b, b.srv.Requests())
				})
			})
		}
	}
}

// callerFails queues a file whose first request fails so.
func (b *batch) callerFails(by string, why error) (id string) {
	dial := b.conf.DialContext
	if by == "transport" {
		inner := &http.Transport{DialContext: dial}
		b.Cleanup(inner.CloseIdleConnections)
		f := &failsFirst{to: inner, why: why}
		f.times.Store(1)
		b.conf = littledl.DownloadConfig{HTTPClient: &http.Client{Transport: f}}
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) { inner.CloseIdleConnections() }))
		return b.add(b.srv.File("a", faultserver.Size(1<<10)))
	}
	var dials atomic.Int32
	b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, why
		}
		return dial(ctx, network, addr)
	}
	return b.file("a", 1<<10)
}

// TestConnectTimeoutIsOurs: a dialer that waits until our time is up has not ended for good.
func TestConnectTimeoutIsOurs(t *testing.T) {
	batchBubble(t, func(b *batch) {
		dial := b.conf.DialContext
		var dials atomic.Int32
		b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, addr)
		}
		b.file("a", 1<<10)
		require.NoError(b, b.start())
	})
}

// TestProgressWhilePaused: what is told while paused is no speed and no time, after the end neither
// is left over, and failures count as done where they count at all.
func TestProgressWhilePaused(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		var done, total int
		b.option(littledl.WithProgressCallback(func(completed, all int, speed float64, eta time.Duration) {
			done, total = completed, all
			if b.get().GetStats().Paused && time.Since(b.paused) > 200*time.Millisecond {
				require.Zero(b, speed)
				require.Negative(b, eta)
			}
		}))
		b.file("a", 20<<20)
		cancelled := b.file("b", 20<<20)
		b.file("dead", 1<<10, faultserver.Status(404))
		ended := b.background(b.Context())
		time.Sleep(3 * time.Second)
		require.Positive(b, b.get().GetProgress().OverallSpeed)
		b.paused = time.Now()
		require.NoError(b, b.get().Pause())
		time.Sleep(time.Minute)
		require.True(b, b.get().GetStats().Paused)
		require.Zero(b, b.get().GetProgress().OverallSpeed)
		require.Negative(b, b.get().GetProgress().ETA)
		require.NoError(b, b.get().Resume())
		require.NoError(b, b.get().CancelTask(cancelled, nil))
		err := <-ended
		require.ErrorContains(b, err, "2 files did not complete")
		require.Equal(b, 3, done)
		require.Equal(b, 3, total)
		require.Zero(b, b.get().GetStats().OverallSpeed)
		require.Zero(b, b.get().GetProgress().ETA)
		require.False(b, b.get().GetStats().Paused)
	})
}
