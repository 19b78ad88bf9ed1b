// Package segment plans the fetching of one file over several connections: which of its
// bytes are there, under way and missing, and who fetches what next. A file whose stretches
// are dealt out once is as slow as the slowest connection; so one that has nothing left
// takes a part of what another has, the last bytes are asked for twice, a connection that
// crawls is replaced, and more of them join as long as that pays.
//
// A plan decides and keeps account. It makes no request and has no clock: whoever works by
// it says what happened, and when.
package segment

import (
	"math"
	"time"

	"github.com/littledl/littledl/internal/wait"
)

// ToEnd is the end of a segment whose size nobody knows.
const ToEnd = math.MaxInt64

// Segment is a stretch of a file that one connection works through. Its request may ask
// for less than all of it, and another may take its end away while it runs. Its plan's
// lock guards it.
type Segment struct {
	pos, end int64 // what remains: [pos, end)
	urgent   bool  // asked for before all others
	spare    bool  // whoever works on it can be done without
	tries    wait.Tries
	hedge    *Segment  // the other of two that fetch the same bytes at the end
	hedged   time.Time // when it last got one

	// The running request.
	source    int
	stop      func(error) // ends it; nil between requests
	stopped   bool        // that was called, or is about to be
	asked     time.Time
	overdue   time.Time // when a first byte is later than usual
	firstByte time.Time // zero: none yet, or no request
	base      int64     // pos when it began
	answered  bool      // its answer's body may be written
	throttled bool      // it waits for the speed limit, not for the server
	moved     time.Time // when its bytes last arrived, as far as anybody has looked

	rate    float64 // bytes/s, smoothed; survives requests
	sampled time.Time
	seen    int64 // pos at that time
}

// begin readies a segment for a request.
func (s *Segment) begin(source int, stop func(error), latency time.Duration, now time.Time) {
	s.source, s.stop, s.asked, s.moved = source, stop, now, now
	s.overdue = now.Add(max(answerTime, 2*latency))
	s.firstByte, s.sampled = time.Time{}, time.Time{}
	s.base, s.seen, s.answered = s.pos, s.pos, false
}

// flows reports whether bytes arrive.
func (s *Segment) flows() bool { return !s.firstByte.IsZero() }

// flowing is for how long they have.
func (s *Segment) flowing(now time.Time) time.Duration {
	if !s.flows() {
		return 0
	}
	return now.Sub(s.firstByte)
}

// waits reports whether nobody serves it, and none is asked to: its worker waits for that.
func (s *Segment) waits() bool { return s.stop == nil && s.pos < s.end }

// divisible reports whether others could have a part of it.
func (s *Segment) divisible() bool { return s.hedge == nil && s.end != ToEnd && s.pos < s.end }
