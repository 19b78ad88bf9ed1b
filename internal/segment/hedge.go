package segment

import "time"

// newHedge asks a second time for what the slowest has left, when it is so slow that a new
// connection would be done in half the time. Whoever is done first has won.
func (p *Plan) newHedge(slow *Segment, now time.Time, speed float64, latency time.Duration) *Segment {
	if slow.throttled { // it is as slow as the caller wants it to be
		return nil
	}
	left := slow.timeLeft(now, speed)
	fresh := latency.Seconds() + float64(slow.end-slow.pos)/speed
	long := slow.end-slow.pos > 4*p.cfg.Least && p.ahead == nil // in order, what it holds up is more than that
	if left < 2*fresh+0.3 || long || now.Sub(slow.asked) < 2*latency+100*time.Millisecond {
		return nil
	}
	if now.Sub(slow.hedged) < time.Second { // the last try failed, perhaps at once
		return nil
	}
	s := &Segment{pos: slow.pos, end: slow.end, hedge: slow}
	slow.hedge, slow.hedged = s, now
	return s
}

// futile reports that a hedge does no better than the one that it was to relieve, while
// others do, or did. Without it one of those can be the hedge.
func (p *Plan) futile(s *Segment, now Now) bool {
	if s.hedge == nil || !s.hedge.hedged.After(s.hedged) { // it is not the second of them
		return false
	}
	if s.throttled || s.flowing(now.Time) < judgeTime || s.timeLeft(now.Time, 0) <= 1 {
		return false
	}
	best := p.recentRate
	for i := range now.Capacity {
		if p.hasRoom(i, now) {
			best = max(best, p.rate(i))
		}
	}
	return max(s.rate, s.hedge.rate) < best/4
}

// Failed notes that a request for a segment came to nothing, or not to its end. Covered:
// another one has its bytes, or will have them, and it is out of the plan. Silent: nothing
// was heard of it for too long; if nothing is of its hedge either, that ends, so that what is
// to be done about it is decided once. Two that stand still in turns would last for ever.
func (p *Plan) Failed(s *Segment, silent bool, now time.Time) (covered bool) {
	p.mu.Lock()
	defer p.unlock()
	if h := s.hedge; silent && h != nil && h.stop != nil && !h.throttled && (!h.flows() || now.Sub(h.moved) >= p.cfg.Stall/3) {
		p.cover(h)
	}
	if s.hedge == nil && p.runs(s) {
		return false
	}
	p.drop(s)
	return true
}

// Covered reports whether a segment is out of the plan because others have its bytes.
func (p *Plan) Covered(s *Segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.runs(s)
}

// Hedged reports whether a segment's bytes are asked for twice.
func (p *Plan) Hedged(s *Segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.hedge != nil
}

// cover takes a segment out of the plan whose bytes are another's.
func (p *Plan) cover(s *Segment) {
	p.drop(s)
	p.end(s, ErrCovered)
}
