package transfer

import (
	"context"
	"net/url"
	"time"

	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/wait"
)

// What the workers of a file do: ask recovery what is to be done, find a segment, make a
// request for it, say what came of it.

// worker is one of those that fetch a file; each has a request in flight at most.
type worker struct {
	lease      origin.Lease
	additional bool // not the file's owner
	extra      bool // one more than the file began with, which has not had a segment
	decided    bool // first is to be done
	first      recovery.Action
	s          *segment.Segment // in hand; nil: it has none
	tries      wait.Tries       // of the segment that it has given back
	call       lasting          // contexts of its requests
	answer     answer           // to the latest
	last       int              // the source that has served it lately; -1: none
}

// runWorker has a worker serve one segment after the other until there is nothing for it.
func (f *File) runWorker(w *worker) {
	defer f.plan.Quit()
	for f.turn(w) {
		f.logFailures()
	}
	f.logFailures()
}

// turn is one decision for a worker, and what follows from it. False: there is nothing more
// for it.
func (f *File) turn(w *worker) bool {
	if !w.additional {
		f.letSmallFirst()
	}
	f.mu.Lock()
	if f.overLocked() {
		f.mu.Unlock()
		return false
	}
	a := f.decideLocked(w)
	switch {
	case a.Kind == recovery.Wait:
		f.mu.Unlock()
		return f.hold(w, a.Until)
	case a.Kind != recovery.Fetch, a.Stream != f.stream: // it concerns all of the file
		f.returnLocked(w) // what has been tried of its segment is not forgotten
		f.failLocked(errDecide)
		f.mu.Unlock()
		return false
	}
	src := f.sources[a.Source]
	u, h := f.addressLocked(src)
	if !f.rec.Parallel() {
		f.current = src.n
	}
	f.plan.Join(src.n)
	f.mu.Unlock()
	defer f.plan.Leave(src.n)
	return f.fetch(w, a, src, u, h)
}

// decideLocked asks what a worker is to do.
func (f *File) decideLocked(w *worker) recovery.Action {
	if w.decided {
		w.decided = false
		return w.first
	}
	if !f.rec.Parallel() {
		return f.nextLocked(f.plan.Tries(w.s))
	}
	t := w.tries
	if w.s != nil {
		t = f.plan.Tries(w.s)
	}
	f.rec.Has(f.plan.Len())
	a := f.rec.Choose(f.e.now(), t, w.last, f.loadsLocked(), f.healthsLocked())
	f.standingsLocked()
	return a
}

// againLocked is decideLocked for who has waited for its turn at a source. It does not count itself
// there: else it would go to another that is as good, wait there, and come back, without an end.
func (f *File) againLocked(w *worker, at *source) recovery.Action {
	f.plan.Leave(at.n)
	defer f.plan.Join(at.n)
	return f.decideLocked(w)
}

// nextLocked asks what is to be done about the piece in hand, or the first.
func (f *File) nextLocked(t wait.Tries) recovery.Action {
	f.rec.Has(f.plan.Len())
	a := f.rec.Next(f.e.now(), t, f.healthsLocked())
	f.standingsLocked()
	return a
}

// fetch makes one request, when it is its turn.
func (f *File) fetch(w *worker, a recovery.Action, src *source, u *url.URL, h *origin.Origin) bool {
	k := &w.lease
	k.Renew(h, f.claim(w))
	f.returnBeforeWait(w)
	if w.s == nil && f.e.Origins.Granted() && !f.parallel() { // nobody is asked for what is not needed
		if w.s = f.pick(w, src); w.s == nil {
			return f.nothing(src, w)
		}
	}
	if !k.TryAcquire() {
		if err := f.acquire(f.ctx, k); err != nil {
			return f.denied(w, a, src, h, err)
		}
		f.mu.Lock()
		b := f.againLocked(w, src) // something else may be to be done by now
		to, at := f.addressLocked(src)
		f.mu.Unlock()
		if u, a.Gen = to, b.Gen; b != a || at != h { // and redirects may lead elsewhere
			k.Release()
			w.first, w.decided = b, true
			return true
		}
	}
	if w.s == nil {
		if w.s = f.pick(w, src); w.s == nil {
			k.Release()
			if f.awaitRoom(w, src) {
				return true
			}
			return f.nothing(src, w)
		}
	} else if f.e.Origins.Granted() && f.goneMeanwhile(w) {
		k.Release()
		return true
	}
	f.serve(w, a, src, u, h, k)
	return true
}

