// Package gate stops and resumes a crowd of transfers.
//
// Pausing has to end what runs, hold back what is about to start, and let
// everybody go on later, without a flag that somebody forgets to look at. A gate
// hands out one context per epoch: Pause ends the epoch's context with a cause,
// Wait blocks until the next epoch begins.
package gate

import (
	"context"
	"sync"
	"time"
)

// Gate is open at first. Its methods are safe for concurrent use.
type Gate struct {
	parent context.Context

	mu     sync.Mutex
	epoch  context.Context
	cancel context.CancelCauseFunc
	opened chan struct{} // closed while the gate is open
	since  time.Time     // when it was opened last
	before time.Duration // that it was open until then
}

// New makes an open gate whose epochs end with parent at the latest.
func New(parent context.Context) *Gate {
	g := &Gate{parent: parent, opened: make(chan struct{})}
	g.open()
	return g
}

func (g *Gate) open() {
	g.epoch, g.cancel = context.WithCancelCause(g.parent)
	close(g.opened)
	g.since = time.Now()
}

// Time is how long it has been open, in all.
func (g *Gate) Time() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
		return g.before + time.Since(g.since)
	default:
		return g.before
	}
}

// Pause ends the running epoch with cause; a closed gate stays closed.
func (g *Gate) Pause(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
		g.opened = make(chan struct{})
		g.before += time.Since(g.since)
		g.cancel(cause)
	default:
	}
}

// Resume begins a new epoch; an open gate stays open.
func (g *Gate) Resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		g.open()
	}
}

// Enter waits until the gate is open and returns the running epoch's context.
// When ctx ends first it returns the context's cause.
func (g *Gate) Enter(ctx context.Context) (context.Context, error) {
	for {
		g.mu.Lock()
		opened, epoch := g.opened, g.epoch
		g.mu.Unlock()
		select {
		case <-opened:
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if epoch.Err() == nil {
				return epoch, nil
			}
			// Closed between the two looks; wait for the next epoch.
			if g.parent.Err() != nil {
				return nil, context.Cause(g.parent)
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Close releases the last epoch's context.
func (g *Gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel(context.Canceled)
}

// Try returns the running epoch's context; false while the gate is closed.
func (g *Gate) Try() (context.Context, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
		return g.epoch, true
	default:
		return nil, false
	}
}
