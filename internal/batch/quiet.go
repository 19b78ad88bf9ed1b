package batch

import (
	"context"
	"sync"

	"github.com/littledl/littledl/internal/fail"
)

// A run that stays, or has tasks that are paused alone, is quiet now and then: nothing is left to
// do, and every callback has returned. Nothing ticks then.

// quiet says when that is so.
type quiet struct {
	mu    sync.Mutex
	is    bool
	next  chan struct{} // closed when it is so the next time
	over  chan struct{} // closed when the run is over
	rouse chan struct{} // capacity 1: it is so no more
}

func newQuiet() quiet {
	return quiet{next: make(chan struct{}), over: make(chan struct{}), rouse: make(chan struct{}, 1)}
}

// set says that it is so from now on, or no more.
func (q *quiet) set(is bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.is = is
	if is {
		close(q.next)
		q.next = make(chan struct{})
		return
	}
	select {
	case q.rouse <- struct{}{}:
	default:
	}
}

func (q *quiet) now() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.is
}

func (q *quiet) end() { close(q.over) }

// rest waits until there is something to do again.
func (r *Run) rest() {
	if r.speed.Store(0); r.Stay {
		r.Table.Rested()
	}
	r.quiet.set(true)
	select {
	case <-r.wake:
	case <-r.ctx.Done():
	}
	r.quiet.set(false)
}

// WaitIdle returns when nothing is left to do but for tasks that are paused alone, and every
// callback has returned. Errors: fail.ErrNotRunning, the cause of ctx.
func (c *Control) WaitIdle(ctx context.Context) error {
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	if r == nil {
		return fail.ErrNotRunning
	}
	q := &r.quiet
	for {
		q.mu.Lock()
		is, next := q.is, q.next
		q.mu.Unlock()
		if is && r.Table.Idle(false) { // else somebody has just added something
			return nil
		}
		select {
		case <-next:
		case <-q.over:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
