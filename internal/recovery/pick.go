package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// terms are those on which a source may be asked, now or after a wait.
type terms uint8

const (
	asItIs   terms = 1 << iota // it has not been left
	forFree                    // it was, in the outage that is on
	atPrice                    // it was, and coming back costs something
	never    terms = 0
	anyTerms       = asItIs | forFree | atPrice
)

// terms are never where nothing is left of a source's budgets, where its origin has been
// waited for in vain, and where it is barred.
func (f *File) terms(now time.Duration, j int, o []health.Health) terms {
	s, h := f.source(j), &o[j]
	switch {
	case f.barred(j):
	case s.standing == Active && h.Askable(now, f.lim.Limits):
		return asItIs
	case s.standing == Suspended && s.recalls > 0 && h.Askable(now, f.lim.Limits):
		return atPrice
	case s.standing == Blocked && s.epoch != h.Epoch && s.returns > 0 && h.Askable(now, f.lim.Limits):
		return atPrice
	case s.standing == Blocked && s.epoch == h.Epoch && h.WithinDeadline(f.lim.Limits):
		return forFree
	}
	return never
}

// barred: another is asked alone, or it would only serve alone.
func (f *File) barred(j int) bool {
	return f.isolated > 0 && j != f.isolated-1 || f.source(j).plain && f.some()
}

// readyAt is when a source may be asked for a piece by who comes to it.
func (f *File) readyAt(j int, t wait.Tries, o []health.Health) time.Duration {
	return max(f.source(j).notBefore, o[j].Until, t.At(j))
}

// ready is the first source, but for one, that may be asked now on any of these terms; one
// that was never left goes before those that come back. -1: there is none.
func (f *File) ready(now time.Duration, t wait.Tries, o []health.Health, but int, on terms) int {
	back := -1
	for j := range f.n() {
		if j == but || f.terms(now, j, o)&on == never || f.readyAt(j, t, o) > now {
			continue
		}
		if f.source(j).standing == Active {
			return j
		}
		if back < 0 {
			back = j
		}
	}
	return back
}

// soonest is the source, but for one, that may be asked first on any of these terms.
func (f *File) soonest(now time.Duration, t wait.Tries, o []health.Health, but int, on terms) int {
	best := -1
	for j := range f.n() {
		if j != but && f.terms(now, j, o)&on != never && (best < 0 || f.readyAt(j, t, o) < f.readyAt(best, t, o)) {
			best = j
		}
	}
	return best
}

// Spare reports whether another source could be asked now.
func (f *File) Spare(now time.Duration, i int, o []health.Health) bool {
	return f.ready(now, wait.Tries{}, o, i, anyTerms) >= 0
}

// Others reports whether another source could be asked, now or later: then one need not
// serve that has something else than the file.
func (f *File) Others(now time.Duration, i int, o []health.Health) bool {
	return f.soonest(now, wait.Tries{}, o, i, anyTerms) >= 0
}

// pick finds the source whose turn it is, and when; -1: there is none left. The one in use
// keeps it, be it ready, be there something of its own to wait out.
func (f *File) pick(now time.Duration, t wait.Tries, o []health.Health) (int, time.Duration) {
	c := f.current
	s, h := f.source(c), &o[c]
	switch {
	case s.standing != Active || f.barred(c):
		return f.pickOther(now, t, o)
	case h.Until <= now:
		return c, t.At(c)
	case !h.WithinDeadline(f.lim.Limits), f.prefersDifferent(now, o):
		s.block(h, now)
		return f.pickOther(now, t, o)
	}
	on := f.instead(now, c, o)
	if j := f.ready(now, t, o, c, on); j >= 0 {
		s.block(h, now)
		return f.take(now, j, o)
	}
	at := max(h.Until, t.At(c))
	if j := f.soonest(now, t, o, c, on); j >= 0 {
		at = min(at, f.readyAt(j, t, o))
	}
	return c, at
}

// instead are the terms on which another source is asked while the one in use has to be left
// alone. One that is down is not waited for beside any that can be had. One that is busy says
// that it will serve, and is left alone for others only by its refusals; but beside one that
// is waited for as well, and has had its rest, there is no point in waiting.
func (f *File) instead(now time.Duration, c int, o []health.Health) terms {
	switch {
	case o[c].State != health.Busy:
		return anyTerms
	case f.soonest(now, wait.Tries{}, o, c, asItIs) >= 0:
		return never
	}
	return forFree
}

// pickOther is pick where the source in use is no longer.
func (f *File) pickOther(now time.Duration, t wait.Tries, o []health.Health) (int, time.Duration) {
	if j := f.ready(now, t, o, f.current, anyTerms); j >= 0 {
		return f.take(now, j, o)
	}
	j := f.soonest(now, t, o, -1, anyTerms)
	switch {
	case j < 0:
		return f.pickDifferent(now, t, o)
	case f.readyAt(j, t, o) <= now:
		return f.take(now, j, o)
	case f.prefersDifferent(now, o):
		return f.pickDifferent(now, t, o)
	}
	return j, f.readyAt(j, t, o)
}

// prefersDifferent reports whether one that differs is to serve, since no other is worth
// waiting for.
func (f *File) prefersDifferent(now time.Duration, o []health.Health) bool {
	return f.differing(now, o) >= 0 && !f.hopeful(now, o)
}

// hopeful reports whether any source that may be asked, now or later, is worth waiting for
// beside one that differs: those whose origins have served nobody for long enough are not.
func (f *File) hopeful(now time.Duration, o []health.Health) bool {
	for j := range f.n() {
		if f.terms(now, j, o) != never && (o[j].State < health.Busy || o[j].Waited() < f.lim.hope(f.have+f.unreported)) {
			return true
		}
	}
	return false
}

// take takes a source that is ready, and back if it was left.
func (f *File) take(now time.Duration, j int, o []health.Health) (int, time.Duration) {
	if s := f.source(j); s.standing != Active {
		s.recall(&o[j], now)
	}
	return j, now
}

// differing is the first source that has another file, or no ranges, and may serve alone; -1:
// there is none.
func (f *File) differing(now time.Duration, o []health.Health) int {
	for j := range f.n() {
		s := f.source(j)
		differs := s.standing == Different || s.plain && f.some() && s.standing < Different
		if differs && s.fallback && f.isolated == 0 && o[j].Askable(now, f.lim.Limits) {
			return j
		}
	}
	return -1
}

// pickDifferent is pick where nobody else is left, or worth waiting for: one that differs
// serves from the first byte to the last.
func (f *File) pickDifferent(now time.Duration, t wait.Tries, o []health.Health) (int, time.Duration) {
	j := f.differing(now, o)
	if j < 0 {
		return -1, 0
	}
	s := f.source(j)
	s.fallback = false
	s.fresh(now)
	s.become(Active)
	if f.open {
		f.restart()
		f.readmit()
	}
	f.current, f.stream = j, s.plain
	return j, f.readyAt(j, t, o)
}

// readmit takes back who differs from what was there: it may have what is fetched from now on.
func (f *File) readmit() {
	for i := range f.n() {
		if s := f.source(i); s.standing == Different && !s.plain {
			s.become(Active)
		}
	}
}
