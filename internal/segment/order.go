package segment

import (
	"cmp"
	"slices"

	"github.com/littledl/littledl/internal/span"
)

// A file whose bytes are wanted in order is fetched in pieces, the first that is missing first.
// That one anybody may have at any time; what lies behind it has to be held back until its turn
// comes, and may only be asked for where there is room for that.

// InOrder has a file be fetched so. Ahead makes room for a stretch behind the first byte that is
// missing, as far as there is none yet; false: there is not enough. It is called under the plan's
// lock. Nil: any order will do.
func (p *Plan) InOrder(ahead func(lo, hi int64) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ahead = ahead
}

// mayAsk reports whether a stretch may be asked for now.
func (p *Plan) mayAsk(lo, hi int64) bool {
	return p.ahead == nil || lo <= p.done.Prefix() || p.ahead(lo, hi)
}

// nextPiece is next for a file that is fetched in order.
func (p *Plan) nextPiece(here func(*Segment) bool) *Segment {
	slices.SortFunc(p.pending, func(a, b *Segment) int { return cmp.Compare(a.pos, b.pos) })
	for i, s := range p.pending {
		end := s.end
		if p.piece > 0 { // it has been laid out
			end = min(end, s.pos+p.piece)
		}
		switch {
		case !here(s) || !p.mayAsk(s.pos, end):
			continue
		case end == s.end:
			p.pending = slices.Delete(p.pending, i, i+1)
			return s
		}
		first := &Segment{pos: s.pos, end: end, tries: s.tries}
		s.pos = end
		return first
	}
	return nil
}

// HeldBack reports whether a worker that found nothing to do had to leave what is pending, since
// there is no room for it yet.
func (p *Plan) HeldBack(w Worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ahead != nil && !p.surplus(w) && slices.ContainsFunc(p.pending, func(s *Segment) bool { return s.tries.At(w.Source) <= w.At })
}

// inOrder lays out what nobody has begun: in order, a stretch is cut when its turn comes.
func (p *Plan) inOrder(unbegun []span.Range, piece int64) {
	p.piece = max(piece, p.cfg.Part)
	for _, g := range unbegun {
		p.pending = append(p.pending, &Segment{pos: g.Lo, end: g.Hi})
	}
}

// pieces is how many workers could have something to do.
func (p *Plan) pieces() (n int) {
	if p.ahead == nil || p.piece == 0 {
		return len(p.pending) + len(p.running)
	}
	for _, s := range p.pending {
		n += int((s.end - s.pos + p.piece - 1) / p.piece)
	}
	return n + len(p.running)
}
