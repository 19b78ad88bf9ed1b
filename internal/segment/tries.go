package segment

import (
	"time"

	"github.com/littledl/littledl/internal/wait"
)

// What has been tried of a segment, and which sources are left.

// Tries is what has been tried of a segment; nil: of what is to be begun next.
func (p *Plan) Tries(s *Segment) wait.Tries {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == nil && len(p.pending) > 0 {
		s = p.pending[0]
	}
	if s == nil {
		return wait.Tries{}
	}
	return s.tries
}

// Soonest is when a segment that nobody has begun may be had from a source; false: there is
// none.
func (p *Plan) Soonest(source int) (at time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.pending {
		if t := s.tries.At(source); !ok || t < at {
			at, ok = t, true
		}
	}
	return at, ok
}

// Tried notes what has been tried of a segment; nil: of what is to be begun next.
func (p *Plan) Tried(s *Segment, t wait.Tries) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == nil && len(p.pending) > 0 {
		s = p.pending[0]
	}
	if s != nil {
		s.tries = t
	}
}

// Shed ends a source's requests of which nothing has come yet.
func (p *Plan) Shed(source int) {
	p.mu.Lock()
	defer p.unlock()
	for _, s := range p.running {
		if s.source == source && !s.flows() {
			p.end(s, ErrShed)
		}
	}
}
