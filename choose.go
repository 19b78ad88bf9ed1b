package littledl

import (
	"math"
	"slices"
	"time"
)

// Which of several sources a worker asks next.

// choose takes the source for a worker's next request: the current one, or, where
// several may serve at once, the one that served it last, unless another has room and
// less to do or is much faster, else the one whose connections are least in use for
// what it has shown to bear. The worker must leave it again.
func (f *file) choose(last *source) *source {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	best := f.sources[f.current]
	if f.pin != nil && !f.stream && f.parallel {
		if last != nil && !f.betterLocked(last, now) {
			best = last
		} else {
			best = f.leastLocked(best, now)
		}
	}
	best.conns++
	return best
}

// usable reports whether a source may serve beside others now.
func (s *source) usable(now time.Time) bool {
	if s.dropped || !s.proven {
		return false
	}
	blocked, _ := s.host.wait(now, math.MaxInt64)
	return blocked == 0
}

// hasRoom reports whether a source could serve one more worker now.
func (s *source) hasRoom(now time.Time) bool {
	return s.usable(now) && !s.rests.After(now) && s.conns < s.host.bears()
}

// betterLocked reports whether a worker should leave the source that has just served it.
func (f *file) betterLocked(last *source, now time.Time) bool {
	if !last.usable(now) {
		return true
	}
	for _, s := range f.sources {
		if s != last && s.hasRoom(now) && (s.conns < last.conns || last.rate > 0 && f.rateLocked(s) > 2*last.rate) {
			return true
		}
	}
	return false
}

// leastLocked is the source with the least to do for its speed; best is taken where none
// is usable.
func (f *file) leastLocked(best *source, now time.Time) *source {
	fastest := 0.0
	for _, s := range f.sources {
		fastest = max(fastest, f.rateLocked(s))
	}
	load := func(s *source) float64 {
		l := float64(s.conns+1) / float64(max(s.host.bears(), 1))
		if rate := f.rateLocked(s); rate > 0 {
			l *= fastest / rate
		}
		switch {
		case !s.usable(now):
			return l + 2e9
		case !s.hasRoom(now):
			return l + 1e9
		}
		return l
	}
	for _, s := range f.sources {
		if s.proven && !s.dropped && (best.dropped || load(s) < load(best)) {
			best = s
		}
	}
	return best
}

// rateLocked is the bytes/s that a connection to a source has lately; 0: not known.
func (f *file) rateLocked(src *source) float64 {
	rate := 0.0
	for _, s := range f.running {
		if s.src == src && !s.firstByte.IsZero() {
			rate = max(rate, s.rate)
		}
	}
	if rate > 0 {
		return rate
	}
	return src.rate
}

// misplacedLocked reports whether a connection had better be one to another source:
// requests are what is scarce, and that one has room and is much faster.
func (f *file) misplacedLocked(s *segment, now time.Time) bool {
	if !f.parallel || s.firstByte.IsZero() || now.Sub(s.firstByte) < time.Second || s.rate <= 0 || s.timeLeft(now, 0) < 1 || f.r.idleSlots() > 0 {
		return false
	}
	return slices.ContainsFunc(f.sources, func(o *source) bool {
		return o != s.src && o.hasRoom(now) && f.rateLocked(o) > 4*s.rate
	})
}

// moveOn reports whether a worker that a source has refused may turn to another one at
// once. The segment is anybody's then.
func (f *file) moveOn(s *segment, src *source, d time.Duration) bool {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	src.rests = now.Add(d)
	if !f.parallel || f.ctx.Err() != nil {
		return false
	}
	for _, o := range f.sources {
		if o != src && o.hasRoom(now) {
			f.requeueLocked(s)
			return true
		}
	}
	return false
}

// forgives reports whether a source that has served beside others, and now ends
// connections without an answer, shall only rest: perhaps they were too many. So often in a
// row at most.
func (f *file) forgives(src *source, most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.parallel || src.bytes == 0 || src.strikes >= most {
		return false
	}
	src.strikes++
	return true
}

func (f *file) leave(src *source) {
	f.mu.Lock()
	src.conns--
	f.mu.Unlock()
}
