package transfer

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
)

// Slowest is how slowly a file may come, and for how long.
type Slowest struct {
	Speed int64 // bytes/s; 0: as slowly as it likes
	Time  time.Duration
}

// slowWindow is how long a speed is measured.
const slowWindow = time.Second

// slow is how slowly a file has come lately, as its reporter sees it. Only such time counts in
// which its servers were what it waited for.
type slow struct {
	at     time.Time // of the latest look; zero: there was none
	bytes  int64     // that it had received then
	span   time.Duration
	gained int64         // in that
	below  time.Duration // in a row
}

// Hurry ends the requests of a file that has come too slowly for too long. It is to be called at
// every tick.
func (f *File) Hurry(now time.Time) {
	least := f.e.Slowest
	if least.Speed == 0 {
		return
	}
	f.mu.Lock()
	plan := f.plan
	f.mu.Unlock()
	s, n, flows := &f.slow, f.received.Load(), plan.Flows()
	dt, gained := now.Sub(s.at), n-s.bytes
	first := s.at.IsZero()
	if s.at, s.bytes = now, n; first || !flows {
		return
	}
	s.span, s.gained = s.span+dt, s.gained+gained
	if s.span < min(slowWindow, least.Time) {
		return
	}
	if s.below += s.span; float64(s.gained) >= float64(least.Speed)*s.span.Seconds() {
		s.below = 0
	}
	s.span, s.gained = 0, 0
	if s.below >= least.Time {
		s.below = 0
		plan.Halt(fail.ErrTooSlow)
	}
}
