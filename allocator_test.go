package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

func allocator(t *testing.T, files, chunks int) *littledl.DynamicStyleAllocator {
	t.Helper()
	a, err := littledl.NewDynamicStyleAllocator(nil, files, chunks)
	require.NoError(t, err)
	return a
}

func addFile(t *testing.T, a *littledl.DynamicStyleAllocator, priority int, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := a.AddFile(t.Context(), littledl.FileRequest{FileID: id, Size: -1, Priority: priority})
		require.NoError(t, err)
	}
}

// TestAllocatorOptions: what cannot be is refused, and leaves nothing behind.
func TestAllocatorOptions(t *testing.T) {
	for _, v := range [][2]int{{0, 16}, {-1, 16}, {5, 0}, {5, -1}} {
		_, err := littledl.NewDynamicStyleAllocator(nil, v[0], v[1])
		require.ErrorIs(t, err, littledl.ErrInvalidOption, v)
	}
	a := allocator(t, 5, 16)
	_, err := a.AddFile(t.Context(), littledl.FileRequest{})
	require.ErrorIs(t, err, littledl.ErrInvalidOption, "an empty id")
	_, err = a.AddFile(t.Context(), littledl.FileRequest{FileID: "a", Priority: -1})
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	require.ErrorIs(t, a.Resize(0), littledl.ErrInvalidOption)
	require.Equal(t, littledl.AllocatorStats{MaxChunks: 16}, a.GetStats(), "what was refused has left nothing")
}

// TestAllocatorDecision: a file that is added has the decision of the selector, until it is
// removed.
func TestAllocatorDecision(t *testing.T) {
	sel, err := littledl.NewStrategySelector(littledl.WithMaxChunks(6))
	require.NoError(t, err)
	a, err := littledl.NewDynamicStyleAllocator(sel, 5, 16)
	require.NoError(t, err)
	for i, size := range []int64{-1, 1 << 20, 50 << 20, 1 << 30} {
		f := littledl.FileRequest{FileID: fmt.Sprint(i), URL: "http://files.test/f", Size: size, SupportsRange: true}
		want := sel.SelectStyle(sel.AnalyzeFile(f.URL, f.Size, f.SupportsRange))
		got, err := a.AddFile(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, ok := a.GetAllocation(f.FileID)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	a.RemoveFile("0")
	_, ok := a.GetAllocation("0")
	require.False(t, ok)
}

// TestAllocatorErrors: they say of which file they are, and what to do, but nothing secret.
func TestAllocatorErrors(t *testing.T) {
	a := allocator(t, 1, 1)
	const id = "https://user:pw@files.test/f?token=secret"
	told := func(err, want error, remedy string) {
		t.Helper()
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, "files.test/f")
		require.ErrorContains(t, err, remedy)
		for _, secret := range []string{"pw", "secret"} {
			require.NotContains(t, err.Error(), secret)
		}
	}
	_, err := a.Acquire(t.Context(), id)
	told(err, littledl.ErrUnknownFile, "AddFile")
	told(a.UpdateFile(id, 1, 1), littledl.ErrUnknownFile, "AddFile")
	a.RemoveFile(id)

	addFile(t, a, 0, id)
	require.NoError(t, a.UpdateFile(id, 1, 1))
	_, err = a.AddFile(t.Context(), littledl.FileRequest{FileID: id})
	told(err, littledl.ErrDuplicateFile, "RemoveFile")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("too late"))
	_, err = a.AddFile(ctx, littledl.FileRequest{FileID: "b"})
	require.EqualError(t, err, "too late")
	_, err = a.Acquire(ctx, id)
	require.EqualError(t, err, "too late")
}

// TestAllocatorWaits: who waits to be in enters by priority, and who waits for a slot of
// a file that is removed learns so.
func TestAllocatorWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := allocator(t, 1, 1)
		addFile(t, a, 0, "a")
		release, err := a.Acquire(t.Context(), "a")
		require.NoError(t, err)
		entered, waited := make(chan string, 2), make(chan error, 1)
		for i, id := range []string{"late", "urgent"} {
			go func() {
				_, err := a.AddFile(t.Context(), littledl.FileRequest{FileID: id, Priority: 1 - i})
				assert.NoError(t, err)
				entered <- id
			}()
			synctest.Wait()
		}
		go func() {
			_, err := a.Acquire(t.Context(), "a")
			waited <- err
		}()
		synctest.Wait()
		require.Equal(t, littledl.AllocatorStats{Files: 1, MaxChunks: 1, ChunksInUse: 1, Waiting: 1}, a.GetStats())
		a.RemoveFile("a")
		require.ErrorIs(t, <-waited, littledl.ErrUnknownFile)
		require.Equal(t, "urgent", <-entered)
		release()
		release()
		require.Equal(t, littledl.AllocatorStats{Files: 1, MaxChunks: 1}, a.GetStats())
		a.RemoveFile("urgent")
		require.Equal(t, "late", <-entered)
	})
}

// TestAllocatorShares: what UpdateFile tells decides who gets the slots that Resize adds.
func TestAllocatorShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := allocator(t, 2, 1)
		addFile(t, a, 0, "long", "short")
		require.NoError(t, a.UpdateFile("long", 90e6, 1e6))
		require.NoError(t, a.UpdateFile("short", 30e6, 1e6))
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan string, 16)
		for range 8 {
			for _, id := range []string{"long", "short"} {
				go func() {
					if _, err := a.Acquire(ctx, id); err == nil {
						got <- id
					}
				}()
			}
		}
		synctest.Wait()
		require.NoError(t, a.Resize(8))
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(got)
		slots := map[string]int{}
		for id := range got {
			slots[id]++
		}
		require.Equal(t, map[string]int{"long": 6, "short": 2}, slots)
	})
}
