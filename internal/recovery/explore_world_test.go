package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// A world is all that matters of one small file, its sources and the requests under way, as
// a value that can be compared with others. Bytes are counted in pieces, of which each
// request brings one or two; times are multiples of one unit, and the clock always shows noon.

const (
	mostSources = 3
	mostWorkers = 2
	unit        = time.Second // that a request takes
	noon        = 100 * time.Second
)

type world struct {
	state
	src   [mostSources]source
	o     [mostSources]health.Health
	work  [mostWorkers]worker
	given [mostSources]int64 // pieces that are there, by who has delivered them
	news  int                // how often others may still be served
}

// worker is one that has a piece of the file in hand.
type worker struct {
	inFlight bool
	compare  bool
	source   int
	gen      int
	start    time.Duration
	until    time.Duration // it waits; 0: it does not
	tries    wait.Tries
}

// rules are what does not change from world to world.
type rules struct {
	lim      *Limits
	sources  int
	workers  int
	size     int64
	news     int
	parallel bool         // all may serve at once
	digest   bool         // and is looked at when the file is complete
	pieces   bool         // which tells of one piece that is wrong
	without  []fail.Class // that do not happen

	scratch File
}

func (r *rules) first() world {
	f := New(r.sources, r.lim)
	w := world{state: f.state, news: r.news}
	for i := range r.sources {
		w.src[i] = *f.source(i)
	}
	return w
}

// file lets something be done to the world's file.
func (r *rules) file(w *world, do func(f *File)) {
	f := &r.scratch
	f.lim, f.state, f.first, f.more = r.lim, w.state, w.src[0], w.src[1:r.sources]
	do(f)
	w.state, w.src[0] = f.state, f.first
}

func (r *rules) measure(w *world) (m Measure) {
	r.file(w, func(f *File) { m = f.Measure(r.size) })
	return m
}

func (r *rules) healths(w *world) []health.Health { return w.o[:r.sources] }

// shift is the same world on another clock, and with no more memory than matters: then
// worlds are equal that go on equally.
func (r *rules) shift(w world, now time.Duration) world {
	by := now - noon
	w.short.Rebase(now)
	w.short.Rebase(-noon)
	for i := range r.sources {
		s, h := &w.src[i], &w.o[i]
		s.notBefore = max(s.notBefore-by, noon)
		s.waited.Rebase(now)
		s.waited.Rebase(-noon)
		h.Rebase(now)
		h.Rebase(-noon)
		s.epoch -= h.Epoch
		h.Epoch = 0
		s.err = nil
		if !r.parallel {
			s.attempts, s.strikes, s.brought = 0, 0, false
		}
		if r.sources == 1 {
			s.notBefore, s.refusals = noon, 0
		}
		for k := range r.workers {
			if x := &w.work[k]; x.inFlight && x.source == i {
				x.gen = min(x.gen-s.gen, 0) // older is older
				x.gen = max(x.gen, -1)
			}
		}
		s.gen = 0
	}
	for k := range r.workers {
		x := &w.work[k]
		if x.tries.Until = max(x.tries.Until-by, noon); x.tries.Attempts == 0 && x.tries.Refusals == 0 && x.tries.Until == noon {
			x.tries = wait.Tries{}
		}
		if x.until > 0 {
			x.until = max(x.until-by, noon)
		}
		if x.start -= by; x.inFlight {
			x.start = max(x.start, noon-unit)
		} else {
			x.start, x.gen, x.source = 0, 0, 0
		}
	}
	return w
}

// drop gives up all that is under way.
func (r *rules) drop(w *world) {
	for k := range r.workers {
		if x := &w.work[k]; x.inFlight {
			w.o[x.source].Ended()
			x.inFlight = false
		}
		w.work[k].until = 0
	}
}

// inFlight is how many requests are under way, and how many of them are stale.
func (r *rules) inFlight(w *world) (n, stale int) {
	for k := range r.workers {
		if x := &w.work[k]; x.inFlight {
			n++
			if x.gen != w.src[x.source].gen {
				stale++
			}
		}
	}
	return n, stale
}

// complete reports whether the file is all there.
func (r *rules) complete(w *world) bool { return !w.restarting && w.have >= r.size }
