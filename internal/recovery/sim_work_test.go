package recovery

import (
	"slices"

	"github.com/littledl/littledl/internal/wait"
)

// What the workers of a simulation do.

// runWorkers has every worker that is free ask what to do.
func (s *sim) runWorkers() {
	for again := true; again; {
		again = false
		for k := range s.workers {
			if w := &s.workers[k]; !w.inFlight && w.at <= s.now && !w.idle && s.ended == nil {
				again = s.act(k) || again
			}
		}
	}
}

// act is one decision for a worker; true: it has ended the round, and all begin anew.
func (s *sim) act(k int) (over bool) {
	w := &s.workers[k]
	begun := s.f.open && !s.stream && !s.workers[0].compare
	if k > 0 && (!begun || len(s.pending) == 0 && w.piece == nil) {
		w.idle = true
		return false
	}
	t := w.tries
	if w.piece != nil {
		t = w.piece.tries
	} else if !s.f.parallel && len(s.pending) > 0 {
		t = s.pending[0].tries
	}
	var a Action
	if s.f.parallel && w.piece == nil {
		a = s.f.Choose(s.now, t, -1, s.loads(), s.healths())
	} else {
		a = s.f.Next(s.now, t, s.healths())
	}
	switch a.Kind {
	case Wait:
		s.waits(a, t)
		w.at = a.Until
	case Fail:
		s.drop()
		s.ended = &a
	case Restart:
		s.drop()
		s.restart(a)
		return true
	case Compare:
		s.drop()
		s.send(0, a, &piece{tries: t})
		return true
	case Fetch:
		if w.piece == nil && !s.take(w, a) {
			w.idle = true
			for _, p := range s.pending { // it is not to be asked for there yet
				if at := p.tries.At(a.Source); w.idle || at < w.at {
					w.idle, w.at = false, at
				}
			}
			return false
		}
		s.send(k, a, w.piece)
	}
	return false
}

// take finds a worker a piece that its source may be asked for.
func (s *sim) take(w *simWorker, a Action) bool {
	if a.Stream {
		t := wait.Tries{}
		if len(s.pending) > 0 {
			t = s.pending[0].tries
		}
		s.pending = nil
		w.piece = &piece{s.size, t}
		return true
	}
	i := slices.IndexFunc(s.pending, func(p piece) bool { return p.tries.At(a.Source) <= s.now })
	if i < 0 {
		return false
	}
	p := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	w.piece = &p
	return true
}

func (s *sim) loads() []Load {
	l := make([]Load, len(s.src))
	for i := range l {
		l[i].Capacity = 4
	}
	for _, w := range s.workers {
		if w.inFlight {
			l[w.source].Workers++
		}
	}
	return l
}

// send begins a request.
func (s *sim) send(k int, a Action, p *piece) {
	if s.health(a.Source).Until > s.now || p.tries.At(a.Source) > s.now {
		s.t.Fatalf("asks too soon: %+v", a)
	}
	s.workers[k] = simWorker{piece: p, inFlight: true, compare: a.Kind == Compare, source: a.Source, gen: a.Gen, start: s.now, at: s.now + roundTrip}
	s.stream = a.Stream
	s.health(a.Source).Sent()
	s.asked = append(s.asked, request{a.Source, s.now, a.Kind == Compare})
}
