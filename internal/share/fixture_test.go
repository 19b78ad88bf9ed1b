package share

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bubble is a pool in a bubble, and the calls that wait in it.
type bubble struct {
	*testing.T
	*Pool
}

// inBubble runs a test in a bubble of its own, whose end finds who still waits.
func inBubble(t *testing.T, name string, places, slots int, test func(p bubble)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := New(places, slots)
			test(bubble{t, p})
			p.checkInvariants(t)
		})
	})
}

// add brings files in that have room.
func (p bubble) add(priority int, ids ...string) {
	p.Helper()
	for _, id := range ids {
		require.NoError(p, p.Enter(p.Context(), id, priority, nil))
	}
}

// call is a call of Acquire or Enter in a goroutine of its own.
type call struct {
	file    string
	cancel  context.CancelCauseFunc
	done    chan struct{}
	release func()
	err     error
}

func (p bubble) wait(id string, f func(ctx context.Context, c *call)) *call {
	ctx, cancel := context.WithCancelCause(p.Context())
	c := &call{file: id, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		f(ctx, c)
	}()
	synctest.Wait() // so that it stands in line before the next one comes
	return c
}

func (p bubble) acquire(id string) *call {
	return p.wait(id, func(ctx context.Context, c *call) { c.release, c.err = p.Acquire(ctx, id) })
}

func (p bubble) enter(id string, priority int) *call {
	return p.wait(id, func(ctx context.Context, c *call) { c.err = p.Enter(ctx, id, priority, nil) })
}

func (c *call) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// take takes n slots that are free.
func (p bubble) take(id string, n int) (releases []func()) {
	p.Helper()
	for range n {
		r, ok := p.TryAcquire(id)
		require.True(p, ok)
		releases = append(releases, r)
	}
	return releases
}

// crowd is n callers of Acquire for a file.
func (p bubble) crowd(id string, n int) (calls []*call) {
	for range n {
		calls = append(calls, p.acquire(id))
	}
	return calls
}

// served is how many of the calls have come back.
func served(calls []*call) (n int) {
	for _, c := range calls {
		if c.over() {
			n++
		}
	}
	return n
}

// finish ends the calls that still wait.
func finish(calls ...*call) {
	for _, c := range calls {
		c.cancel(context.Canceled)
		<-c.done
	}
}

func (p bubble) usage(files, size, used, waiting int) {
	p.Helper()
	synctest.Wait()
	require.Equal(p, Usage{Files: files, Size: size, Used: used, Waiting: waiting}, p.Usage())
}

// checkInvariants looks at what must be so at any moment.
func (p *Pool) checkInvariants(t *testing.T) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, waiting, in, contending := 0, 0, 0, 0
	for _, f := range p.files {
		held += f.held
		waiting += len(f.waiters)
		if f.in {
			in++
		}
		if len(f.waiters) > 0 {
			contending++
			assert.Contains(t, p.contending, f)
		}
	}
	ok := assert.LessOrEqual(t, held, p.used, "files that have left may hold the rest")
	ok = assert.Equal(t, waiting, p.waiting) && ok
	ok = assert.Len(t, p.contending, contending) && ok
	ok = assert.Equal(t, in, p.in) && ok
	ok = assert.LessOrEqual(t, in, p.places) && ok
	ok = assert.False(t, p.waiting > 0 && p.used < p.size, "a slot is free while somebody waits") && ok
	return assert.False(t, len(p.arriving) > 0 && in < p.places, "a place is free while a file waits") && ok
}
