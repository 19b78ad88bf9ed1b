package littledl

import "time"

// growth finds out how many connections a file is worth, by trial: it doubles them
// where the limits allow that, and keeps what pays. A thrifty file takes its share of all
// that is idle at once, and gives back by halves what does not pay. file.mu guards it.
type growth struct {
	from    int     // workers before the trial that is on; 0: none is
	before  float64 // goodput with them, bytes/s
	since   time.Time
	bytes   int64
	settled bool // the new number flows: what is measured counts
	over    bool // the number stands
}

const (
	growthWindow  = 300 * time.Millisecond // how long a number is measured; before that, given-up connections drain
	growthPatient = 2 * time.Second        // how long new connections are waited for
)

// growLocked takes the trial a step further. It is called at every tick and whenever
// a connection begins to flow.
func (f *file) growLocked(now time.Time) {
	g := &f.growth
	if f.pin == nil || f.stream || f.pin.Size < f.r.d.set.firstAsk() || g.over {
		return
	}
	flowing := 0
	for _, s := range f.running {
		if !s.firstByte.IsZero() {
			flowing++
		}
	}
	switch waited := now.Sub(g.since); {
	case g.from == 0:
		if idle := f.r.idleSlots(); f.target < f.limit && flowing >= f.target && idle > 0 && f.r.mayGrow(f) {
			more := f.target
			if f.thrifty { // what turns out to be too much is given back
				more = max(more, idle/f.r.sharing.files())
			}
			f.tryLocked(min(f.target+more, f.limit), now)
		}
	case !g.settled:
		up := f.target > g.from
		if up && flowing < f.target && waited < growthPatient || !up && waited < growthWindow {
			return
		}
		if up && f.thrifty && flowing < f.target { // what was not to be had is not on trial
			if f.target = max(flowing, g.from); f.target == g.from {
				g.from = 0
				return
			}
		}
		if up { // the old number was measured while the new connections were made
			g.before = f.goodputLocked(now)
		}
		g.settled, g.since, g.bytes = true, now, f.done.Len()
	case waited >= growthWindow && f.target > g.from:
		f.judgeUpLocked(f.goodputLocked(now), now)
	case waited >= growthWindow:
		f.judgeDownLocked(f.goodputLocked(now), now)
	}
}

func (f *file) goodputLocked(now time.Time) float64 {
	return float64(f.done.Len()-f.growth.bytes) / max(now.Sub(f.growth.since).Seconds(), 1e-3)
}

// tryLocked begins a trial of another number of workers.
func (f *file) tryLocked(target int, now time.Time) {
	before := f.growth.before
	f.growth = growth{from: f.target, before: before, since: now, bytes: f.done.Len()}
	f.target = target
	for f.workers < f.placesLocked(f.target) {
		f.hireLocked(worker{additional: true, extra: true})
	}
	for i := len(f.running) - 1; i >= f.target; i-- { // the latest go
		if s := f.running[i]; s.cancel != nil && s.twin == nil {
			s.cancel(errShed)
		}
	}
}

// judgeUpLocked: growing goes on if goodput rose by half of what was hoped for. If it
// did not, the old number is tried again before it is believed: the measurement from
// before was a short one.
func (f *file) judgeUpLocked(goodput float64, now time.Time) {
	g := &f.growth
	hoped := g.before*float64(f.target)/float64(g.from) - g.before
	if goodput-g.before >= hoped/2 {
		g.from = 0
		f.sources[f.current].host.found(f.target)
		return
	}
	g.before = goodput
	fewer := g.from
	if f.thrifty { // perhaps some of them did
		fewer = max(fewer, (f.target+1)/2)
	}
	f.tryLocked(fewer, now)
}

// judgeDownLocked: with fewer connections goodput must not fall by half of what they
// had as their share; else they come back, for good. Where the style is to give
// back what brings nothing, still fewer are tried next.
func (f *file) judgeDownLocked(goodput float64, now time.Time) {
	g := &f.growth
	share := g.before * (1 - float64(f.target)/float64(g.from))
	switch {
	case g.before-goodput >= share/2:
		f.tryLocked(g.from, now)
		f.growth.over = true
	case f.thrifty && f.target > 1:
		g.before = goodput
		f.tryLocked((f.target+1)/2, now)
	default:
		g.over = true
		f.sources[f.current].host.found(f.target)
	}
}
