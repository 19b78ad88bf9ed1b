package share

import (
	"context"
	"slices"
)

// waiter is a caller of Acquire. err is written before ready is closed.
type waiter struct {
	arrival uint64
	ready   chan struct{}
	err     error // nil: it has a slot
}

// Acquire waits for a slot of a file. When ctx ends first it returns the context's cause
// and holds nothing; an id that is not in, or leaves meanwhile, is ErrUnknownFile.
// release gives the slot back; calling it again does nothing.
func (p *Pool) Acquire(ctx context.Context, id string) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p.mu.Lock()
	f, err := p.fileLocked(id)
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	if p.used < p.size { // then nobody waits
		p.takeLocked(f)
		p.mu.Unlock()
		return p.releaser(f), nil
	}
	w := p.queueLocked(f)
	p.mu.Unlock()

	select {
	case <-w.ready:
	case <-ctx.Done():
		p.giveUp(f, w)
		return nil, context.Cause(ctx)
	}
	if w.err != nil {
		return nil, w.err
	}
	return p.releaser(f), nil
}

// TryAcquire is Acquire where a slot is free at once; it never blocks.
func (p *Pool) TryAcquire(id string) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked(id)
	if err != nil || p.used >= p.size {
		return nil, false
	}
	p.takeLocked(f)
	return p.releaser(f), true
}

func (p *Pool) queueLocked(f *file) *waiter {
	p.arrivals++
	w := &waiter{arrival: p.arrivals, ready: make(chan struct{})}
	if len(f.waiters) == 0 {
		p.contending = append(p.contending, f)
	}
	f.waiters = append(f.waiters, w)
	p.waiting++
	return w
}

func (p *Pool) unqueueLocked(f *file, i int) *waiter {
	w := f.waiters[i]
	f.waiters = slices.Delete(f.waiters, i, i+1)
	p.waiting--
	if len(f.waiters) == 0 {
		i := slices.Index(p.contending, f)
		p.contending = slices.Delete(p.contending, i, i+1)
	}
	return w
}

// giveUp is for a waiter whose context has ended.
func (p *Pool) giveUp(f *file, w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(f.waiters, w); i >= 0 {
		p.unqueueLocked(f, i)
	} else if w.err == nil { // served at the same moment: pass it on
		p.putLocked(f)
	}
}

func (p *Pool) takeLocked(f *file) {
	f.held++
	f.passed = 0
	p.used++
}

func (p *Pool) putLocked(f *file) {
	f.held--
	p.used--
	p.grantLocked()
}

// releaser returns what gives one slot back, once.
func (p *Pool) releaser(f *file) func() {
	released := false
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !released {
			released = true
			p.putLocked(f)
		}
	}
}

// grantLocked hands out what is free; in debt that is nothing.
func (p *Pool) grantLocked() {
	for p.used < p.size && p.waiting > 0 {
		f := nextFile(p.contending)
		w := p.unqueueLocked(f, 0)
		p.takeLocked(f)
		close(w.ready)
	}
}
