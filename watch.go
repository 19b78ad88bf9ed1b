package littledl

import (
	"slices"
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
		if s.firstByte.IsZero() && !s.answered { // connecting and waiting for headers have limits of their own
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
		if s.cancel != nil && f.drops < 2*f.limit+8 && (straggles(s, f.siblingsLocked(s), now) || f.misplacedLocked(s, now) || f.futileLocked(s, now)) {
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

// siblingsLocked are the running segments that one can be measured by: those of the same
// source.
func (f *file) siblingsLocked(s *segment) []*segment {
	if !f.parallel {
		return f.running
	}
	return slices.DeleteFunc(slices.Clone(f.running), func(o *segment) bool { return o.src != s.src })
}

// helpLocked starts workers for segments without one, and one for those slow ones that
// would gain from being shared.
func (f *file) helpLocked(now time.Time) {
	f.staffLocked()
	if len(f.todo) == 0 {
		f.relieveLocked(now, 1)
	}
}

// relieveLocked starts so many workers at most as there are segments to be shared.
func (f *file) relieveLocked(now time.Time, most int) {
	speed := f.usualLocked()
	if speed <= 0 || !f.r.mayGrow(f) {
		return
	}
	for _, s := range f.running {
		if most == 0 || f.workers >= f.placesLocked(f.target) {
			return
		}
		if divisible(s) && s.timeLeft(now, speed) >= 1 {
			f.hireLocked(worker{additional: true, extra: true})
			most--
		}
	}
}