// nothing is for a worker that has found nothing to do. False: nor will it.
func (f *File) nothing(src *source, w *worker) bool {
	at, waits := f.plan.Soonest(src.n) // what nobody else will come back for
	return waits && f.plan.Workers() == 1 && f.ctx.Err() == nil && f.hold(w, at)
}

// goneMeanwhile reports whether a worker's segment was done without it while it waited.
func (f *File) goneMeanwhile(w *worker) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.overLocked():
	case f.plan.Finished(w.s):
		f.plan.Done(w.s)
		w.s = nil
	default:
		return false
	}
	return true
}

func (f *File) parallel() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rec.Parallel()
}

// claim is by what a worker takes its slot. What is not known to be large rides on a connection
// with others.
func (f *File) claim(w *worker) origin.Claim {
	f.mu.Lock()
	defer f.mu.Unlock()
	return origin.Claim{File: f.id, Rank: Rank(f.priority.Load(), w.additional), Rides: !f.largeLocked()}
}

// returnBeforeWait puts a segment back where others might get on with it while its worker waits
// for a slot: those at other sources.
func (f *File) returnBeforeWait(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.s == nil || !f.plan.Covered(w.s) && (!f.rec.Parallel() || f.plan.Hedged(w.s)) {
		return
	}
	f.returnLocked(w)
}

// returnLocked makes a worker's segment the next to be begun, by anybody.
func (f *File) returnLocked(w *worker) {
	if w.s != nil {
		w.tries = f.plan.Tries(w.s)
		f.plan.Return(w.s)
		w.s = nil
	}
}

// letSmallFirst waits, a moment at most, until it is known whether small files
// wait that should go before the rest of this one.
func (f *File) letSmallFirst() {
	f.mu.Lock()
	begun := f.pin != nil && f.plan.Workers() == 1 && !f.overLocked()
	f.mu.Unlock()
	if !begun || !f.e.Table.Crowded() {
		return
	}
	select {
	case <-f.e.Settled():
	case <-f.ctx.Done():
	}
}

// overLocked reports whether the round has ended.
func (f *File) overLocked() bool { return f.err != nil || f.ctx.Err() != nil || f.completeLocked() }

// pick finds work for a worker that holds a slot. Nil: nothing that is worth a request.
func (f *File) pick(w *worker, src *source) *segment.Segment {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.overLocked() {
		return nil
	}
	if !w.additional && f.preemptedLocked() {
		f.failLocked(ErrPreempted)
		return nil
	}
	s := f.plan.Take(f.asksLocked(w, src), time.Now())
	if s != nil {
		f.t.Asked()
		if w.extra {
			w.extra = false
			f.e.Joined()
		}
	}
	return s
}

// asksLocked is a worker as the plan sees it.
func (f *File) asksLocked(w *worker, src *source) segment.Worker {
	return segment.Worker{Source: src.n, Additional: w.additional, Mixed: f.rec.Parallel(), Latency: src.host.RTT(), At: f.e.now()}
}

// preemptedLocked reports whether a file with one connection ought to leave its place now.
func (f *File) preemptedLocked() bool {
	return f.plan.Workers() == 1 && f.pin != nil && !f.stream && !f.unconfirmed && !f.rec.Repairing() && f.urgentWaitsLocked()
}

// hold keeps a worker waiting. One beside others waits in its place, but without its
// segment where others may get it from another source; the only one ends the round, so
// that its file gives way to others meanwhile. False: the round has ended.
func (f *File) hold(w *worker, until time.Duration) bool {
	f.mu.Lock()
	d := until - f.e.now()
	if f.plan.Workers() == 1 && f.mayDelay() {
		f.returnLocked(w)
		f.failLocked(&Delay{time.Now().Add(d)})
		f.mu.Unlock()
		return false
	}
	if f.rec.Parallel() {
		f.returnLocked(w)
	}
	f.mu.Unlock()
	if sleep(f.ctx, d) {
		return true
	}
	f.mu.Lock()
	f.returnLocked(w)
	f.mu.Unlock()
	return false
}

// sleep waits for a time; false: the context has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
