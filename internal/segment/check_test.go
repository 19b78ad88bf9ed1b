package segment

import (
	"fmt"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/span"
)

// check looks for what must never be: bytes that nobody fetches, bytes that two fetch
// without knowing of each other, bytes beyond the end, or of two sources.
func (p *Plan) check() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.checkSegments(); err != nil {
		return err
	}
	if n := p.done.Clone().Remove(p.size, ToEnd); n > 0 {
		return fmt.Errorf("%d bytes behind the end at %d", n, p.size)
	}
	cover := p.done.Clone()
	for _, s := range slices.Concat(p.pending, p.running) {
		cover.Add(s.pos, s.end)
	}
	if gaps := cover.Gaps(0, p.size); !p.single && len(gaps) > 0 {
		return fmt.Errorf("nobody has %v", gaps)
	}
	var all span.Set
	for i := range p.sources {
		for _, r := range p.sources[i].wrote.Ranges() {
			if all.Add(r.Lo, r.Hi) != r.Hi-r.Lo {
				return fmt.Errorf("%v is of source %d and of another", r, i)
			}
		}
		if p.sources[i].workers < 0 {
			return fmt.Errorf("%d workers at source %d", p.sources[i].workers, i)
		}
	}
	return nil
}

func (p *Plan) checkSegments() error {
	known := slices.Concat(p.pending, p.running)
	for i, s := range known {
		switch {
		case s.hedge != nil && (s.hedge.hedge != s || !p.runs(s.hedge)):
			return fmt.Errorf("[%d, %d) has a hedge that is none", s.pos, s.end)
		case i < len(p.pending) && s.hedge != nil:
			return fmt.Errorf("[%d, %d) has a hedge before it was begun", s.pos, s.end)
		}
		for _, o := range known[i+1:] {
			if s.hedge != o && max(s.pos, o.pos) < min(s.end, o.end) {
				return fmt.Errorf("[%d, %d) and [%d, %d) are fetched by two", s.pos, s.end, o.pos, o.end)
			}
		}
	}
	return nil
}

// config is one with which small numbers show what there is to see.
var config = Config{Least: 64, Part: 64, Whole: 1000, Stall: 10 * time.Second, Opening: 40 * time.Second, Stalled: fmt.Errorf("stalled")}

// sized is the plan of a file that can be had in parts, of one source.
func sized(size int64) *Plan {
	p := New(&config)
	p.SetSources(1)
	p.Round()
	p.Sized(size, true)
	return p
}

// freely is when there is room for as many workers as are wanted.
func freely(d time.Duration) Now {
	return Now{Time: at(d), Limit: 16, Idle: 16, Room: 16, Files: 1, MayGrow: true}
}

// inParts is a plan of which as many workers as there are parts have one each.
func inParts(size int64, parts int) (*Plan, []*Segment) {
	p := sized(size)
	p.LayOut(Layout{Segments: parts, Workers: parts}, nil, freely(0))
	var taken []*Segment
	for range parts {
		s := p.Take(Worker{}, at(0))
		p.Begin(s, 0, func(error) {}, 0, at(0))
		p.Answered(s, at(0))
		taken = append(taken, s)
	}
	return p, taken
}

// arrive has n bytes of a segment arrive.
func arrive(p *Plan, s *Segment, n int64, now time.Time) (first bool) {
	pos, _ := p.Range(s)
	if _, first = p.Wrote(s, pos, n); first {
		p.FirstByte(s, now)
	}
	return first
}

// Latest is the bytes/s of a source's latest segment.
func (p *Plan) Latest(source int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sources[source].rate
}
