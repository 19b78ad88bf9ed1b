package segment

import "github.com/littledl/littledl/internal/span"

// What is there, and what is missing.

// Sized notes how large the file is; -1: nobody knows. Ranges: it can be had in parts.
func (p *Plan) Sized(size int64, ranges bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size, p.single = size, size < 0 || !ranges
	if p.single {
		return
	}
	for _, s := range p.running {
		s.end = min(s.end, size)
	}
}

// Adopt takes over what another process has left of a file of this size.
func (p *Plan) Adopt(size int64, there []span.Range) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = size
	for _, r := range there {
		p.done.Add(r.Lo, r.Hi)
	}
}

// Stream makes the body of an answer the whole file: it is written from byte 0 to end.
func (p *Plan) Stream(s *Segment, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.single = true
	s.pos, s.base, s.seen, s.end = 0, 0, 0, end
}

// Close notes how large a stream has turned out to be. What an attempt before has left
// behind its end is forgotten: so many bytes.
func (p *Plan) Close(size int64) (forgotten int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size = size
	return p.done.Remove(size, ToEnd)
}

// Forget has bytes be missing, and returns how many were not before. Whoever works on the
// file does not find out.
func (p *Plan) Forget(lo, hi int64) (forgotten int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done.Remove(lo, hi)
}

// Refetch is Forget for a file that others work on: the bytes are pending then.
func (p *Plan) Refetch(lo, hi int64) (forgotten int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := []span.Range{{Lo: lo, Hi: hi}}
	for _, g := range p.done.Gaps(lo, hi) {
		was = span.Without(was, g.Lo, g.Hi)
	}
	for _, r := range was {
		p.pending = append(p.pending, &Segment{pos: r.Lo, end: r.Hi})
	}
	return p.done.Remove(lo, hi)
}

// Reset forgets all bytes and how many there should be, and returns how many were there.
func (p *Plan) Reset() (forgotten int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	forgotten = p.done.Len()
	p.done.Reset()
	p.size = -1
	for i := range p.sources {
		p.sources[i].wrote.Reset()
	}
	return forgotten
}

// Complete reports whether all of a file whose size is known is there.
func (p *Plan) Complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size >= 0 && p.done.Contains(0, p.size)
}

// Len is how many bytes are there.
func (p *Plan) Len() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done.Len()
}

// Prefix is how many bytes are there from the first on.
func (p *Plan) Prefix() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done.Prefix()
}

// There is a copy of what is there.
func (p *Plan) There() *span.Set {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done.Clone()
}

// Range is what remains of a segment.
func (p *Plan) Range(s *Segment) (lo, hi int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.pos, s.end
}

// Brought is how many bytes the latest request for a segment has, and whether there was an
// answer at all.
func (p *Plan) Brought(s *Segment) (bytes int64, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.pos - s.base, s.answered
}

// Little reports whether the latest request for a segment has brought next to nothing: less than
// most, and of what it was to bring, up to until, hardly any.
func (p *Plan) Little(s *Segment, until, most int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := s.pos - s.base
	return n == 0 || n < min(most, (min(until, s.end)-s.base)/16)
}

// Finished reports whether nothing is left to fetch of a segment: all is there, or others
// have it.
func (p *Plan) Finished(s *Segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.pos >= s.end || !p.runs(s)
}
