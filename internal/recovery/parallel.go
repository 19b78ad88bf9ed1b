package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// Several sources that serve one file at once: who may, and which one a worker asks next.

// Invite lets further sources serve beside the one whose answer was accepted: at once where
// all are verified, since a digest will tell the truth in the end; else when they have been
// compared (Verify).
func (f *File) Invite(verified bool) {
	f.trace.add(Step{Call: callInvite, Flag: verified})
	f.parallel = true
	for i := range f.n() {
		s := f.source(i)
		s.verified = s.verified || verified || i == f.current
	}
}

// Parallel reports whether several sources may serve at once.
func (f *File) Parallel() bool { return f.parallel }

// Unverified reports whether a source is yet to be compared, before it serves beside others.
func (f *File) Unverified(i int) bool {
	s := f.source(i)
	return f.parallel && !s.verified && s.standing == Active
}

// Verify decides for who compares one source while others serve: Compare, Wait, or Leave where
// it need not, or cannot, be compared any more.
func (f *File) Verify(now time.Duration, i int, t wait.Tries, o []health.Health) Action {
	a := f.verify(now, i, t, o)
	f.trace.add(Step{Call: callVerify, Now: now, Source: i, Tries: t, Healths: o, Action: a})
	return a
}

func (f *File) verify(now time.Duration, i int, t wait.Tries, o []health.Health) Action {
	s := f.source(i)
	if f.dead != nil || f.restarting || !f.parallel || s.verified || s.standing != Active || f.terms(now, i, o) == never {
		return Action{Kind: Leave, Source: i}
	}
	if at := f.readyAt(i, t, o); at > now {
		return Action{Kind: Wait, Source: i, Until: at}
	}
	return Action{Kind: Compare, Source: i, Gen: s.gen}
}

// Load is what a source has to do for this file.
type Load struct {
	Workers  int     // that are at it
	Capacity int     // requests that its origin may have in flight
	Rate     float64 // bytes/s that a connection to it has lately; 0: not known
}

// Choose is Next for a worker that may ask any of several sources, and gives back what it
// could not have: the one that served it last, unless another has room and less to do or is
// much faster, else the one whose connections are least in use for what it has shown to bear.
// Last is -1 for who has none, and t what came of the worker's own last request.
func (f *File) Choose(now time.Duration, t wait.Tries, last int, l []Load, o []health.Health) Action {
	a := f.choose(now, t, last, l, o)
	f.trace.add(Step{Call: callChoose, Now: now, Source: last, Tries: t, Loads: l, Healths: o, Action: a})
	return a
}

func (f *File) choose(now time.Duration, t wait.Tries, last int, l []Load, o []health.Health) Action {
	if !f.parallel || f.dead != nil || f.restarting || f.stream || f.expires() {
		return f.next(now, t, o)
	}
	best := last
	if last < 0 || t.Until > now || f.better(now, last, l, o) {
		best = f.least(now, t, l, o)
	}
	if best >= 0 {
		return f.ask(best)
	}
	if until := f.rests(now, t, o); until > now {
		return Action{Kind: Wait, Source: t.Source, Until: until}
	}
	for j := range f.n() { // nobody is ready: who will be first
		if f.serves(now, j, o) && o[j].Until < o[f.current].Until {
			f.current = j
		}
	}
	return f.next(now, t, o)
}

// rests is how long a worker that was put off waits while sources serve others; 0: they do not.
func (f *File) rests(now time.Duration, t wait.Tries, o []health.Health) time.Duration {
	until, serving := t.Until, false
	for j := range f.n() {
		if at := f.readyAt(j, t, o); f.serves(now, j, o) && at > now {
			until = min(until, at)
		}
		serving = serving || f.usable(now, j, o)
	}
	if !serving {
		return 0
	}
	return until
}

// serves reports whether a source may serve beside others, now or later: one that has only
// the whole file serves alone.
func (f *File) serves(now time.Duration, j int, o []health.Health) bool {
	s := f.source(j)
	return s.verified && !s.plain && f.terms(now, j, o) == asItIs
}

// usable reports whether a source may serve beside others now.
func (f *File) usable(now time.Duration, j int, o []health.Health) bool {
	return f.serves(now, j, o) && o[j].Until <= now
}

// HasRoom reports whether a source could serve one more worker now.
func (f *File) HasRoom(now time.Duration, j int, l []Load, o []health.Health) bool {
	return f.Usable(now, j, o) && l[j].Workers < l[j].Capacity
}

// Usable reports whether a source may serve a further worker, as far as it has room.
func (f *File) Usable(now time.Duration, j int, o []health.Health) bool {
	return f.usable(now, j, o) && f.source(j).notBefore <= now
}

// better reports whether a worker should leave the source that has just served it.
func (f *File) better(now time.Duration, last int, l []Load, o []health.Health) bool {
	if !f.usable(now, last, o) {
		return true
	}
	for j := range f.n() {
		if j != last && f.HasRoom(now, j, l, o) && (l[j].Workers < l[last].Workers || l[last].Rate > 0 && l[j].Rate > 2*l[last].Rate) {
			return true
		}
	}
	return false
}

// least is the source with the least to do for its speed; -1: none may be asked now, or, by
// a worker that was put off, has room.
func (f *File) least(now time.Duration, t wait.Tries, l []Load, o []health.Health) int {
	fastest := 0.0
	for _, x := range l {
		fastest = max(fastest, x.Rate)
	}
	best, least := -1, 0.0
	for j := range f.n() {
		roomy := f.HasRoom(now, j, l, o)
		if !f.usable(now, j, o) || t.At(j) > now || t.Until > now && !roomy {
			continue
		}
		load := float64(l[j].Workers+1) / float64(max(l[j].Capacity, 1))
		if l[j].Rate > 0 {
			load *= fastest / l[j].Rate
		}
		if !roomy {
			load += 1e9
		}
		if best < 0 || load < least || load == least && j == f.current {
			best, least = j, load
		}
	}
	return best
}
