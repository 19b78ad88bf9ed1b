package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// What the sources of a simulation do with a request.

// happens is the next thing that happens to a request.
func (s *sim) happens(w *simWorker) {
	c := &s.src[w.source]
	switch {
	case w.answered:
		s.body(w, c)
	case w.start+s.timeout <= s.now && c.class == fail.Timeout:
		s.fail(w, fail.Timeout, 0)
	case c.troubled(s.now):
		s.trouble(w, c)
	case c.capacity > 0 && s.health(w.source).Serving >= c.capacity:
		s.closed(w)
	default:
		s.answer(w, c)
	}
}

// trouble is a request that is not answered as it should be.
func (s *sim) trouble(w *simWorker, c *conduct) {
	if c.once > 0 {
		if c.once--; c.once == 0 {
			c.to = 0
		}
	}
	switch c.class {
	case fail.Timeout:
		w.at = w.start + s.timeout
		if c.to == 0 { // it was the last; this one is not answered all the same
			c.to = w.at + 1
		}
	case fail.Closed:
		s.closed(w)
	case fail.Interrupted:
		s.health(w.source).Useful(s.now)
		w.answered = true
		s.accept(w, false)
		s.fail(w, fail.Interrupted, 0)
	default:
		s.fail(w, c.class, 0)
	}
}

func (s *sim) closed(w *simWorker) { s.fail(w, fail.Closed, 0) }

// answer is the head of an answer that is as it should be.
func (s *sim) answer(w *simWorker, c *conduct) {
	h := s.health(w.source)
	if c.plain && !s.stream && (w.compare || len(s.done) > 0 || len(s.pending) > 0 && s.f.open) {
		s.fail(w, fail.NoRanges, 0)
		return
	}
	if !w.compare && s.f.open && len(s.done) > 0 && s.done[0].version != c.version && !s.digest {
		s.fail(w, fail.Changed, 0)
		return
	}
	h.Useful(s.now)
	w.answered = true
	if w.compare {
		s.end(w)
		s.f.Compared(w.source, w.gen, len(s.done) == 0 || s.done[0].version == c.version)
		s.drop()
		return
	}
	s.accept(w, c.plain)
	rate := c.rate
	if rate == 0 {
		rate = 4 * mib
	}
	w.at = s.now + time.Duration(float64(w.piece.left)/float64(rate)*float64(time.Second))
	w.brings = w.piece.left
	if c.breaks > 0 {
		s.cutAt(w, (s.now/c.breaks+1)*c.breaks)
	}
	if c.from < c.to && c.class != fail.Busy {
		s.cutAt(w, c.from)
	}
}

// cutAt has an answer break off.
func (s *sim) cutAt(w *simWorker, at time.Duration) {
	if at > s.now && at < w.at {
		w.brings = int64(float64(w.brings) * float64(at-s.now) / float64(w.at-s.now))
		w.at = at
	}
}

// accept takes the answer for what the file is.
func (s *sim) accept(w *simWorker, whole bool) {
	first := !s.f.open
	s.f.Answered(w.source, s.size, whole)
	if whole {
		w.piece.left += s.left()
		s.pending, s.stream = nil, true
	}
	if first && s.digest && len(s.src) > 1 && !s.stream && !s.f.Repairing() {
		s.f.Invite(true)
	}
}

func (s *sim) left() (n int64) {
	for _, p := range s.pending {
		n += p.left
	}
	return n
}

// body is the end of an answer, or the point where it is cut.
func (s *sim) body(w *simWorker, c *conduct) {
	n := w.brings
	if n < w.piece.left {
		if !s.stream {
			s.note(w, n)
		}
		s.health(w.source).Interrupted(s.now)
		s.fail(w, fail.Interrupted, n)
		return
	}
	s.note(w, n)
	s.end(w)
	s.f.Served(w.source, w.gen, s.now, n, false)
	s.whole = s.stream
	w.piece = nil
}

