package littledl

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/span"
)

// How a file is cut, and how the work left on it is shared. Pure: the caller
// holds the file's lock and passes the time in.

// trouble is what has gone wrong in a row.
type trouble struct {
	tries   int           // failed attempts without progress worth the name
	refused int           // refusals (429, 503)
	waited  time.Duration // what they have cost so far
	paid    time.Time     // up to when: waits that overlap cost once
}

// cost notes a wait that begins now.
func (t *trouble) cost(now time.Time, wait time.Duration) {
	until := now.Add(wait)
	if now.Before(t.paid) {
		now = t.paid
	}
	if until.After(now) {
		t.waited += until.Sub(now)
		t.paid = until
	}
}

// segment is a stretch of a file that one connection works through. Its request
// may ask for less than all of it; a thief may move its end down while it runs.
// file.mu guards it.
type segment struct {
	pos, end int64 // what remains: [pos, end)
	trouble
	shuns  *source   // the source it could not be had from lately; others may have it
	until  time.Time // how long
	early  bool      // mirrors are compared with it
	hedged time.Time // when it last got a twin
	twin   *segment  // the other of two that fetch the same bytes at the end

	// The running request; zero values between requests.
	src       *source
	cancel    context.CancelCauseFunc
	asked     time.Time
	overdue   time.Time // when a first byte is later than usual
	firstByte time.Time
	base      int64 // pos when it began
	seen      int64 // pos at the last look
	moved     time.Time
	rate      float64 // bytes/s, smoothed; survives requests
	sampled   time.Time
	answered  bool // it has an answer whose body may be written
	separate  bool // the request insists on a connection of its own, and so on HTTP/1.1
	throttled bool // waits for the speed limit, not for the server
}

// toEnd is the end of a segment whose size nobody knows.
const toEnd = math.MaxInt64

// chunksFor is how many segments a file of this size is cut into to begin with.
func chunksFor(size int64) int {
	switch {
	case size < smallSize:
		return 1
	case size <= largeSize:
		return 4
	}
	return 8
}

// cut divides what is missing into n segments of about equal length, none
// shorter than least unless a gap is.
func cut(gaps []span.Range, n int, least int64) []*segment {
	var total int64
	for _, g := range gaps {
		total += g.Hi - g.Lo
	}
	if total == 0 {
		return nil
	}
	each := max((total+int64(n)-1)/int64(n), least, 1)
	var out []*segment
	for _, g := range gaps {
		for lo := g.Lo; lo < g.Hi; {
			hi := min(lo+each, g.Hi)
			if g.Hi-hi < min(least, each/2) { // no crumbs
				hi = g.Hi
			}
			out = append(out, &segment{pos: lo, end: hi})
			lo = hi
		}
	}
	return out
}

// answerTime is how long a request may go without a first byte before anybody who has
// nothing else to do is set on its bytes.
const answerTime = time.Second

// timeLeft estimates how long a segment will take at its own speed; guess is the
// speed of one whose first byte is still under way.
func (s *segment) timeLeft(now time.Time, guess float64) float64 {
	rate := s.rate
	if s.firstByte.IsZero() && s.cancel != nil && now.After(s.overdue) {
		return math.Inf(1)
	}
	if s.firstByte.IsZero() || now.Sub(s.firstByte) < 50*time.Millisecond {
		rate = max(rate, guess)
	}
	if rate <= 0 {
		return math.Inf(1)
	}
	return float64(s.end-s.pos) / rate
}

// divisible reports whether others could have a part of a segment.
func divisible(s *segment) bool { return s.twin == nil && s.end != toEnd && s.pos < s.end }

// slowest returns the running segment with most time left that has no twin.
func slowest(running []*segment, now time.Time, guess float64) *segment {
	var worst *segment
	most := 0.0
	for _, s := range running {
		if !divisible(s) {
			continue
		}
		if left := s.timeLeft(now, guess); worst == nil || left > most {
			worst, most = s, left
		}
	}
	return worst
}

// peel moves a segment's end down by an equal share of all that is left, and returns the
// rest; nil where either would be shorter than least.
func peel(s *segment, share, least int64) *segment {
	take := max(min(share, (s.end-s.pos)/2), least)
	if s.end-s.pos-take < least {
		return nil
	}
	rest := &segment{pos: s.end - take, end: s.end}
	s.end -= take
	return rest
}

// share is where to split a victim so that both would end together, and how many
// seconds sooner that is: the thief works at speed, but begins setup later. 0: it is not
// worth it.
func share(victim *segment, now time.Time, speed float64, setup time.Duration, least int64) (at int64, gain float64) {
	if speed <= 0 {
		return 0, 0
	}
	left := victim.timeLeft(now, speed)
	remains := victim.end - victim.pos
	d := setup.Seconds()
	if math.IsInf(left, 1) { // stuck: nothing is known but that it stands still
		left = 10 * float64(remains) / speed
	}
	rate := float64(remains) / left
	keep := min(least, remains/4) // no crumbs: what is left of a crawling one is for a twin
	n := min(int64((left-d)*speed*rate/(speed+rate)), remains-keep)
	if n < least {
		return 0, 0
	}
	after := max(d+float64(n)/speed, float64(remains-n)/rate)
	// What a moved end costs: the victim drops its connection there, and what is
	// under way on it is lost.
	if gain := left - after; gain > d/2+0.05 {
		return victim.end - n, gain
	}
	return 0, 0
}

// median of the rates of those that have one; 0 when none has.
func medianRate(running []*segment, but *segment) float64 {
	var rates []float64
	for _, s := range running {
		if s != but && s.rate > 0 && !s.firstByte.IsZero() {
			rates = append(rates, s.rate)
		}
	}
	if len(rates) == 0 {
		return 0
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}

// straggles reports whether s is far below its siblings and would hold up the
// file: then a new connection is worth more than patience.
func straggles(s *segment, running []*segment, now time.Time) bool {
	// Speeds over a moment say little: a line may be bursty, and a connection may
	// have begun slowly.
	const enough = 400 * time.Millisecond
	if s.firstByte.IsZero() || now.Sub(s.firstByte) < enough || s.throttled || s.twin != nil {
		return false
	}
	var peers []*segment
	for _, o := range running {
		if o != s && o.rate > 0 && !o.firstByte.IsZero() && now.Sub(o.firstByte) >= enough*3/4 {
			peers = append(peers, o)
		}
	}
	if len(peers) < 2 {
		return false
	}
	return s.rate < medianRate(peers, nil)/4 && s.timeLeft(now, 0) > 1
}

// sample updates a running segment's speed.
func (s *segment) sample(now time.Time) {
	if s.pos != s.seen {
		s.moved = now
	}
	if s.firstByte.IsZero() {
		return
	}
	if s.sampled.Before(s.firstByte) {
		s.sampled, s.seen = s.firstByte, s.base
	}
	dt := now.Sub(s.sampled)
	if dt < 20*time.Millisecond {
		return
	}
	fresh := float64(s.pos-s.seen) / dt.Seconds()
	if s.rate == 0 {
		s.rate = fresh
	} else {
		w := 1 - math.Exp(-dt.Seconds()/0.3)
		s.rate += w * (fresh - s.rate)
	}
	s.seen, s.sampled = s.pos, now
}
