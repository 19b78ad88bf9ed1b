package transfer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/gate"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/task"
)

// A file may be stopped alone, while the others go on: since its caller wishes it, or its time is
// up.

// ErrHalted is why a file ended that its caller has stopped.
var ErrHalted = errors.New("stopped by its caller")

// halt is what stops a file. The contexts are those of its place, which another file may have as
// soon as this one has left it.
type halt struct {
	mu    sync.Mutex
	why   error // nil: it is not to stop
	over  bool  // it has left its place
	life  context.CancelCauseFunc
	epoch context.CancelCauseFunc // nil: it waits for the end of a pause
}

// Halt stops the file, which ends with that error. It may be called at any time, and waits for
// nothing.
func (f *File) Halt(why error) {
	h := &f.halt
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.why != nil {
		return
	}
	if h.why = why; h.life == nil {
		return
	}
	h.life(why)
	if h.epoch != nil {
		h.epoch(why)
	}
}

// live begins the file's life, in a place.
func (f *File) live(seat *Seat) {
	h := &f.halt
	h.mu.Lock()
	defer h.mu.Unlock()
	f.seat = seat
	f.life, h.life = seat.life.under(f.e.Context)
	if h.why != nil {
		h.life(h.why)
	}
}

// enterEpoch is what the file does until it is paused, or stopped.
func (f *File) enterEpoch(epoch context.Context) context.Context {
	h := &f.halt
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := f.seat.epoch.under(epoch)
	if h.epoch = cancel; h.why != nil {
		cancel(h.why)
	}
	return ctx
}

// die ends the file's life.
func (f *File) die() {
	f.stopClock()
	h := &f.halt
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over, h.life, h.epoch = true, nil, nil
}

// halted is why the file has been stopped; nil: it has not.
func (f *File) halted() error {
	f.halt.mu.Lock()
	defer f.halt.mu.Unlock()
	return f.halt.why
}

// startClock lets the time run that the caller gives the file, and stopClock stops it: it does not
// run during a pause, nor before the file's turn has come.
func (f *File) startClock() {
	if f.spec.Seldom().Timeout <= 0 {
		return
	}
	if f.clock == nil {
		f.clock = newPatience(f.spec.Seldom().Timeout, func() { f.Halt(fail.ErrTimeout) })
		f.clock.spent = f.spent
		if f.delivery != nil {
			f.delivery.Calling(f.clock.writing)
		}
	}
	f.clock.rest(false)
}

func (f *File) stopClock() {
	if f.clock != nil {
		f.clock.rest(true)
		f.spent = f.clock.used()
	}
}

// late reports whether the file's time has run out while it was delayed. A turn that finds that it
// has to be delayed again may be over before its clock is heard.
func (f *File) late() bool {
	most := f.spec.Seldom().Timeout
	return most > 0 && f.spent >= most
}

// acquire waits for a request's turn, which is of the file's own time only as far as others of its
// requests are under way.
func (f *File) acquire(ctx context.Context, k *origin.Lease) error {
	f.clock.queues(true)
	defer f.clock.queues(false)
	return k.Acquire(ctx)
}

// delay is a wait of a task's that has begun. Of the file's own time it is as far as it lasts, which
// nobody knows before: it may be paused meanwhile.
type delay struct {
	from time.Duration // on the gate's clock
	most time.Duration
}

// delayFor has the time run while the file is delayed, and ends the delay with it.
func (f *File) delayFor(err error) {
	if f.spec.Seldom().Timeout <= 0 || DelayedUntil(err).IsZero() {
		return
	}
	var d *Delay
	errors.As(err, &d)
	from, now := f.e.Gate.Time(), time.Now()
	if end := now.Add(f.spec.Seldom().Timeout - f.spent); d.Until.After(end) {
		d.Until = end
	}
	f.delayed = delay{from, max(d.Until.Sub(now), 0)}
}

// countDelay counts what a delay that is over has taken.
func (s *saved) countDelay(g *gate.Gate) {
	if s.delayed != (delay{}) {
		s.spent += min(g.Time()-s.delayed.from, s.delayed.most)
		s.delayed = delay{}
	}
}

// Undelay ends the delay of a task that its caller has paused.
func (e *Engine) Undelay(t *task.Task) {
	if k := RestOf(e.Table.Held(t)).kept; k != nil {
		k.countDelay(e.Gate)
	}
}
