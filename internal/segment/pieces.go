package segment

import (
	"cmp"
	"slices"

	"github.com/littledl/littledl/internal/span"
)

// Piece is a stretch of a file, for those who watch.
type Piece struct {
	Lo, Hi int64 // Hi is ToEnd where nobody knows the end
	Done   int64 // bytes that are there
	Source int   // that brings them, or has; -1: none
}

// Pieces are the whole file, in order: what requests are under way for, what is there, and what
// nobody has begun. Of two requests for the same bytes the first counts.
func (p *Plan) Pieces() (all []Piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end, at := p.size, int64(0)
	if end < 0 {
		end = ToEnd
	}
	running := slices.DeleteFunc(slices.Clone(p.running), func(s *Segment) bool { return s.stop == nil })
	slices.SortFunc(running, func(a, b *Segment) int { return cmp.Compare(a.base, b.base) })
	for _, s := range running {
		lo, hi := max(s.base, at), min(s.end, end)
		if lo >= hi {
			continue
		}
		all = append(all, p.resting(at, lo)...)
		there := hi - lo
		for _, g := range p.done.Gaps(lo, hi) {
			there -= g.Hi - g.Lo
		}
		all = append(all, Piece{lo, hi, there, s.source})
		at = hi
	}
	return append(all, p.resting(at, end)...)
}

// resting are the pieces of [lo, hi) that no request is under way for.
func (p *Plan) resting(lo, hi int64) (all []Piece) {
	there := []span.Range{{Lo: lo, Hi: hi}}
	for _, g := range p.done.Gaps(lo, hi) {
		all = append(all, Piece{g.Lo, g.Hi, 0, -1})
		there = span.Without(there, g.Lo, g.Hi)
	}
	for _, r := range there {
		if r.Lo < r.Hi {
			all = append(all, p.brought(r)...)
		}
	}
	slices.SortFunc(all, func(a, b Piece) int { return cmp.Compare(a.Lo, b.Lo) })
	return all
}

// brought are the pieces of what is there, by who has brought it.
func (p *Plan) brought(r span.Range) (all []Piece) {
	if len(p.sources) == 1 {
		return []Piece{{r.Lo, r.Hi, r.Hi - r.Lo, 0}}
	}
	rest := []span.Range{r}
	for i := range p.sources {
		for _, w := range p.sources[i].wrote.Ranges() {
			if lo, hi := max(w.Lo, r.Lo), min(w.Hi, r.Hi); lo < hi {
				all = append(all, Piece{lo, hi, hi - lo, i})
				rest = span.Without(rest, lo, hi)
			}
		}
	}
	for _, w := range rest { // an earlier process
		all = append(all, Piece{w.Lo, w.Hi, w.Hi - w.Lo, -1})
	}
	return all
}
