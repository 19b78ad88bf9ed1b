// Package batch is one Start of a batch: what runs when, until everything is done.
//
// A task gets a place when one is free, and gives it to the next, or to a more urgent one;
// sizes are asked for ahead, so that small files can go first; callbacks are told, one at a
// time, and slow nobody down; whoever pauses, resumes or cancels in the middle of it finds
// every file whole or able to go on. A Start returns when the last of its goroutines has, of
// which the one that tells what happens is the last.
package batch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/gate"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// Config says what a Start has to do.
type Config struct {
	Table  *task.Table
	Engine transfer.Engine // but for what the Start brings: its context, gate and Batch
	Slots  *budget.Pool
	Share  *Sharing // nil: each file has requests of its own
	Tell   Listener

	Limits     Limits        // to begin with
	SmallFirst bool          // sizes are asked for ahead
	Locked     bool          // but no file is, before it is locked
	Stay       bool          // it goes on when nothing is left to do
	Interval   time.Duration // between two reports of progress
	Cut        func(transfer.Cut) (segment.Layout, int)
	Class      func(size int64) int // sizes of one class need not be known more exactly
	Logger     *slog.Logger
}

// Listener is told what happens, from one goroutine.
type Listener interface {
	WantsFiles() bool
	Ended(s task.Snapshot)
	Event(e event.Event)
	Progress()
}

// Run is one Start.
type Run struct {
	Config
	ctx    context.Context
	cancel context.CancelCauseFunc
	gate   *gate.Gate
	engine *transfer.Engine
	notify *notifier
	prober *prober
	group  errgroup.Group // all goroutines but the next; what goes wrong with a file is no error of theirs
	teller errgroup.Group // the one that tells what happens
	wake   chan struct{}  // capacity 1: the dispatcher has something to look at
	begun  time.Time
	idle   bool // the dispatcher's last look found nothing left to do
	quiet  quiet

	limits atomic.Pointer[limits]
	paused atomic.Bool
	joined atomic.Int64          // workers beyond those that files began with
	speed  atomic.Int64          // bytes/s, smoothed
	last   atomic.Pointer[error] // why the latest task failed
	exit   atomic.Pointer[error] // the caller's code has ended one of the goroutines
}

// New makes a Start that nothing runs of yet. Close must be called.
func New(ctx context.Context, c Config) *Run {
	r := &Run{Config: c, wake: make(chan struct{}, 1), begun: time.Now(), quiet: newQuiet()}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.gate = gate.New(r.ctx)
	r.notify = newNotifier(c.Tell, c.Table.Told, r.Wake)
	r.prober = newProber(r)
	r.engine = &r.Config.Engine
	r.limits.Store(r.bounded(c.Limits))
	r.engine.Batch, r.engine.Context, r.engine.Gate = r, r.ctx, r.gate
	return r
}

// Pause stops the transfers that run, and holds back the rest until Resume.
func (r *Run) Pause() {
	r.paused.Store(true)
	r.gate.Pause(transfer.ErrPaused)
}

// Resume goes on from there.
func (r *Run) Resume() {
	r.paused.Store(false)
	r.gate.Resume()
	r.Wake()
}

// Hear takes an event, to be told in its turn.
func (r *Run) Hear(e event.Event) { r.notify.event(e) }

// Wake tells that there is something new to do.
func (r *Run) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// wakeIf is Wake where there is something new.
func (r *Run) wakeIf(is bool) {
	if is {
		r.Wake()
	}
}

// Do returns when everything is done, or the Start was ended, and all goroutines have. Its
// connections and directories are closed then.
func (r *Run) Do() {
	report, stop := newReporter(r), make(chan struct{})
	r.member(func() { report.loop(stop) })
	r.teller.Go(func() error { r.callOut("a callback", r.notify.loop); return nil })
	r.member(r.prober.loop)
	for !r.settled() {
		r.dispatch()
	}
	close(stop)
	r.prober.close()
	_ = r.group.Wait()
	r.notify.close() // not before: a HEAD that was still under way has had its end to tell
	_ = r.teller.Wait()
	r.engine.Client.Close()
	r.engine.Dirs.CloseAll()
	r.quiet.end()
}

// member starts a goroutine of the Start's.
func (r *Run) member(do func()) {
	r.group.Go(func() error { do(); return nil })
}

// settled is asked when nothing seems to be left: it has the last progress told, waits for callbacks
// and HEADs until there is something new to do, and finds out whether more was added.
func (r *Run) settled() bool {
	if !r.idle {
		return false
	}
	if r.speed.Load() == 0 { // it was over before the first tick
		r.speed.Store(int64(float64(r.engine.Client.Received()) / max(time.Since(r.begun).Seconds(), 1e-9)))
	}
	if !r.notify.last() {
		<-r.wake
		return false
	}
	ended := r.ctx.Err() != nil // then what is paused alone is to be cancelled
	over := ended || !r.Stay && r.Table.Idle(true)
	switch {
	case !r.Table.Idle(ended):
	case !over:
		r.rest()
	case r.prober.giveUp():
		return true
	default:
		<-r.wake
		return false
	}
	r.notify.unmute()
	return false
}

// dispatch starts what may start, then waits for something to change.
func (r *Run) dispatch() {
	ended := r.ctx.Err() != nil // looked at once: an end in between must not be waited for
	r.grant()                   // what is paused by that is to be cancelled, too
	if ended {
		r.cancelQueued()
	}
	next := r.Table.Due(time.Now())
	if !ended && !r.paused.Load() && !r.notify.behind() {
		for t := r.Table.Take(); t != nil; t = r.Table.Take() {
			r.member(func() { r.work(t) })
		}
	}
	if r.idle = r.Table.Idle(ended); r.idle {
		return
	}
	r.notify.unmute()
	r.prober.poke()

	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	var done <-chan struct{}
	if !ended { // afterwards only the transfers' ends are waited for
		done = r.ctx.Done()
	}
	select {
	case <-r.wake:
	case <-timer:
	case <-done:
	}
}

// cancelQueued ends what has not begun, after the Start was ended.
func (r *Run) cancelQueued() {
	queued := r.Table.Drain()
	for _, t := range queued {
		r.engine.Drop(t)
	}
	for _, t := range queued {
		r.endTask(t, context.Cause(r.ctx))
	}
}

// Close gives back what the Start had, and returns why it ended early, if it did. All: every
// task is complete, so that an end came too late to end anything.
func (r *Run) Close(all bool) error {
	cause := context.Cause(r.ctx)
	r.cancel(nil)
	r.gate.Close()
	switch exit := r.exit.Load(); {
	case exit != nil: // whatever else: callbacks may be missing
		return *exit
	case all:
		return nil
	}
	return cause
}

// Speed is how many bytes arrive in a second.
func (r *Run) Speed() float64 {
	if r.paused.Load() {
		return 0
	}
	return float64(r.speed.Load())
}

// Allowed is how many requests may be in flight now, as far as the origins in use bear.
func (r *Run) Allowed() int {
	most := r.limits.Load().Connections
	if sum := r.engine.Origins.Capacity(); sum > 0 {
		return min(most, sum)
	}
	return most
}
