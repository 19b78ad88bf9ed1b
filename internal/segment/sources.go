package segment

import (
	"slices"
	"time"

	"github.com/littledl/littledl/internal/span"
)

// source is what one of those that a file may come from has done for it. Sources are
// numbered from 0; which they are, the plan does not know.
type source struct {
	workers int
	bytes   int64     // that were not there before
	rate    float64   // bytes/s of its latest segment
	brought time.Time // when a request ended that had brought any
	wrote   span.Set  // what is on the disk of it, where there are several sources
}

// SetSources replaces the sources by so many others.
func (p *Plan) SetSources(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inline.source[0] = source{}
	p.sources = p.inline.source[:]
	if n > 1 {
		p.sources = make([]source, n)
	}
}

// Join notes that a worker is at a source; Leave, that it is no longer.
func (p *Plan) Join(source int) {
	p.mu.Lock()
	p.sources[source].workers++
	p.mu.Unlock()
}

// Leave notes that a worker has left a source.
func (p *Plan) Leave(source int) {
	p.mu.Lock()
	p.sources[source].workers--
	p.mu.Unlock()
}

// WorkersAt is how many workers are at a source.
func (p *Plan) WorkersAt(source int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sources[source].workers
}

// attribute notes whose bytes are on the disk at [lo, hi).
func (p *Plan) attribute(source int, lo, hi int64) {
	for i := range p.sources {
		if o := &p.sources[i]; i == source {
			o.wrote.Add(lo, hi)
		} else if o.wrote.Len() > 0 {
			o.wrote.Remove(lo, hi)
		}
	}
}

// Bytes is how many bytes a source has brought that were not there before, and when it was
// the last to bring any.
func (p *Plan) Bytes(source int) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sources[source].bytes
}

// Last is the source of the latest bytes; -1: there are none yet.
func (p *Plan) Last() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Written is a copy of which bytes on the disk are a source's, where there are several.
func (p *Plan) Written(source int) *span.Set {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sources[source].wrote.Clone()
}

// Bringing reports whether a source brings bytes to another request than a segment's, or is about
// to, since it has answered; so it does for the moment between two of them, as long as there is
// one under way. Ago is since when none has that had brought any.
func (p *Plan) Bringing(source int, but *Segment, now time.Time) (yes bool, ago time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ago = now.Sub(p.sources[source].brought)
	yes = slices.ContainsFunc(p.running, func(s *Segment) bool {
		if s == but || s.source != source || s.stop == nil {
			return false
		}
		s.sample(now) // the first bytes of a late body may have come since the last tick
		return ago < time.Second || s.answered && now.Sub(s.moved) < p.cfg.Stall/2
	})
	return yes, ago
}

// Awaits reports whether the first byte of a source is awaited, by another request than a
// segment's: a head alone says little where bodies come late.
func (p *Plan) Awaits(source int, but *Segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.running, func(s *Segment) bool {
		return s != but && s.source == source && s.stop != nil && !s.flows()
	})
}

// Waits reports whether a file's bytes arrive as fast as its servers send them: some answer is
// there, if only its head, and none is kept back by the speed limit.
func (p *Plan) Waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waits := false
	for _, s := range p.running {
		if s.throttled {
			return false
		}
		waits = waits || s.stop != nil && s.answered
	}
	return waits
}

// Rate is the bytes/s that a connection to a source has lately; 0: not known.
func (p *Plan) Rate(source int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate(source)
}

func (p *Plan) rate(source int) float64 {
	rate := 0.0
	for _, s := range p.running {
		if s.source == source && s.flows() {
			rate = max(rate, s.rate)
		}
	}
	if rate > 0 {
		return rate
	}
	return p.sources[source].rate
}

// remember notes the speed of a segment for its source.
func (p *Plan) remember(s *Segment) {
	if s.rate > 0 {
		p.sources[s.source].rate = s.rate
	}
}

// Expect notes the speed that was seen of a source that has not served yet.
func (p *Plan) Expect(source int, rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := &p.sources[source]; s.bytes == 0 {
		s.rate = max(s.rate, rate)
	}
}
