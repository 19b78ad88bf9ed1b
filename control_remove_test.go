package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// TestRemove: whatever state it is in, nothing is left of it, neither on the disk nor in any
// count, and its name is another's.
func TestRemove(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour faultserver.Behaviour
		first     func(b *batch, id string)
	}{
		"in transfer": {first: func(*batch, string) { time.Sleep(1500 * time.Millisecond) }},
		"queued":      {first: func(*batch, string) {}},
		"paused":      {first: func(b *batch, id string) { time.Sleep(time.Second); _ = b.get().PauseTask(id); time.Sleep(time.Second) }},
		"delayed":     {behaviour: faultserver.Status(503), first: func(*batch, string) { time.Sleep(time.Second) }},
		"failed": {behaviour: faultserver.Status(404), first: func(b *batch, id string) {
			time.Sleep(time.Second)
			require.Equal(b, littledl.StatusFailed, b.task(id).Status)
		}},
		"cancelled": {first: func(b *batch, id string) {
			time.Sleep(time.Second)
			_ = b.get().CancelTask(id, nil)
			time.Sleep(time.Second)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				var told atomic.Int32
				b.option(littledl.WithFileCompleteCallback(func(f littledl.FileTask) {
					if f.Filename == "a" {
						told.Add(1)
					}
				}))
				var behaviours []faultserver.Behaviour
				if c.behaviour != nil {
					behaviours = append(behaviours, c.behaviour)
				}
				b.net.Shape(faultserver.Same(line(256 * kib)))
				id := b.file("a", 10<<20, behaviours...)
				b.file("b", 15<<20)
				done := b.background(b.Context())
				c.first(b, id)
				before := told.Load()
				require.NoError(b, b.get().Remove(id))
				synctest.Wait()
				require.ErrorIs(b, b.get().Remove(id), littledl.ErrUnknownTask)
				_, ok := b.get().GetTask(id)
				require.False(b, ok)
				again := b.add(b.srv.File("again", faultserver.Size(256*kib)), littledl.WithFilename("a"))
				require.NoError(b, <-done)
				b.check()
				require.Equal(b, littledl.StatusCompleted, b.task(again).Status)
				require.Equal(b, before+1, told.Load(), "of the one that has the name now")
				require.Equal(b, []string{"a", "b"}, b.list())
				s := b.get().GetStats()
				require.Equal(b, 2, s.TotalFiles)
				require.Equal(b, 2, s.CompletedFiles)
				require.Zero(b, s.FailedFiles)
				require.Equal(b, int64(15<<20+256*kib), s.TotalBytes)
				require.Equal(b, int64(15<<20+256*kib), s.DownloadedBytes)
			})
		})
	}
}

// TestRemoveCompleted: the file stays, and its task may be removed from its own callback.
func TestRemoveCompleted(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithFileCompleteCallback(func(f littledl.FileTask) { require.NoError(b, b.get().Remove(f.TaskID)) }))
		f := b.srv.File("a", faultserver.Size(1<<20))
		b.add(f)
		require.NoError(b, b.get().Start(b.Context()))
		require.Empty(b, b.get().GetAllTasks())
		b.same(filepath.Join(b.dir, "a"), f.Content())
		require.Zero(b, b.get().GetStats().TotalFiles)
	})
}

// TestRemoveForgotten: so may one that is forgotten when that returns, and it does not begin again.
func TestRemoveForgotten(t *testing.T) {
	for name, behave := range map[string][]faultserver.Behaviour{"complete": nil, "failed": {faultserver.First(1, faultserver.Status(404))}} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.ForgetEnded = true
				b.option(littledl.WithFileCompleteCallback(func(f littledl.FileTask) { require.NoError(b, b.get().Remove(f.TaskID)) }))
				for i := range 5 {
					b.file(fmt.Sprint(i), 1<<10, behave...)
				}
				require.NoError(b, b.get().Start(b.Context()), "nobody is left who has failed")
				require.Len(b, b.srv.GETs(), 5)
				require.Empty(b, b.get().GetAllTasks())
				require.Zero(b, b.get().GetStats().TotalFiles)
			})
		})
	}
}

// TestRemoveLate: when all files have ended, and a HEAD that nobody needs is waited for yet, it is
// not too late.
func TestRemoveLate(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(1 << 20)))
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.conf.MaxConnectionsPerHost = 2
		var ids []string
		for i := range 6 {
			ids = append(ids, b.file(fmt.Sprint(i), 256<<10, faultserver.HeadHang()))
		}
		bad := b.file("bad", 256<<10, faultserver.Status(404))
		done := b.background(b.Context())
		time.Sleep(3 * time.Second)
		require.Equal(b, 6, b.get().GetStats().CompletedFiles)
		require.Empty(b, done, "Start has not returned")
		require.NoError(b, b.get().Remove(ids[0]))
		require.NoError(b, b.get().Remove(bad))
		require.NoError(b, <-done, "nobody is left who has failed")
		require.Len(b, b.get().GetAllTasks(), 5)
		require.NoError(b, b.get().Start(b.Context()))
		require.Len(b, b.srv.GETs("bad"), 1)
		require.Equal(b, 5, b.get().GetStats().TotalFiles)
	})
}

// TestRemovedResult: of a removed task BatchDownload says that it was.
func TestRemovedResult(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var d *littledl.BatchDownloader
		_ = d
		urls := []string{b.srv.File("a", faultserver.Size(1<<10)).URL(), "nonsense", b.srv.File("c", faultserver.Size(1<<10)).URL()}
		results, err := littledl.BatchDownload(b.Context(), urls, b.dir, littledl.WithConfig(b.conf))
		require.ErrorIs(b, err, littledl.ErrInvalidURL)
		require.Len(b, results, 3)
		require.Equal(b, "task-1", results[0].Task.TaskID)
		require.Empty(b, results[1].Task.TaskID)
		_, err = os.Stat(results[2].Path)
		require.NoError(b, err)
		require.True(b, errors.Is(results[1].Err, littledl.ErrInvalidURL))
	})
}

// TestRemoveAtTheEnd: who is removed when Start has nothing more to do, but has not returned, is
// gone when it has.
func TestRemoveAtTheEnd(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		var id string
		dial := b.conf.DialContext
		b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			return &closeTeller{c, func() { _ = b.get().Remove(id) }}, err // the last thing that is done
		}
		id = b.file("bad", 8*mib, faultserver.After(1, faultserver.Status(404)))
		require.Error(b, b.get().Start(b.Context()))
		_, known := b.get().GetTask(id)
		require.False(b, known)
		require.Empty(b, b.list())
		requests := len(b.srv.Requests())
		require.NoError(b, b.get().Start(b.Context()))
		require.Len(b, b.srv.Requests(), requests)
	})
}
