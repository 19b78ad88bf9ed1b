package segment

import (
	"slices"
	"time"
)

// Worker is one that has nothing to do.
type Worker struct {
	Source     int           // that it will ask
	Additional bool          // it can be done without
	Mixed      bool          // several sources serve at once
	Latency    time.Duration // from a request to its first byte
	At         time.Duration // now, on the clock that Tries are on
}

// Take finds a worker something to do: a segment nobody has begun, a part of what another
// has left, or, at the very end, all that another has left, a second time. Nil: nothing
// that is worth a request.
func (p *Plan) Take(w Worker, now time.Time) *Segment {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.surplus(w) {
		return nil
	}
	s := p.next(w.Source, w.At)
	if s == nil && !p.single {
		s = p.steal(w, now)
	}
	if s != nil {
		s.spare = w.Additional
		p.running = append(p.running, s)
	}
	return s
}

// surplus reports whether a worker is one more than are wanted.
func (p *Plan) surplus(w Worker) bool { return w.Additional && p.workers > p.target }

// next takes a segment nobody has begun that the source may be asked for.
func (p *Plan) next(source int, at time.Duration) *Segment {
	here := func(s *Segment) bool { return s.tries.At(source) <= at }
	if p.ahead != nil {
		return p.nextPiece(here)
	}
	i := slices.IndexFunc(p.pending, func(s *Segment) bool { return s.urgent && here(s) })
	if i < 0 {
		i = slices.IndexFunc(p.pending, here)
	}
	if i < 0 {
		return nil
	}
	s := p.pending[i]
	p.pending = slices.Delete(p.pending, i, i+1)
	return s
}

// expectedRate is the speed to expect of a connection. Those that are left at the end are no
// measure of themselves: they may all be slow.
func (p *Plan) expectedRate() float64 { return max(medianRate(p.running), p.recentRate) }

// steal takes from the running segment where that gains most.
func (p *Plan) steal(w Worker, now time.Time) *Segment {
	for _, s := range p.running {
		s.sample(now)
	}
	speed := p.expectedRate()
	slow := slowest(p.running, now, speed)
	if slow == nil {
		return nil
	}
	if p.growth.late && p.ahead == nil { // many come at once: to each the same
		if s := peel(slow, (p.size-p.done.Len())/int64(p.target), p.cfg.Least); s != nil {
			return s
		}
	}
	if speed <= 0 { // nothing could be measured yet
		return nil
	}
	for _, s := range p.running { // the rest waits for what is urgent
		if s.urgent && s.divisible() {
			if h := p.newHedge(s, now, speed, w.Latency); h != nil {
				return h
			}
		}
	}
	if own := p.rate(w.Source); w.Mixed && own > 0 { // sources differ: what counts is how fast this one is
		speed = own
	}
	var victim *Segment
	at, most := int64(0), 0.0
	for _, s := range p.running {
		if !s.divisible() {
			continue
		}
		if n, gain := splitAt(s, now, speed, w.Latency, p.cfg.Part); gain > most {
			victim, at, most = s, n, gain
		}
	}
	if victim == nil || !p.mayAsk(at, victim.end) {
		return p.newHedge(slow, now, speed, w.Latency)
	}
	s := &Segment{pos: at, end: victim.end}
	victim.end = at
	return s
}
