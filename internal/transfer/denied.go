package transfer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/wait"
)

// What the caller has to grant before a request is made may be denied, and takes as long as it
// takes.

// denied is for a worker that got no lease. False: the round has ended.
func (f *File) denied(w *worker, a recovery.Action, src *source, h *origin.Origin, why error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.plan.Tries(w.s)
	if f.rec.Parallel() && w.s == nil {
		t = w.tries
	}
	if !f.deniedLocked(f.ctx, a, src, h, why, &t) {
		return false
	}
	w.tries = t
	f.plan.Tried(w.s, t)
	if f.rec.Parallel() {
		f.returnLocked(w)
	}
	return true
}

// deniedLocked tells recovery why there is no lease, and notes what has been tried by now. False:
// that was only since ctx has ended.
func (f *File) deniedLocked(ctx context.Context, a recovery.Action, src *source, h *origin.Origin, why error, t *wait.Tries) bool {
	if ctx.Err() != nil || !errors.As(why, new(*fail.Error)) {
		return false
	}
	o := exchange.Outcome{Began: time.Now(), Err: fail.Of(why, fail.Facts{}), Jitter: rand.Float64()}
	*t = f.failedLocked(src, h, f.failureOf(a, src, o, *t))
	return true
}

// within is a context that ends after a time, in which what a lease waits for on its way does not
// count.
func (e *Engine) within(ctx context.Context, d time.Duration, k *origin.Lease) (context.Context, context.CancelFunc) {
	if !e.Origins.Guarded() {
		return context.WithTimeout(ctx, d)
	}
	timed, end := context.WithCancelCause(ctx)
	p := newPatience(d, func() { end(context.DeadlineExceeded) })
	p.rest(false)
	k.Pausing(p.rest)
	return timed, func() {
		p.rest(true)
		end(nil)
	}
}
