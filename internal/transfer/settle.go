package transfer

import (
	"errors"
	"time"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/wait"
)

// What came of a request: recovery is told, and the segment is put where it belongs. What
// follows is for the next turn to decide.

// minProgress is how many bytes make an answer one that got somewhere.
const minProgress = 64 << 10

// settle draws the conclusion from a request.
func (f *File) settle(w *worker, a recovery.Action, src *source, h *origin.Origin, x *answer, o exchange.Outcome) {
	if o.Err == nil {
		f.settleSuccess(w, a, src, x)
		return
	}
	w.last = -1
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.ctx.Err() != nil:
		f.plan.Drop(w.s)
		w.s = nil
		return
	case isDecision(o.Err):
		f.failLocked(o.Err.Err)
		return
	case f.unconfirmed && rejectsResume(o.Err):
		f.failLocked(errRejectResume)
		return
	case f.plan.Failed(w.s, o.Err.Class == fail.Timeout, time.Now()):
		w.s = nil
		return
	case errors.Is(o.Err, segment.ErrShed):
		f.returnLocked(w)
		return
	}
	if o.Err.Class != fail.Displaced {
		f.unretried++
	}
	e := f.failureOf(a, src, o, f.plan.Tries(w.s))
	if e.Brought = x.added; f.stream { // of what there was nothing counts
		e.Brought, _ = f.plan.Brought(w.s)
	}
	f.plan.Tried(w.s, f.failedLocked(src, h, e))
	if f.rec.Parallel() {
		f.returnLocked(w)
	}
}

// failureOf is what recovery is told of a request that failed.
func (f *File) failureOf(a recovery.Action, src *source, o exchange.Outcome, t wait.Tries) recovery.Failure {
	return recovery.Failure{
		Source: src.n, Gen: a.Gen, Err: o.Err, Facts: o.Facts, Verdict: o.Verdict, Rest: o.Rest, Jitter: o.Jitter,
		Start: f.e.Origins.At(o.Began), Tries: t,
	}
}

// failedLocked tells of a failure, and returns what has been tried of its piece by now.
func (f *File) failedLocked(src *source, h *origin.Origin, e recovery.Failure) wait.Tries {
	if e.Err.Class != fail.Displaced {
		src.errors++
		f.lastFailure, f.failed = e.Err, failed{e.Err, time.Now()}
		if f.e.Logs {
			f.failures = append(f.failures, e.Err)
		}
	}
	e.Now = f.e.now()
	f.rec.Has(f.plan.Len())
	was := f.rec.Standing(src.n)
	t := f.rec.Failed(e, f.healthsLocked())
	f.standingsLocked()
	if f.rec.AsGiven(src.n) {
		src.forgetLocked()
	}
	if now := f.rec.Standing(src.n); e.Err.Class == fail.Timeout && now == recovery.Rejected && was != now {
		h.GaveUp()
	}
	return t
}

// isDecision: the first answer has decided what becomes of the whole file.
func isDecision(err error) bool {
	return errors.Is(err, errKept) || errors.Is(err, errRejectResume)
}

// rejectsResume reports whether an answer has shown that a part of an earlier process is of
// no use.
func rejectsResume(e *fail.Error) bool {
	return e.Class == fail.Changed || e.Class == fail.Dubious || e.Class == fail.NoRanges || errors.Is(e, fail.ErrEncoding)
}

// settleSuccess ends a segment that is all there, or goes on with the rest of it.
func (f *File) settleSuccess(w *worker, a recovery.Action, src *source, x *answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.last = src.n
	done := f.plan.Finished(w.s) || f.stream && f.whole
	brought, _ := f.plan.Brought(w.s)
	f.rec.Served(src.n, a.Gen, f.e.now(), x.added, !done && brought < minProgress)
	f.plan.Tried(w.s, wait.Tries{})
	w.tries = wait.Tries{}
	if !done {
		if f.preemptedLocked() {
			f.returnLocked(w)
			f.failLocked(ErrPreempted)
		}
		return
	}
	if f.plan.Done(w.s) {
		f.scaleLocked(f.plan.Scale(f.nowLocked(time.Now())))
	}
	w.s = nil
	if f.completeLocked() && f.company.Load() {
		f.cancel(segment.ErrCovered)
	}
}
