package littledl

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allocation is an allocator in a bubble, and the calls that wait in it.
type allocation struct {
	*testing.T
	*DynamicStyleAllocator
}

// allocBubble runs a test in a bubble of its own, whose end finds who still waits.
func allocBubble(t *testing.T, name string, maxFiles, maxChunks int, test func(a allocation)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, err := NewDynamicStyleAllocator(nil, maxFiles, maxChunks)
			require.NoError(t, err)
			test(allocation{t, d})
			d.checkInvariants(t)
		})
	})
}

// add brings files in that have room.
func (a allocation) add(priority int, ids ...string) {
	a.Helper()
	for _, id := range ids {
		_, err := a.AddFile(a.Context(), FileRequest{FileID: id, Size: -1, Priority: priority})
		require.NoError(a, err)
	}
}

// allocCall is a call of Acquire or AddFile in a goroutine of its own.
type allocCall struct {
	file    string
	cancel  context.CancelCauseFunc
	done    chan struct{}
	release func()
	err     error
}

func (a allocation) call(id string, f func(ctx context.Context, c *allocCall)) *allocCall {
	ctx, cancel := context.WithCancelCause(a.Context())
	c := &allocCall{file: id, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		f(ctx, c)
	}()
	synctest.Wait() // so that it stands in line before the next one comes
	return c
}

func (a allocation) acquire(id string) *allocCall {
	return a.call(id, func(ctx context.Context, c *allocCall) { c.release, c.err = a.Acquire(ctx, id) })
}

func (a allocation) enter(f FileRequest) *allocCall {
	return a.call(f.FileID, func(ctx context.Context, c *allocCall) { _, c.err = a.AddFile(ctx, f) })
}

func (c *allocCall) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// take takes n slots that are free.
func (a allocation) take(id string, n int) (releases []func()) {
	a.Helper()
	for range n {
		r, ok := a.tryAcquire(id)
		require.True(a, ok)
		releases = append(releases, r)
	}
	return releases
}

// crowd is n callers of Acquire for a file.
func (a allocation) crowd(id string, n int) (calls []*allocCall) {
	for range n {
		calls = append(calls, a.acquire(id))
	}
	return calls
}

// served is how many of the calls have come back.
func served(calls []*allocCall) (n int) {
	for _, c := range calls {
		if c.over() {
			n++
		}
	}
	return n
}

// finish ends the calls that still wait.
func finish(calls ...*allocCall) {
	for _, c := range calls {
		c.cancel(context.Canceled)
		<-c.done
	}
}

func (a allocation) stats(files, chunks, used, waiting int) {
	a.Helper()
	synctest.Wait()
	require.Equal(a, AllocatorStats{Files: files, MaxChunks: chunks, ChunksInUse: used, Waiting: waiting}, a.GetStats())
}

// checkInvariants looks at what must be so at any moment.
func (a *DynamicStyleAllocator) checkInvariants(t *testing.T) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	held, waiting, in, hungry := 0, 0, 0, 0
	for _, f := range a.files {
		held += f.held
		waiting += len(f.waiters)
		if f.in {
			in++
		}
		if len(f.waiters) > 0 {
			hungry++
			assert.Contains(t, a.hungry, f)
		}
	}
	ok := assert.LessOrEqual(t, held, a.used, "files that were removed may hold the rest")
	ok = assert.Equal(t, waiting, a.waiting) && ok
	ok = assert.Len(t, a.hungry, hungry) && ok
	ok = assert.Equal(t, in, a.in) && ok
	ok = assert.LessOrEqual(t, in, a.maxFiles) && ok
	ok = assert.False(t, a.waiting > 0 && a.used < a.size, "a slot is free while somebody waits") && ok
	return assert.False(t, len(a.arriving) > 0 && in < a.maxFiles, "a place is free while a file waits") && ok
}
