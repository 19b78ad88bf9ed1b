package littledl

import (
	"time"
)

// How a worker that has nothing left to do helps those that have.

// usualLocked is the speed to expect of a connection. Those that are left at the end are no
// measure of themselves: they may all be slow.
func (f *file) usualLocked() float64 { return max(medianRate(f.running, nil), f.lately) }

// stealLocked takes from the running segment where that gains most, for a worker of a
// source.
func (f *file) stealLocked(now time.Time, src *source) *segment {
	for _, s := range f.running {
		s.sample(now)
	}
	speed := f.usualLocked()
	slow := slowest(f.running, now, speed)
	if slow == nil {
		return nil
	}
	if g := f.growth; g.from > 0 && f.target > g.from && !g.settled { // many come at once: to each the same
		if rest := peel(slow, (f.pin.Size-f.done.Len())/int64(f.target), f.r.d.set.cfg.MinChunkSize); rest != nil {
			return rest
		}
	}
	if speed <= 0 { // nothing could be measured yet
		return nil
	}
	if pace := f.rateLocked(src); f.parallel && pace > 0 { // sources differ: what counts is how fast this one is
		speed = pace
	}
	setup := src.host.latency()
	var victim *segment
	at, most := int64(0), 0.0
	for _, s := range f.running {
		if !divisible(s) {
			continue
		}
		if n, gain := share(s, now, speed, setup, f.r.d.set.cfg.MinChunkSize); gain > most {
			victim, at, most = s, n, gain
		}
	}
	if victim != nil {
		s := &segment{pos: at, end: victim.end}
		victim.end = at
		return s
	}
	return f.hedgeLocked(slow, now, speed, setup)
}

// hedgeLocked asks a second time for what the last one has left, when it is so
// slow that a new connection would be done in half the time. First byte wins.
func (f *file) hedgeLocked(victim *segment, now time.Time, speed float64, setup time.Duration) *segment {
	if victim.throttled { // it is as slow as the caller wants it to be
		return nil
	}
	left := victim.timeLeft(now, speed)
	again := setup.Seconds() + float64(victim.end-victim.pos)/speed
	if left < 2*again+0.3 || victim.end-victim.pos > 4*f.r.d.set.cfg.MinChunkSize || now.Sub(victim.asked) < 2*setup+100*time.Millisecond {
		return nil
	}
	if now.Sub(victim.hedged) < time.Second { // the last try failed, perhaps at once
		return nil
	}
	s := &segment{pos: victim.pos, end: victim.end, twin: victim}
	victim.twin, victim.hedged = s, now
	return s
}

// futileLocked reports that a twin does no better than the one that it was to relieve,
// while others do, or did. Without it one of those can be the twin.
func (f *file) futileLocked(s *segment, now time.Time) bool {
	if s.twin == nil || !s.twin.hedged.After(s.hedged) { // it is not the second of them
		return false
	}
	if s.throttled || s.firstByte.IsZero() || now.Sub(s.firstByte) < 400*time.Millisecond || s.timeLeft(now, 0) <= 1 {
		return false
	}
	best := f.lately
	for _, src := range f.sources {
		if src.hasRoom(now) {
			best = max(best, f.rateLocked(src))
		}
	}
	return max(s.rate, s.twin.rate) < best/4
}