// note notes what has arrived.
func (s *sim) note(w *simWorker, n int64) {
	if n > 0 {
		s.done = append(s.done, stretch{n, w.source, s.src[w.source].version})
		w.piece.left -= n
	}
}

// fail tells of a failure, and takes the piece back.
func (s *sim) fail(w *simWorker, class fail.Class, brought int64) {
	h, c := s.health(w.source), &s.src[w.source]
	e := Failure{
		Source: w.source, Gen: w.gen, Err: &fail.Error{Class: class}, Start: w.start, Now: s.now,
		Jitter: s.rnd.Float64(), Brought: brought, Tries: w.piece.tries,
	}
	e.Answered = w.answered
	s.end(w)
	e.Serving, e.InFlight = h.Serving, h.InFlight
	switch class {
	case fail.Unreachable:
		h.Unreachable(w.start, s.now, s.rnd.Float64(), s.lim.Limits)
	case fail.Closed:
		e.Verdict = h.Closed(w.start, s.now, 0, s.rnd.Float64(), s.lim.Limits)
	case fail.Busy:
		e.Err.RetryAfter, e.Err.Asked = c.ask, c.ask > 0
		h.Heard(s.now)
		h.Refused(w.start, s.now, max(c.ask, 500*ms), s.lim.Limits)
	case fail.Timeout:
		h.Silent(w.start, s.now)
	default:
		h.Heard(s.now)
	}
	stale, another := s.f.stale(w.source, w.gen), s.f.ready(s.now, wait.Tries{}, s.healths(), w.source, anyTerms) >= 0
	w.piece.tries = s.f.Failed(e, s.healths())
	refused := class == fail.Busy || class == fail.Closed && e.Verdict == health.TurnedAway
	if refused && !stale && another && e.Serving == 0 && w.piece.tries.Refusals > s.lim.Retries && s.f.Standing(w.source) == Active {
		s.t.Fatalf("stays beside a source that is ready: %+v", e)
	}
	if class == fail.Timeout && s.f.Standing(w.source) == Rejected {
		h.GaveUp()
	}
	s.returnPiece(w)
}

// returnPiece lets others have the piece of a request that failed, where they may get it
// elsewhere; else its worker waits with it.
func (s *sim) returnPiece(w *simWorker) {
	w.at = s.now
	if w.piece.left == 0 || w.compare {
		t := w.piece.tries
		*w = simWorker{at: s.now}
		if len(s.pending) > 0 {
			s.pending[0].tries = t
		}
		return
	}
	if s.f.parallel {
		s.pending = append([]piece{*w.piece}, s.pending...)
		*w = simWorker{at: s.now, tries: w.piece.tries}
	}
}

// waits checks a wait: nobody waits for one that is down beside one that could be asked.
func (s *sim) waits(a Action, t wait.Tries) {
	o := s.healths()
	if a.Until <= s.now {
		s.t.Fatalf("waits for the past: %+v", a)
	}
	if !s.f.parallel && o[a.Source].State == health.Down && o[a.Source].Until > s.now && s.f.ready(s.now, t, o, a.Source, anyTerms) >= 0 {
		s.t.Fatalf("waits beside a source that is ready: %+v", a)
	}
}

// told is what other files find out of an origin meanwhile.
func (s *sim) told(c *conduct, h *health.Health) {
	if !s.others || h.Until > s.now || h.InFlight > 0 {
		return
	}
	switch {
	case !c.troubled(s.now):
		if h.State >= health.Busy {
			h.Useful(s.now)
			h.Done()
		}
	case c.class == fail.Unreachable:
		h.Unreachable(s.now, s.now, s.rnd.Float64(), s.lim.Limits)
	case c.class == fail.Closed:
		h.Closed(s.now, s.now, 0, s.rnd.Float64(), s.lim.Limits)
	case c.class == fail.Busy:
		h.Refused(s.now, s.now, max(c.ask, 500*ms), s.lim.Limits)
	}
}
