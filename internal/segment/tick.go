package segment

import (
	"slices"
	"time"
)

// What is done at every tick: requests that stand still are ended, stragglers replaced, and
// a file grows while growing pays.

// Tick looks after the requests.
func (p *Plan) Tick(now Now) (out Scaling) {
	p.mu.Lock()
	defer p.unlock()
	for _, s := range p.running {
		if s.stop == nil {
			continue
		}
		s.sample(now.Time)
		timeout := p.cfg.Stall
		if !s.flows() && !s.answered {
			timeout = p.cfg.Opening
		}
		if now.Time.Sub(s.moved) >= timeout && !s.throttled {
			p.end(s, p.cfg.Stalled)
		}
	}
	if !p.divided() || p.workers == 0 { // the round is ending
		return out
	}
	p.replace(now)
	p.observe(now)
	p.grow(now, &out)
	p.scale(now, &out)
	if len(p.pending) == 0 {
		p.relieve(now, &out)
	}
	return out
}

// replace ends one request that others would do better.
func (p *Plan) replace(now Now) {
	if p.replaced >= 2*now.Limit+8 {
		return
	}
	for _, s := range p.running {
		if s.stop != nil && (straggles(s, p.siblings(s, now), now.Time) || p.misplaced(s, now) || p.futile(s, now)) {
			p.replaced++
			p.sources[s.source].rate, s.rate = s.rate, 0 // others may do better with it
			p.end(s, ErrStraggler)
			return // the others are judged anew without it
		}
	}
}

// siblings are the running segments that one can be measured by: those of the same source.
func (p *Plan) siblings(s *Segment, now Now) []*Segment {
	if now.Capacity == nil {
		return p.running
	}
	return slices.DeleteFunc(slices.Clone(p.running), func(o *Segment) bool { return o.source != s.source })
}

// hasRoom reports whether a source could serve one more worker.
func (p *Plan) hasRoom(source int, now Now) bool {
	return p.sources[source].workers < now.Capacity[source]
}

// misplaced reports whether a connection had better be one to another source: requests are
// what is scarce, and that one has room and is much faster.
func (p *Plan) misplaced(s *Segment, now Now) bool {
	if s.flowing(now.Time) < time.Second || s.rate <= 0 || s.timeLeft(now.Time, 0) < 1 || now.Idle > 0 {
		return false
	}
	for i := range now.Capacity {
		if i != s.source && p.hasRoom(i, now) && p.rate(i) > 4*s.rate {
			return true
		}
	}
	return false
}

// Scale adds workers while there is work that has none. When all have ended the round has, and none
// are added.
func (p *Plan) Scale(now Now) (out Scaling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers > 0 {
		p.scale(now, &out)
	}
	return out
}

func (p *Plan) scale(now Now, out *Scaling) {
	n := min(now.places(p.wanted(now.Time)), p.pieces()) - p.workers
	if n > 0 && now.MayGrow {
		p.workers += n
		out.Regular += n
	}
}

// urgentTime is how long what is urgent keeps back the rest.
const urgentTime = 500 * time.Millisecond

// wanted is how many workers are. What is urgent is fetched before a busy server's
// connections are all taken.
func (p *Plan) wanted(now time.Time) int {
	if now.Sub(p.urgent) >= urgentTime {
		return p.target
	}
	urgent := 0
	for _, s := range slices.Concat(p.pending, p.running) {
		if s.urgent {
			urgent++
		}
	}
	if urgent == 0 {
		return p.target
	}
	return min(p.target, 1+urgent)
}

// Relieve adds workers for all slow segments that would gain from being shared, as Scale does.
func (p *Plan) Relieve(now Now) (out Scaling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers > 0 {
		p.relieve(now, &out)
	}
	return out
}

// worthHelp is how long a segment must still take, in seconds, for a worker to be sent to it.
const worthHelp = 0.4

func (p *Plan) relieve(now Now, out *Scaling) {
	speed := p.expectedRate()
	if speed <= 0 || !now.MayGrow || slices.ContainsFunc(p.running, (*Segment).waits) {
		return
	}
	for _, s := range p.running {
		if p.workers >= now.places(p.target) {
			return
		}
		if s.divisible() && s.timeLeft(now.Time, speed) >= worthHelp {
			p.workers++
			out.Extra++
		}
	}
}

// Workers is how many fetch the file.
func (p *Plan) Workers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.workers
}

// Quit notes that a worker has ended.
func (p *Plan) Quit() {
	p.mu.Lock()
	p.workers--
	p.mu.Unlock()
}
