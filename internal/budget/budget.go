// Package budget hands out slots: how many requests may be in flight, in all
// and per host, and who goes next.
//
// Semaphores whose size changes while they are in use are easy to get wrong: a
// release above the size must not wake anybody, a waiter that is granted a slot
// while it gives up must pass it on, growing must wake as many as fit. Slots
// here wait in one queue ordered by rank, count in two places (the pool and one
// of its groups), and are given back exactly once. Each is a lane of its group, to
// have a connection with; some requests may share one.
package budget

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Pool is the budget over all groups. Its methods and those of its groups are
// safe for concurrent use; none calls out or blocks, Acquire excepted.
type Pool struct {
	mu    sync.Mutex
	size  int
	used  int
	queue []*waiter // by rank, then arrival
}

// Group is a share of a pool, such as one host. A slot of it counts in both.
type Group struct {
	pool *Pool

	// Guarded by pool.mu.
	size int // 0: the pool's alone
	used int // lanes that are taken
	over *Bound
	lanes
}

// Bound is how many slots several groups may have together.
type Bound struct{ size, used int } // guarded by their pool's mu

// Slot is the right to one request in flight.
type Slot struct {
	group    *Group
	lane     int
	rides    bool
	released atomic.Bool
}

// Lane is the slot's number in its group. Only slots that may share have the same at once.
func (s *Slot) Lane() int { return s.lane }

// Rides reports whether the slot is a part of one that others had.
func (s *Slot) Rides() bool { return s.rides }

type waiter struct {
	group  *Group
	rank   int64
	shares bool
	slot   *Slot // set, and ready closed, when granted
	ready  chan struct{}
}

// New makes a pool of size slots. Size below 1 counts as 1.
func New(size int) *Pool { return &Pool{size: max(size, 1)} }

// Group adds a group that holds at most size slots; 0 means no limit of its own.
func (p *Pool) Group(size int) *Group { return &Group{pool: p, size: max(size, 0)} }

// Under is Group for one of several that have a bound in common; nil: there is none. Each bound is
// of one pool's groups.
func (p *Pool) Under(over *Bound, size int) *Group {
	g := p.Group(size)
	g.over = over
	return g
}

// NewBound makes a bound of so many slots, at least 1.
func NewBound(size int) *Bound { return &Bound{size: max(size, 1)} }

// Acquire waits for a slot; the lowest rank goes first, then who came first. One that
// shares may be a part of a slot that is offered.
// When ctx ends first it returns the context's cause and holds nothing.
func (g *Group) Acquire(ctx context.Context, rank int64, shares bool) (*Slot, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := g.pool
	p.mu.Lock()
	if s := g.takeLocked(shares); s != nil { // then nobody waits who could be served
		p.mu.Unlock()
		return s, nil
	}
	w := &waiter{group: g, rank: rank, shares: shares, ready: make(chan struct{})}
	i, _ := slices.BinarySearchFunc(p.queue, w, func(a, b *waiter) int {
		if a.rank <= b.rank { // equal ranks: behind those already there
			return -1
		}
		return 1
	})
	p.queue = slices.Insert(p.queue, i, w)
	p.mu.Unlock()

	select {
	case <-w.ready:
		return w.slot, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	if w.slot == nil {
		p.queue = slices.DeleteFunc(p.queue, func(o *waiter) bool { return o == w })
		p.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	p.mu.Unlock()
	w.slot.Release() // granted at the same moment: pass it on
	return nil, context.Cause(ctx)
}

// TryAcquire takes a slot if one is free at once.
func (g *Group) TryAcquire(shares bool) (*Slot, bool) {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	s := g.takeLocked(shares)
	return s, s != nil
}

// takeLocked takes a lane that is free, or else a part of one. Nil: there is neither.
func (g *Group) takeLocked(shares bool) *Slot {
	if g.hasRoom() {
		g.count(1)
		return &Slot{group: g, lane: g.lanes.take()}
	}
	if shares {
		if n := g.lanes.board(); n >= 0 {
			return &Slot{group: g, lane: n, rides: true}
		}
	}
	return nil
}

// hasRoom reports whether one more lane may be taken.
func (g *Group) hasRoom() bool {
	crowd := g.lanes.crowd()
	return g.pool.used < g.pool.size && (g.size == 0 || g.used+crowd < g.size) && (g.over == nil || g.over.used+crowd < g.over.size)
}

// count adds to the lanes that are taken.
func (g *Group) count(n int) {
	g.used += n
	g.pool.used += n
	if g.over != nil {
		g.over.used += n
	}
}

// Offer lets others have a part of the slot; after, which may be nil, is called when the last
// of them has released it.
func (s *Slot) Offer(after func()) {
	p := s.group.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s.group.lanes.offer(s.lane, after)
	if s.group.lanes.most > 1 { // else nobody can board it
		p.grantLocked()
	}
}

// Release gives the slot back. Calling it again does nothing.
func (s *Slot) Release() {
	if s.released.Swap(true) {
		return
	}
	p := s.group.pool
	p.mu.Lock()
	free, after := s.group.lanes.leave(s.lane)
	if free {
		s.group.count(-1)
	}
	p.grantLocked()
	p.mu.Unlock()
	if after != nil {
		after()
	}
}

// grantLocked serves waiters while slots are free. In debt (used above size)
// nothing is handed on but a part of one.
func (p *Pool) grantLocked() {
	if len(p.queue) == 0 {
		return
	}
	kept := p.queue[:0]
	for _, w := range p.queue {
		if w.slot = w.group.takeLocked(w.shares); w.slot == nil {
			kept = append(kept, w)
			continue
		}
		close(w.ready)
	}
	clear(p.queue[len(kept):])
	p.queue = kept
}

// Resize changes the pool's size, at least 1. Growing wakes waiters; shrinking
// below what is in use makes a debt that only falls.
func (p *Pool) Resize(size int) {
	p.mu.Lock()
	p.size = max(size, 1)
	p.grantLocked()
	p.mu.Unlock()
}

// Resize changes the group's limit; 0 means none of its own.
func (g *Group) Resize(size int) {
	g.pool.mu.Lock()
	g.size = max(size, 0)
	g.pool.grantLocked()
	g.pool.mu.Unlock()
}

// Share has those who may share do so, up to n of them in one slot. 1 or less: each has its own;
// those who share already go on, and count as one each.
func (g *Group) Share(n int) {
	g.pool.mu.Lock()
	g.lanes.most = n
	g.pool.grantLocked()
	g.pool.mu.Unlock()
}

// Usage is a reading of a pool or group.
type Usage struct {
	Size, Used int
	Waiting    int // for the group: those who want one of its slots
}

// Idle reports how many slots could be taken now without anybody waiting.
func (u Usage) Idle() int {
	if u.Waiting > 0 || (u.Size > 0 && u.Used >= u.Size) {
		return 0
	}
	return u.Size - u.Used
}

// Usage returns the pool's state.
func (p *Pool) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Usage{Size: p.size, Used: p.used, Waiting: len(p.queue)}
}

// Usage returns the group's state; Size 0 means no limit of its own.
func (g *Group) Usage() Usage {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	u := Usage{Size: g.size, Used: g.used}
	for _, w := range g.pool.queue {
		if w.group == g {
			u.Waiting++
		}
	}
	return u
}
