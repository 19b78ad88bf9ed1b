package strategy

import (
	"github.com/littledl/littledl/internal/line"
	"github.com/littledl/littledl/internal/segment"
)

// Plain says how a file is fetched by its size alone, over so many connections at most.
func Plain(size int64, limit int) segment.Layout {
	n := Pieces(size)
	begin := min(limit, n)
	if n = (n + begin - 1) / begin * begin; begin == 1 { // as many for each
		n = 1
	}
	return segment.Layout{Segments: n, Workers: begin, Most: limit}
}

// Budget is what files share.
type Budget struct {
	Files    int // that share it
	Requests int // in flight
}

// Shared says how a file is fetched that shares a budget with others, and over how many of so
// many connections at most.
func (s Selector) Shared(size int64, m line.Measure, limit int, b Budget) (segment.Layout, int) {
	d := s.Decide(File{Size: size, Ranges: true}, m, Kept)
	n := max(d.Pieces, 1)
	switch d.Style {
	case Single:
		return Whole(), 1
	case Multi:
		limit = min(n, limit)
		return segment.Layout{Segments: n, Workers: limit}, limit
	}
	// Where many files share the budget, no more pieces than a file will have slots for.
	n = min(n, max(Pieces(size), (b.Requests+b.Files-1)/b.Files))
	begin := min(n, limit)
	return segment.Layout{Segments: n - n%begin, Workers: begin, Most: s.Most, Down: true}, limit // as many for each
}

// Whole is a file that comes in one piece.
func Whole() segment.Layout { return segment.Layout{Segments: 1, Workers: 1} }
