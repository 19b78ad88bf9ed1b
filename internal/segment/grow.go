package segment

import "time"

// Now is what a plan has to be told so that it can decide how many workers it is worth.
type Now struct {
	Time     time.Time
	Limit    int   // requests of the file that may be in flight
	Others   int   // of those, what is needed for other things than its bytes
	Idle     int   // slots that nobody uses
	Files    int   // that could use them
	MayGrow  bool  // more workers may join
	Capacity []int // by source, how many requests its host bears, where several serve at once; 0: it may not be asked
}

// places is how many of the workers that are wanted there may be.
func (n Now) places(wanted int) int { return min(wanted, max(n.Limit-n.Others, 1)) }

// Scaling says which workers are to be started; they are counted already.
type Scaling struct {
	Regular int
	Extra   int // more than the file began with
	Best    int // so many have turned out to pay; 0: no news
}

// growth finds out how many connections a file is worth, by trial: it doubles them where
// the limits allow that, and keeps what pays. One that is probing down takes its share of
// all that is idle at once, and gives back by halves what does not pay.
type growth struct {
	down    bool    // probing down
	from    int     // workers before the trial that is on; 0: none is
	before  float64 // goodput with them, bytes/s
	since   time.Time
	bytes   int64
	flowing bool // the new number does: what is measured counts
	over    bool // the number stands
}

// joining reports whether workers are about to join for a trial of so many.
func (g *growth) joining(target int) bool { return g.from > 0 && target > g.from && !g.flowing }

const (
	growthWindow = 300 * time.Millisecond // how long a number is measured; before that, given-up connections drain
	growthWait   = 2 * time.Second        // how long new connections are waited for
)

// Divided reports whether a file is worth more than one request.
func (p *Plan) Divided() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.divided()
}

func (p *Plan) divided() bool { return !p.single && p.size >= p.cfg.Whole }

// Grow takes the trial a step further. It is called whenever a connection begins to flow,
// beside every Tick.
func (p *Plan) Grow(now Now) (out Scaling) {
	p.mu.Lock()
	defer p.unlock()
	p.grow(now, &out)
	return out
}

func (p *Plan) grow(now Now, out *Scaling) {
	g := &p.growth
	if !p.divided() || g.over {
		return
	}
	flowing := 0
	for _, s := range p.running {
		if s.flows() {
			flowing++
		}
	}
	switch waited := now.Time.Sub(g.since); {
	case g.from == 0:
		if p.target < now.Limit && flowing >= p.target && now.Idle > 0 && now.MayGrow {
			more := p.target
			if g.down { // what turns out to be too much is given back
				more = max(more, now.Idle/max(now.Files, 1))
			}
			p.try(min(p.target+more, now.Limit), now, out)
		}
	case !g.flowing:
		p.awaitFlow(flowing, waited, now.Time)
	case waited < growthWindow:
	case p.target > g.from:
		p.judgeUp(now, out)
	default:
		p.judgeDown(now, out)
	}
}

// awaitFlow begins to measure when a new number of connections flows.
func (p *Plan) awaitFlow(flowing int, waited time.Duration, now time.Time) {
	g := &p.growth
	up := p.target > g.from
	if up && flowing < p.target && waited < growthWait || !up && waited < growthWindow {
		return
	}
	if up && g.down && flowing < p.target { // what was not to be had is not on trial
		if p.target = max(flowing, g.from); p.target == g.from {
			g.from = 0
			return
		}
	}
	if up { // the old number was measured while the new connections were made
		g.before = p.goodput(now)
	}
	g.flowing, g.since, g.bytes = true, now, p.done.Len()
}

func (p *Plan) goodput(now time.Time) float64 {
	return float64(p.done.Len()-p.growth.bytes) / max(now.Sub(p.growth.since).Seconds(), 1e-3)
}

// try begins a trial of another number of workers.
func (p *Plan) try(target int, now Now, out *Scaling) {
	g := &p.growth
	*g = growth{down: g.down, from: p.target, before: g.before, since: now.Time, bytes: p.done.Len()}
	p.target = target
	if n := now.places(p.target) - p.workers; n > 0 {
		p.workers += n
		out.Extra += n
	}
	for i := len(p.running) - 1; i >= p.target; i-- { // the latest go
		if s := p.running[i]; s.hedge == nil {
			p.end(s, ErrShed)
		}
	}
}

// judgeUp: growing goes on if goodput rose by half of what was hoped for. If it did not,
// the old number is tried again before it is believed: the measurement from before was a
// short one.
func (p *Plan) judgeUp(now Now, out *Scaling) {
	g, goodput := &p.growth, p.goodput(now.Time)
	hoped := g.before*float64(p.target)/float64(g.from) - g.before
	if goodput-g.before >= hoped/2 {
		g.from = 0
		out.Best = p.target
		return
	}
	g.before = goodput
	fewer := g.from
	if g.down { // perhaps some of them did
		fewer = max(fewer, (p.target+1)/2)
	}
	p.try(fewer, now, out)
}

// judgeDown: with fewer connections goodput must not fall by half of what they had as their
// share; else they come back, for good. One that is probing down tries still fewer next.
func (p *Plan) judgeDown(now Now, out *Scaling) {
	g, goodput := &p.growth, p.goodput(now.Time)
	share := g.before * (1 - float64(p.target)/float64(g.from))
	switch {
	case g.before-goodput >= share/2:
		p.try(g.from, now, out)
		g.over = true
	case g.down && p.target > 1:
		g.before = goodput
		p.try((p.target+1)/2, now, out)
	default:
		g.over = true
		out.Best = p.target
	}
}
