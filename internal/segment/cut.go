package segment

import (
	"math"
	"time"

	"github.com/littledl/littledl/internal/span"
)

// cut divides what is missing into n segments of about equal length, none shorter than
// least unless a gap is.
func cut(gaps []span.Range, n int, least int64) []*Segment {
	var total int64
	for _, g := range gaps {
		total += g.Hi - g.Lo
	}
	if total == 0 {
		return nil
	}
	each := max((total+int64(n)-1)/int64(n), least, 1)
	var out []*Segment
	for _, g := range gaps {
		for lo := g.Lo; lo < g.Hi; {
			hi := min(lo+each, g.Hi)
			if g.Hi-hi < min(least, each/2) { // no remnants
				hi = g.Hi
			}
			out = append(out, &Segment{pos: lo, end: hi})
			lo = hi
		}
	}
	return out
}

// peel moves a segment's end down by an equal share of all that is left, and returns the
// rest; nil where either would be shorter than least.
func peel(s *Segment, share, least int64) *Segment {
	take := max(min(share, (s.end-s.pos)/2), least)
	if s.end-s.pos-take < least {
		return nil
	}
	rest := &Segment{pos: s.end - take, end: s.end}
	s.end -= take
	return rest
}

// splitAt is where to split a victim so that both would end together, and how many seconds
// sooner that is: the thief works at speed, but begins latency later. 0: it is not worth it,
// as it is not where the thief would wait longer for its part than work on it.
func splitAt(victim *Segment, now time.Time, speed float64, latency time.Duration, least int64) (at int64, gain float64) {
	if speed <= 0 {
		return 0, 0
	}
	left := victim.timeLeft(now, speed)
	remains := victim.end - victim.pos
	d := latency.Seconds()
	if math.IsInf(left, 1) { // stuck: nothing is known but that it stands still
		left = 10 * float64(remains) / speed
	}
	rate := float64(remains) / left
	keep := min(least, remains/4) // no remnants: what is left of a crawling one is for a hedge
	n := min(int64((left-d)*speed*rate/(speed+rate)), remains-keep)
	if n < max(least, int64(speed*d)) {
		return 0, 0
	}
	after := max(d+float64(n)/speed, float64(remains-n)/rate)
	// What a moved end costs: the victim drops its connection there, and what is under way
	// on it is lost.
	if gain := left - after; gain > d/2+0.05 {
		return victim.end - n, gain
	}
	return 0, 0
}
