package origin

import (
	"context"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/budget"
)

// turns keep requests apart in time: one after the other has its turn, by rank, and waits until
// the one before was begun long enough ago.
type turns struct {
	interval time.Duration
	queue    *budget.Group // whose turn it is

	mu   sync.Mutex
	last time.Time // when a request was begun; zero: none was
}

func newTurns(interval time.Duration) *turns {
	return &turns{interval: interval, queue: budget.New(1).Group(0)}
}

// wait returns when a request may be begun. Nobody else has the turn until it is released.
func (t *turns) wait(ctx context.Context, rank int64) (*budget.Slot, error) {
	turn, err := t.queue.Acquire(ctx, rank, false)
	if err != nil {
		return nil, err
	}
	for d := t.left(); d > 0; d = t.left() {
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			turn.Release()
			return nil, context.Cause(ctx)
		}
	}
	return turn, nil
}

// left is how long the next is to wait yet.
func (t *turns) left() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.IsZero() {
		return 0
	}
	return t.interval - time.Since(t.last)
}

// begun notes that a request is begun now.
func (t *turns) begun() {
	t.mu.Lock()
	t.last = time.Now()
	t.mu.Unlock()
}

// Traced is the context for a request on the lease. Where requests are to be kept apart it finds
// out when they are sent, since one may have to wait for its connection, and the next need not.
func (l *Lease) Traced(ctx context.Context) context.Context {
	if !l.home.table.spaced {
		return ctx
	}
	sends := new(atomic.Pointer[turns])
	l.sends = sends
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
		if t := sends.Load(); t != nil {
			t.begun()
		}
	}})
}
