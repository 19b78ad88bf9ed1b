package segment

import (
	"math"
	"slices"
	"time"
)

const (
	// answerTime is how long a request may go without a first byte before anybody who has
	// nothing else to do is set on its bytes.
	answerTime = time.Second
	// A connection is judged by its speed when it has flowed for so long, and a measure for
	// others a little sooner: a line may be bursty, and a connection may have begun slowly.
	judgeTime  = 400 * time.Millisecond
	steadyTime = 300 * time.Millisecond
	// sampleTime is the shortest that a speed is measured over. Fewer bytes than burst may
	// have waited in a buffer.
	sampleTime = 20 * time.Millisecond
	burst      = 256 << 10
)

// sample updates a running segment's speed.
func (s *Segment) sample(now time.Time) {
	if s.pos != s.seen {
		s.moved = now
	}
	if !s.flows() {
		return
	}
	if s.sampled.Before(s.firstByte) {
		s.sampled, s.seen = s.firstByte, s.base
	}
	dt := now.Sub(s.sampled)
	if dt < sampleTime {
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

// sampleWhole updates the speed of a segment that has ended before it could be sampled: one
// that brought much in so little time shows what can be had.
func (s *Segment) sampleWhole(now time.Time) {
	if n := s.pos - s.base; s.rate == 0 && s.flows() && n >= burst {
		s.rate = float64(n) / max(now.Sub(s.firstByte), time.Millisecond).Seconds()
	}
}

// timeLeft estimates how many seconds a segment will take at its own speed; guess is the
// speed of one whose first byte is still under way.
func (s *Segment) timeLeft(now time.Time, guess float64) float64 {
	rate := s.rate
	if !s.flows() && s.stop != nil && now.After(s.overdue) {
		return math.Inf(1)
	}
	if s.flowing(now) < 50*time.Millisecond {
		rate = max(rate, guess)
	}
	if rate <= 0 {
		return math.Inf(1)
	}
	return float64(s.end-s.pos) / rate
}

// slowest returns the divisible segment with most time left.
func slowest(running []*Segment, now time.Time, guess float64) *Segment {
	var worst *Segment
	most := 0.0
	for _, s := range running {
		if !s.divisible() {
			continue
		}
		if left := s.timeLeft(now, guess); worst == nil || left > most {
			worst, most = s, left
		}
	}
	return worst
}

// medianRate is the median of the speeds of those that have one; 0 when none has.
func medianRate(running []*Segment) float64 {
	var rates []float64
	for _, s := range running {
		if s.rate > 0 && s.flows() {
			rates = append(rates, s.rate)
		}
	}
	if len(rates) == 0 {
		return 0
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}

// straggles reports whether s is far below its siblings and would hold up the file: then a
// new connection is worth more than patience.
func straggles(s *Segment, siblings []*Segment, now time.Time) bool {
	if s.flowing(now) < judgeTime || s.throttled || s.hedge != nil {
		return false
	}
	var peers []*Segment
	for _, o := range siblings {
		if o != s && o.rate > 0 && o.flowing(now) >= steadyTime {
			peers = append(peers, o)
		}
	}
	if len(peers) < 2 {
		return false
	}
	return s.rate < medianRate(peers)/4 && s.timeLeft(now, 0) > 1
}
