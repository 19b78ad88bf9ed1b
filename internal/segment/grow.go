package segment

import (
	"math/bits"
	"slices"
	"time"
)

// Now is what a plan has to be told so that it can decide how many workers it is worth.
type Now struct {
	Time     time.Time
	Limit    int   // requests of the file that may be in flight
	Others   int   // of those, what is needed for other things than its bytes
	Idle     int   // slots that nobody uses
	Room     int   // more requests that may be tried at the file's host
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
}

// growth lets workers join a file while nobody else waits for what they need, and its host may be
// tried. One that is probing down then finds out by trial how many it is worth: it gives back by
// halves what does not pay.
type growth struct {
	down    bool    // probing down
	most    int     // workers that were to be had; 0: it has not been found out
	joining bool    // not all that are wanted have been served yet
	late    bool    // those find that others have begun with all there is
	wider   bool    // they may be more than pay
	from    int     // workers before the trial of fewer that is on; 0: none is
	top     int     // workers before the first trial
	before  float64 // goodput with them, bytes/s
	since   time.Time
	bytes   int64 // at that time
	flowing bool  // what is measured counts
	last    bool  // no fewer are tried
	over    bool  // the number stands
	settled bool  // from the beginning: as many as there may be
}

const (
	growthWindow = 300 * time.Millisecond // how long a number is measured
	growthDoubt  = 900 * time.Millisecond // and where it seems to bring less: what is in buffers is a third of a window
	growthSettle = 200 * time.Millisecond // before that, while what was given up drains
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
	if !p.divided() || g.over || p.wide > 0 {
		return
	}
	if g.joining && now.Idle <= 0 { // who waits for a place is not late
		g.since = now.Time
	}
	waited := now.Time.Sub(g.since)
	switch {
	case g.joining && !p.joined(waited):
	case g.from == 0 && p.widen(now, out):
	case g.joining:
		g.joining, g.late, g.since = false, false, now.Time
	case !g.down || !g.wider || waited < growthSettle:
	case !g.flowing:
		g.flowing = true
		p.measureFrom(now.Time)
	case waited < growthWindow:
	case g.from > 0:
		p.judge(waited, now, out)
	case waited >= growthDoubt && p.worthTrial(now.Time): // all else is measured by this
		g.top, g.before = p.target, p.goodput(now.Time)
		p.try((p.target+1)/2, now, out)
	}
}

// joined reports whether the workers are all served, or as many as will be. On a line that loses
// packets one of many may begin much later than the others.
func (p *Plan) joined(waited time.Duration) bool {
	flowing := 0
	for _, s := range p.running {
		if s.flows() {
			flowing++
		}
	}
	switch late := p.target - flowing; {
	case late <= 0, waited >= growthWindow && late <= p.target/8:
		return true
	case waited >= growthWait:
		p.growth.most = p.target
		return true
	}
	return false
}

// room is how many workers a file may have that has some: with its share of what is idle, and as far
// as there is work.
func (p *Plan) room(now Now, have, idle int) int {
	if !now.MayGrow || idle <= 0 {
		return have
	}
	files := max(now.Files, 1)
	worth := int(min((p.size-p.done.Len())/p.cfg.Least, int64(now.Limit)))
	return max(min(now.Limit, have+(idle+files-1)/files, worth), have)
}

// widen has more workers join.
func (p *Plan) widen(now Now, out *Scaling) bool {
	target := p.room(now, p.target, min(now.Idle, now.Room))
	if target == p.target || p.growth.most > 0 {
		return false
	}
	p.target = target
	p.join(now.Time)
	p.growth.wider, p.growth.late = true, true
	p.hire(now, out)
	return true
}

// join begins to wait for those that are wanted.
func (p *Plan) join(now time.Time) {
	p.growth.joining, p.growth.flowing, p.growth.since = true, false, now
}

// Narrow has a file keep one request, that of the worker which cannot be done without, if it has
// one; or no longer.
func (p *Plan) Narrow(on bool) {
	p.mu.Lock()
	defer p.unlock()
	switch {
	case on == (p.wide > 0) || on && p.target <= 1:
	case on:
		p.wide, p.target = p.target, 1
		p.growth = growth{down: p.growth.down, over: p.growth.over, settled: p.growth.settled}
		kept := max(slices.IndexFunc(p.running, func(s *Segment) bool { return !s.spare }), 0)
		for i, s := range p.running {
			if i != kept {
				p.end(s, ErrShed)
			}
		}
	default:
		p.target, p.wide = p.wide, 0
	}
}

// measureFrom begins to measure.
func (p *Plan) measureFrom(now time.Time) { p.growth.since, p.growth.bytes = now, p.done.Len() }

func (p *Plan) goodput(now time.Time) float64 {
	return float64(p.done.Len()-p.growth.bytes) / max(now.Sub(p.growth.since).Seconds(), 1e-3)
}

// worthTrial reports whether trying ever fewer will be over in half the time that is left: what is
// given back shall be of use to somebody.
func (p *Plan) worthTrial(now time.Time) bool {
	takes := time.Duration(bits.Len(uint(p.target-1))) * (growthSettle + growthWindow)
	return float64(p.size-p.done.Len()) >= 2*takes.Seconds()*p.goodput(now)
}

// hire adds the workers that are wanted beyond those that a file began with.
func (p *Plan) hire(now Now, out *Scaling) {
	if n := now.places(p.target) - p.workers; n > 0 {
		p.workers += n
		out.Extra += n
	}
}

// try begins a trial of another number of workers.
func (p *Plan) try(target int, now Now, out *Scaling) {
	p.growth.from, p.growth.flowing, p.growth.since = p.target, false, now.Time
	p.target = target
	p.hire(now, out)
	for i := len(p.running) - 1; i >= p.target; i-- { // the latest go
		if s := p.running[i]; s.hedge == nil {
			p.end(s, ErrShed)
		}
	}
}

// judge: fewer connections must bring three quarters of what all did; while they do still fewer are
// tried, then the last that did are taken up again. A line that varies may have misled that: what
// does not stand up to a second look ends with all, for good.
func (p *Plan) judge(waited time.Duration, now Now, out *Scaling) {
	g := &p.growth
	less := p.goodput(now.Time) < g.before*3/4
	switch {
	case less && waited < growthDoubt:
	case less && (g.last || g.from == g.top):
		p.try(g.top, now, out)
		g.over = true
	case less:
		p.try(g.from, now, out)
		g.last = true
	case g.last || p.target == 1:
		g.over = true
	default:
		p.try((p.target+1)/2, now, out)
	}
}
