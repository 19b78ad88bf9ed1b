package segment

import "github.com/littledl/littledl/internal/span"

// Layout says how a file is fetched once its size is known.
type Layout struct {
	Segments int          // it is cut into
	Workers  int          // that are wanted to begin with
	Most     int          // that are, where nobody waits for the places that they need; 0: no more
	Down     bool         // they may be more than pay: it is probed with fewer
	Settled  bool         // no other number is tried
	Urgent   []span.Range // what is needed before all else
	Piece    int64        // bytes that are asked for at once of a file that is fetched in order
}

// LayOut cuts what nobody has begun for as many workers as may help, and lets them in.
// First is a segment that is being served already and keeps its share; nil: there is none.
func (p *Plan) LayOut(l Layout, first *Segment, now Now) (out Scaling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.single = false
	p.growth = growth{down: l.Down, over: l.Settled, settled: l.Settled}
	p.wide, p.target = 0, l.Workers
	if l.Most > 0 && !l.Settled && p.divided() {
		p.target = max(l.Workers, min(l.Most, p.room(now, p.workers, min(now.Idle, now.Room))))
		p.growth.wider = p.target > l.Workers
		l.Segments = max(l.Segments, p.room(now, p.workers, now.Idle)) // those that join later find their own
	}
	p.join(now.Time)
	if p.ahead != nil {
		p.inOrder(p.unbegun(), l.Piece)
		p.scale(now, &out)
		return out
	}
	n := l.Segments
	if first != nil {
		n = p.extend(first, l.Segments)
	}
	p.pending = append(p.pending, cut(p.unbegun(), n, p.cfg.Least)...)
	if len(l.Urgent) > 0 {
		p.pending = before(p.pending, l.Urgent)
		p.urgent = now.Time
	}
	p.scale(now, &out)
	return out
}

// extend gives the first segment an equal share of the whole: it has begun, and may be
// asked for in two requests. It returns for how many the rest is: where the first has asked for more
// than its share others will take it from it.
func (p *Plan) extend(first *Segment, segments int) (rest int) {
	share := min((p.size+int64(segments)-1)/int64(segments), p.size)
	first.end = max(first.end, share)
	if p.size-first.end < p.cfg.Least {
		first.end = p.size
	}
	if p.growth.wider {
		return int(max((p.size-first.end+share-1)/share, 1))
	}
	return max(segments-1, 1)
}

// unbegun is what is neither there nor anybody's.
func (p *Plan) unbegun() []span.Range {
	left := p.done.Gaps(0, p.size)
	for _, s := range p.running {
		left = span.Without(left, s.pos, s.end)
	}
	for _, s := range p.pending {
		left = span.Without(left, s.pos, s.end)
	}
	return left
}

// before puts what is urgent before the rest; the ranges are in order.
func before(pending []*Segment, urgent []span.Range) []*Segment {
	var first, rest []*Segment
	for _, s := range pending {
		for _, u := range urgent {
			lo, hi := max(s.pos, u.Lo), min(s.end, u.Hi)
			if lo >= hi {
				continue
			}
			first = append(first, &Segment{pos: lo, end: hi, urgent: true})
			if s.pos < lo {
				rest = append(rest, &Segment{pos: s.pos, end: lo})
			}
			s.pos = hi
		}
		if s.pos < s.end {
			rest = append(rest, s)
		}
	}
	return append(first, rest...)
}
