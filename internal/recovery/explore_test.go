package recovery

import (
	"fmt"
	"hash/maphash"
	"slices"
	"testing"
	"time"

	"github.com/littledl/littledl/internal/fail"
)

// explorer goes through all that can happen to a small file, in any order, and checks each
// step. Worlds that were seen before are not gone on from.
type explorer struct {
	rules
	t       *testing.T
	fetch   []happening
	compare []happening
	seed    maphash.Seed
	seen    map[uint64]struct{}
	queue   []world
	next    world
	steps   int
	right   int
	failed  int
}

func explore(t *testing.T, r rules, until time.Time) (complete bool) {
	x := &explorer{rules: r, t: t, fetch: r.happenings(false), compare: r.happenings(true), seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
	x.meet(r.shift(r.first(), 0))
	for len(x.queue) > 0 && (len(x.seen)%1024 != 0 || time.Now().Before(until)) {
		w := x.queue[len(x.queue)-1]
		x.queue = x.queue[:len(x.queue)-1]
		x.expand(w)
	}
	t.Logf("%d worlds, %d steps, %d ends well, %d fails; complete: %v", len(x.seen), x.steps, x.right, x.failed, len(x.queue) == 0)
	return len(x.queue) == 0
}

// meet queues a world, unless it is known.
func (x *explorer) meet(w world) {
	k := maphash.Comparable(x.seed, w)
	if _, known := x.seen[k]; !known {
		x.seen[k] = struct{}{}
		x.queue = append(x.queue, w)
	}
}

// expand lets the workers of a world go to work, and then anything happen.
func (x *explorer) expand(w world) {
	before := x.far(&w)
	now, over := x.drive(&w)
	if over {
		return
	}
	for k := range x.workers {
		if !w.work[k].inFlight {
			continue
		}
		all := x.fetch
		if w.work[k].compare {
			all = x.compare
		}
		for _, h := range all {
			v := &x.next
			*v = w
			p := &v.work[k]
			p.inFlight = false
			v.o[p.source].Ended()
			stale := p.gen != v.src[p.source].gen
			if h.do(&x.rules, v, p, now+unit) {
				x.step(&w, v, k, h.name, before, stale, now+unit)
			}
		}
	}
	if n, _ := x.inFlight(&w); n > 0 {
		if at := x.wakes(&w); at > 0 { // before any of them ends
			for k := range x.workers {
				if w.work[k].until == at {
					w.work[k].until = 0
				}
			}
			x.meet(x.shift(w, at))
		}
	}
}

// far is how far a world is from its end, for the sake of TestEveryWorldEnds.
func (x *explorer) far(w *world) (d distance) {
	m := x.measure(w)
	_, stale := x.rules.inFlight(w)
	d[0] = int64(w.news)
	copy(d[1:], m[:])
	d[len(d)-1] = int64(stale)
	return d
}

// distance is the news to come, the measure, and how many requests under way are stale.
type distance [len(Measure{}) + 2]int64

func (d distance) less(than distance) bool { return slices.Compare(d[:], than[:]) < 0 }

func (x *explorer) step(w, v *world, k int, name string, before distance, stale bool, now time.Duration) {
	x.steps++
	after := x.far(v)
	if !after.less(before) {
		x.t.Fatalf("%s at source %d does not bring it nearer to its end:\n%v\n%v\n%+v\n%+v", name, w.work[k].source, before, after, *w, *v)
	}
	for i := range x.sources {
		if d := v.src[i].waited.Spent() - x.lim.MaxElapsed; d > 30*unit {
			x.t.Fatalf("%s at %d: %d is waited for and waited for: %+v", name, w.work[k].source, i, *v)
		}
		was, is := w.src[i].standing, v.src[i].standing
		if was == Rejected && is != Rejected || stale && v.isolated == w.isolated && was != is {
			x.t.Fatalf("%s at %d: %d was %v and is %v:\n%+v\n%+v", name, w.work[k].source, i, was, is, *w, *v)
		}
	}
	switch {
	case !x.complete(v):
		x.meet(x.shift(*v, now))
	case x.digest:
		x.right++
		x.drop(v)
		x.file(v, func(f *File) { x.wrong(f, v, now) })
		if after = x.far(v); !after.less(before) {
			x.t.Fatalf("a wrong digest does not bring it nearer to its end: %v %v", before, after)
		}
		x.meet(x.shift(*v, now))
	default:
		x.right++
	}
}

// wrong tells a file that is complete that it is not right: the last piece of who gave most, where
// pieces can be told apart.
func (x *explorer) wrong(f *File, v *world, now time.Duration) {
	why := failure(fail.Mismatched, 0)
	if !x.pieces {
		f.Mismatched(now, x.size, v.given[:x.sources], why)
		return
	}
	var bad [mostSources]int64
	bad[x.most(v)] = 1
	f.Spoilt(now, 1, bad[:x.sources], why)
}

// most is who has given most.
func (x *explorer) most(w *world) (most int) {
	for i := range x.sources {
		if w.given[i] > w.given[most] {
			most = i
		}
	}
	return most
}

// wakes is when the first worker that waits has waited; 0: there is none.
func (x *explorer) wakes(w *world) (at time.Duration) {
	for k := range x.workers {
		if u := w.work[k].until; u > 0 && (at == 0 || u < at) {
			at = u
		}
	}
	return at
}

// drive lets all workers that may ask what to do, until requests are under way or the file is
// over. If nobody has anything else to do time passes.
func (x *explorer) drive(w *world) (now time.Duration, over bool) {
	now = noon
	for waits, restarts := 0, 0; ; {
		end, restarted := x.round(w, now)
		if end {
			return now, true
		}
		if restarted {
			if restarts++; restarts > 1+x.sources {
				x.t.Fatalf("begins anew and anew: %+v", *w)
			}
			continue
		}
		if n, _ := x.inFlight(w); n > 0 {
			return now, false
		}
		if waits++; waits > 2*x.sources {
			x.t.Fatalf("waits and waits: %+v", *w)
		}
		at := x.wakes(w)
		for k := range x.workers {
			if w.work[k].until <= at {
				w.work[k].until = 0
			}
		}
		now = at
	}
}

// round asks for each worker that is idle what to do. What concerns the whole file ends all
// that is under way.
func (x *explorer) round(w *world, now time.Duration) (over, restarted bool) {
	for k := range x.workers {
		p := &w.work[k]
		n, _ := x.inFlight(w)
		if p.inFlight || p.until > 0 || n > 0 && (w.stream || !w.open || w.have+int64(n) >= x.size) {
			continue
		}
		if k > 0 && x.meets(w, p, now) {
			continue
		}
		var a Action
		x.file(w, func(f *File) {
			if w.parallel {
				a = f.Choose(now, p.tries, -1, x.loads(w), x.healths(w))
			} else {
				a = f.Next(now, p.tries, x.healths(w))
			}
		})
		if a.Kind == Compare || a.Kind == Restart || a.Kind == Fail {
			x.drop(w)
			p.until = 0
		}
		x.check(w, p, a, now)
		switch a.Kind {
		case Fail:
			x.failed++
			return true, false
		case Restart:
			x.restart(w, a)
			return false, true
		case Wait:
			p.until = a.Until
		default:
			if x.send(w, p, a, now); a.Kind == Compare {
				return false, false
			}
		}
	}
	return false, false
}

// meets has a worker compare a source that is to serve beside others, if there is one.
func (x *explorer) meets(w *world, p *worker, now time.Duration) bool {
	for i := range x.sources {
		var a Action
		x.file(w, func(f *File) { a = f.Verify(now, i, p.tries, x.healths(w)) })
		if a.Kind == Compare {
			x.check(w, p, a, now)
			x.send(w, p, a, now)
			return true
		}
	}
	return false
}

func (x *explorer) send(w *world, p *worker, a Action, now time.Duration) {
	*p = worker{inFlight: true, compare: a.Kind == Compare, source: a.Source, gen: a.Gen, start: now, tries: p.tries}
	w.o[a.Source].Sent()
}

// loads are those of two requests an origin.
func (x *explorer) loads(w *world) []Load {
	l := make([]Load, x.sources)
	for i := range l {
		l[i].Capacity = 2
	}
	for k := range x.workers {
		if p := &w.work[k]; p.inFlight {
			l[p.source].Workers++
		}
	}
	return l
}

func (x *explorer) restart(w *world, a Action) {
	left := int64(0)
	switch {
	case a.Keep && x.pieces:
		w.given[x.most(w)]--
		left = x.size - 1
	case a.Keep:
		left = w.given[a.Source]
		fallthrough
	default:
		w.given = [mostSources]int64{}
		w.given[a.Source] = left
	}
	x.file(w, func(f *File) { f.Restarted(left) })
	for k := range x.workers {
		w.work[k].tries = w.work[0].tries
	}
}

// check is what must hold of every decision.
func (x *explorer) check(w *world, p *worker, a Action, now time.Duration) {
	bad := func(why string) { x.t.Fatalf("%s: %+v\n%+v\n%+v", why, a, *p, *w) }
	x.file(w, func(f *File) {
		o := x.healths(w)
		s := f.source(a.Source)
		switch a.Kind {
		case Wait:
			if a.Until <= now {
				bad("waits for the past")
			}
		case Fail:
			if f.dead != nil {
				return
			}
			for j := range x.sources {
				if f.terms(now, j, o) != never || f.source(j).standing == Different && f.source(j).fallback && o[j].Askable(now, x.lim.Limits) {
					bad(fmt.Sprint("fails though source ", j, " could be asked"))
				}
			}
		case Fetch, Compare:
			switch {
			case s.standing != Active:
				bad("asks one that was left")
			case now < o[a.Source].Until || now < p.tries.At(a.Source):
				bad("asks too soon")
			case f.have > 0 && a.Kind == Fetch && !s.pinned && !s.verified:
				bad("goes on with what may be another file")
			case f.have > 0 && a.Stream:
				bad("would lose what is there")
			case f.isolated > 0 && a.Source != f.isolated-1:
				bad("asks another one during a repair")
			}
		}
	})
}
