package littledl

import (
	"time"
)

// What the batch's ticker does for every file in transfer: end attempts that
// stand still, replace stragglers, let a file grow while growing pays.

// watch is called at every tick.
func (f *file) watch(now time.Time) {
	cfg := f.r.d.set.cfg
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || f.ctx == nil || f.ctx.Err() != nil {
		return
	}
	for _, s := range f.running {
		if s.cancel == nil {
			continue
		}
		s.sample(now)
		silent := now.Sub(s.moved)
		if s.firstByte.IsZero() { // connecting and waiting for headers have limits of their own
			silent -= cfg.ConnectTimeout + cfg.HeaderTimeout - cfg.StallTimeout
			if cfg.HTTPClient != nil {
				silent = now.Sub(s.moved)
			}
		}
		if silent >= cfg.StallTimeout && !s.throttled {
			s.cancel(ErrStalled)
		}
	}
	if f.pin == nil || f.stream || f.pin.Size < f.r.d.set.firstAsk() { // a small file is one request
		return
	}
	if f.workers == 0 || f.unconfirmed { // the round is ending, or has hardly begun
		return
	}
	for _, s := range f.running {
		if s.cancel != nil && f.drops < 2*f.limit+8 && straggles(s, f.running, now) {
			f.drops++
			s.src.rate, s.rate = s.rate, 0 // others may do better with it
			s.cancel(errStraggler)
			break // the others are judged anew without it
		}
	}
	f.observeLocked(now)
	f.growLocked(now)
	f.helpLocked(now)
}

// helpLocked starts workers for segments without one, and for slow ones that
// would gain from being shared.
func (f *file) helpLocked(now time.Time) {
	f.staffLocked()
	if f.workers >= f.target || len(f.todo) > 0 {
		return
	}
	speed := f.usualLocked()
	victim := slowest(f.running, now, speed)
	if victim == nil || speed <= 0 || victim.timeLeft(now, speed) < 1 {
		return
	}
	if f.r.mayGrow(f) {
		f.hireLocked()
		f.r.added.Add(1)
	}
}
