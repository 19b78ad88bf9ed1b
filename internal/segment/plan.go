package segment

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/span"
)

// Why a plan ends a request, at no fault of anybody.
var (
	ErrStraggler = fmt.Errorf("%w: it is far slower than its siblings", fail.ErrDisplaced)
	ErrCovered   = fmt.Errorf("%w: its bytes have arrived elsewhere", fail.ErrDisplaced)
	ErrShed      = fmt.Errorf("%w: it is one connection too many", fail.ErrDisplaced)
)

// Config is what the plans of a batch have in common.
type Config struct {
	Least   int64         // no segment is cut shorter when a file is laid out
	Part    int64         // nor a part that is taken of one under way
	Whole   int64         // a file below is one request
	Stall   time.Duration // an answer that stands still for so long is ended
	Opening time.Duration // a request without an answer
	Stalled error         // why
}

// Plan is of one file. It is safe for concurrent use. A worker takes a segment, makes one
// request after the other for it (Begin, Answered, Wrote, End), and says what came of it:
// Done, Failed, Return or Drop.
type Plan struct {
	cfg *Config

	mu      sync.Mutex // guards all below; methods that are not exported are called with it
	done    span.Set
	size    int64      // -1: nobody knows
	single  bool       // one request has all that is asked for: there is nothing to share
	pending []*Segment // not begun; the first is next
	running []*Segment
	sources []source
	last    int // the source of the latest bytes; -1: none

	ahead func(lo, hi int64) bool // nil: any order will do; see order.go
	piece int64                   // bytes that are asked for at once then

	workers int
	target  int // workers wanted
	wide    int // that would be, if the file were not narrow; 0: it is not
	growth  growth
	urgent  time.Time // since when some are

	recentRate float64 // bytes/s of the segments that were finished last
	replaced   int     // stragglers
	measure    Measure

	held     bool       // a speed limit was waited for: see Flows
	stopping []stopping // see unlock

	inline struct { // room for what a small file needs
		segment          Segment
		pending, running [1]*Segment
		source           [1]source
	}
}

// New is the plan of a file of which nothing is known; it needs sources.
func New(cfg *Config) *Plan { return &Plan{cfg: cfg, size: -1, last: -1} }

// stopping is a request to be ended.
type stopping struct {
	stop func(error)
	why  error
}

// end ends a segment's request, if it has one.
func (p *Plan) end(s *Segment, why error) {
	if s.stop != nil {
		s.stopped = true
		p.stopping = append(p.stopping, stopping{s.stop, why})
	}
}

// unlock is what methods that may end requests defer: ending one calls out.
func (p *Plan) unlock() {
	ended := p.stopping
	p.stopping = nil
	p.mu.Unlock()
	for _, e := range ended {
		e.stop(e.why)
	}
}

// Round begins anew to fetch what is missing, with one worker. Nobody works on the plan.
func (p *Plan) Round() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending, p.running = p.inline.pending[:0], p.inline.running[:0]
	p.workers, p.target, p.wide, p.growth = 1, 1, 0, growth{}
}

// Resume forgets what was measured: the network may be another by now.
func (p *Plan) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recentRate, p.replaced, p.measure, p.last = 0, 0, Measure{}, -1
}

// Ask has a round begin with one request, for [lo, hi), which tells whether there is
// anything to share.
func (p *Plan) Ask(lo, hi int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.single = true
	p.inline.segment = Segment{pos: lo, end: hi}
	p.pending = append(p.pending, &p.inline.segment)
}

// Shared reports whether anybody else has a part of the file, or shall have one.
func (p *Plan) Shared() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.workers > 1 || len(p.pending) > 0
}

// Begin notes that a source is asked for a segment, of which a first byte is to be expected
// after latency. Stop ends the request, and is given the reason.
func (p *Plan) Begin(s *Segment, source int, stop func(error), latency time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.begin(source, stop, latency, now)
}

// Answered notes that the body of the answer may be written.
func (p *Plan) Answered(s *Segment, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.answered, s.moved = true, now
}

// Arrived notes that something has come that is no byte of the file yet.
func (p *Plan) Arrived(s *Segment, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.moved = now
}

// Room is how many bytes at off the segment wants: its end may have been moved.
func (p *Plan) Room(s *Segment, off int64) int64 {
	p.mu.Lock()
	room := s.end - off
	p.mu.Unlock()
	return room
}

// Wrote notes that n bytes of the segment's source are on the disk at off. Added is how
// many were not there before. First: FirstByte is to be called.
func (p *Plan) Wrote(s *Segment, off, n int64) (added int64, first bool) {
	p.mu.Lock()
	s.pos = off + n
	added = p.done.Add(off, s.pos)
	p.sources[s.source].bytes += added
	p.last = s.source
	if len(p.sources) > 1 {
		p.attribute(s.source, off, s.pos)
	}
	first = !s.flows()
	p.mu.Unlock()
	return added, first
}

// FirstByte notes when the bytes of a request began to arrive.
func (p *Plan) FirstByte(s *Segment, now time.Time) {
	p.mu.Lock()
	s.firstByte = now
	p.mu.Unlock()
}

// Throttle notes that a segment waits for the speed limit, or no longer.
func (p *Plan) Throttle(s *Segment, on bool, now time.Time) {
	p.mu.Lock()
	p.held = p.held || s.throttled && now.Sub(s.moved) >= heldTime
	s.throttled, s.moved = on, now
	p.mu.Unlock()
}

// End notes that a request has ended, however that was. Stopped: it is being ended by stop, which
// may come as late as it likes.
func (p *Plan) End(s *Segment, now time.Time) (stopped bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.sample(now)
	s.sampleWhole(now)
	p.remember(s)
	if s.pos > s.base {
		p.sources[s.source].brought = now
	}
	stopped = s.stopped
	s.stop, s.stopped, s.firstByte = nil, false, time.Time{}
	return stopped
}

// Done ends a segment whose bytes are all there. Urgent: it was one of those that kept
// others from being begun.
func (p *Plan) Done(s *Segment) (urgent bool) {
	p.mu.Lock()
	defer p.unlock()
	if s.rate > 0 { // a slow one tells less of what can be had than a quick one before it
		p.recentRate = max(s.rate, p.recentRate*0.8)
	}
	hedge := s.hedge
	p.drop(s)
	if hedge != nil {
		p.cover(hedge)
	}
	return s.urgent
}

// Return gives an unfinished segment back: it is the next to be begun, by anybody.
func (p *Plan) Return(s *Segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hedge := s.hedge
	if p.drop(s) && hedge == nil { // a hedge has the same bytes, and goes on
		p.pending = slices.Insert(p.pending, 0, s)
	}
}

// Drop takes a segment out of a round that has ended.
func (p *Plan) Drop(s *Segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(s)
}

// drop takes a segment out of the running ones and away from its hedge; false: it was
// taken out before.
func (p *Plan) drop(s *Segment) bool {
	p.remember(s)
	if s.hedge != nil {
		s.hedge.hedge, s.hedge = nil, nil
	}
	i := slices.Index(p.running, s)
	if i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	return i >= 0
}

func (p *Plan) runs(s *Segment) bool { return slices.Contains(p.running, s) }
