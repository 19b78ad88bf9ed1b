package littledl_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/span"
)

// endings are the ways to end a batch early.
var endings = map[string]struct {
	end  func(*batch, context.CancelCauseFunc)
	want error
}{
	"Cancel":  {func(b *batch, _ context.CancelCauseFunc) { require.NoError(b, b.get().Cancel()) }, littledl.ErrCancelled},
	"Stop":    {func(b *batch, _ context.CancelCauseFunc) { require.NoError(b, b.get().Stop()) }, littledl.ErrCancelled},
	"context": {func(_ *batch, cancel context.CancelCauseFunc) { cancel(errEnough) }, errEnough},
}

// TestEarlyEnd: Start ends at once with the cause, every task is terminal, and the
// next Start goes on from the bytes that were kept.
func TestEarlyEnd(t *testing.T) {
	t.Parallel()
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				large := b.file("large", 16<<20)
				for i := range 10 {
					b.file(fmt.Sprint(i), 1<<20)
				}
				ctx, cancel := context.WithCancelCause(b.Context())
				defer cancel(nil)
				done := b.background(ctx)
				time.Sleep(1200 * time.Millisecond)
				began := time.Now()
				c.end(b, cancel)
				err := <-done
				require.Less(b, time.Since(began), 100*time.Millisecond)
				require.ErrorIs(b, err, c.want)
				for _, task := range b.get().GetAllTasks() {
					if !task.IsCompleted() {
						require.Equal(b, littledl.StatusCancelled, task.Status)
						require.ErrorIs(b, task.Err, c.want)
						require.False(b, task.IsFailed())
					}
				}
				require.Zero(b, b.net.Open())
				require.Empty(b, b.openFiles())
				if name == "Stop" {
					b.leftBehind() // for another downloader
					return
				}
				kept := b.task(large).Downloaded
				require.Positive(b, kept)
				b.srv.ResetRecords()
				require.NoError(b, b.start())
				var again span.Set
				for _, a := range batchAsked(t, b.srv.GETs("large")) {
					again.Add(a.lo, a.hi)
				}
				require.Equal(b, int64(16<<20)-kept, again.Len())
			})
		})
	}
}

// TestEndWhileNothingMoves: waiting for a host, for a retry, for the end of a pause
// or for headers holds nobody up.
func TestEndWhileNothingMoves(t *testing.T) {
	for name, prepare := range map[string]func(*batch){
		"host down":   func(b *batch) { b.net.Outage(true) },
		"no answer":   func(b *batch) { b.srv.Behave(faultserver.StallHeader()) },
		"no byte":     func(b *batch) { b.srv.Behave(faultserver.Stall(1000)) },
		"retry after": func(b *batch) { b.srv.Behave(faultserver.Flaky(503, -1, "25")) },
		"paused":      func(b *batch) { require.NoError(b, b.get().Pause()) },
		"no connect":  func(b *batch) { b.net.Blackhole("files.test:80", true) },
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				for i := range 8 {
					b.file(fmt.Sprint(i), 1<<20)
				}
				prepare(b)
				done := b.background(b.Context())
				time.Sleep(10 * time.Second)
				began := time.Now()
				require.NoError(b, b.get().Cancel())
				require.ErrorIs(b, <-done, littledl.ErrCancelled)
				require.Less(b, time.Since(began), 10*time.Millisecond)
				require.Empty(b, b.list())
			})
		})
	}
}

// TestAfterStop: it is for good, and can be said again.
func TestAfterStop(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.file("a", 1<<10)
		require.NoError(b, b.start())
		d := b.get()
		require.NoError(b, d.Stop())
		require.NoError(b, d.Stop())
		_, err := d.AddURL("http://files.test/b")
		require.ErrorIs(b, err, littledl.ErrStopped)
		_, err = d.AddURLs([]string{"http://files.test/b"}, b.dir)
		require.ErrorIs(b, err, littledl.ErrStopped)
		for _, f := range []func() error{d.Pause, d.Resume, d.Cancel, func() error { return d.Start(b.Context()) }} {
			require.ErrorIs(b, f(), littledl.ErrStopped)
		}
		require.Len(b, d.GetAllTasks(), 1, "what happened can still be asked")
	})
}

// TestDialThatNobodyNeeds: a connection that is still being made when all is done, since
// another became free before it, is given up.
func TestDialThatNobodyNeeds(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var dials, ended atomic.Int32
		dial := b.conf.DialContext
		b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return dial(ctx, network, addr)
			}
			<-ctx.Done()
			ended.Add(1)
			return nil, context.Cause(ctx)
		}
		b.conf.ConnectTimeout = time.Hour
		for i := range 4 {
			b.file(fmt.Sprint(i), 1000)
		}
		require.NoError(b, b.start())
		synctest.Wait()
		require.Greater(b, dials.Load(), int32(1))
		require.Equal(b, dials.Load()-1, ended.Load())
	})
}
