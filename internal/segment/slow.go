package segment

import "time"

// heldTime is how long a segment waits for a speed limit so that it counts: less is no more than
// the clock's grain.
const heldTime = time.Millisecond

// Flows reports whether a file's bytes arrive as fast as its servers send them, as Waits does, and
// did since it was last asked.
func (p *Plan) Flows() bool {
	waits := p.Waits()
	p.mu.Lock()
	defer p.mu.Unlock()
	held := p.held
	p.held = false
	return waits && !held
}

// Halt ends all requests under way.
func (p *Plan) Halt(why error) {
	p.mu.Lock()
	defer p.unlock()
	for _, s := range p.running {
		p.end(s, why)
	}
}

// Rebound has a file find out anew how many workers it is worth, of which it may have another
// number from now on. Who is at work goes on.
func (p *Plan) Rebound(limit int, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.divided() || p.wide > 0:
	case p.growth.settled:
		p.target = max(p.target, limit)
	default:
		p.growth = growth{down: p.growth.down}
		p.join(now)
	}
}
