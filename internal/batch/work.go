package batch

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// One task after the other through a place in transfer, and what becomes of it.

// work transfers one task, then takes the next, until there is none.
func (r *Run) work(t *task.Task) {
	defer func() {
		if t != nil { // it does not return: this goroutine is being ended
			r.exited(callerCode)
			r.member(func() { r.lost(t) })
		}
	}()
	var seat transfer.Seat
	defer seat.Close()
	for t != nil {
		f, err := r.transfer(t, &seat)
		t = r.after(t, f, err)
	}
}

// transfer does what the task needs: a share or a copy of what another has fetched, or a
// transfer of its own.
func (r *Run) transfer(t *task.Task, seat *transfer.Seat) (*transfer.File, error) {
	r.tellStarted(t)
	if err := r.stillNamed(t); err != nil {
		return nil, err
	}
	r.prober.await(t) // a HEAD is a request of the file's
	f, err := r.engine.Start(t, seat)
	if f == nil {
		return nil, err
	}
	if r.Share != nil {
		if err := r.Share.enter(f.Life(), f); err != nil {
			return f, err
		}
		defer r.Share.leave(f)
	}
	return f, f.Run()
}

// stillNamed refuses a task that is tried again though the name that was given for it has
// gone to another.
func (r *Run) stillNamed(t *task.Task) error {
	if r.Table.Named(t) {
		return nil
	}
	return fmt.Errorf("%w: %q in %q has gone to another since; choose another name", fail.ErrDuplicateTarget, t.Spec().Filename, t.Dir())
}

// after records how a transfer ended and returns the next task for its worker.
func (r *Run) after(t *task.Task, f *transfer.File, err error) *task.Task {
	if f != nil {
		left, print := f.Leave(err)
		r.Table.Leave(t, left.Held(), f.About(), print)
	}
	switch until := transfer.DelayedUntil(err); {
	case errors.Is(err, transfer.ErrWaits): // it is another's
	case r.granted(t, err):
	case !until.IsZero():
		r.wakeIf(r.Table.Delay(t, until, transfer.RestOf(r.Table.Held(t)).Open()))
	case transfer.Requeued(err):
		r.wakeIf(r.Table.Requeue(t))
	default:
		r.endTask(t, err)
	}
	r.prober.over(t, err == nil)
	next, more := r.Table.Next(r.ctx.Err() == nil && !r.paused.Load() && !r.notify.behind())
	if next == nil || more { // its duplicates may have become ready
		r.Wake()
	}
	if next != nil {
		r.prober.nudge()
	}
	return next
}

// endTask makes a task terminal and has its callback told, and those of the duplicates
// that waited for it.
func (r *Run) endTask(t *task.Task, err error) {
	to := task.Completed
	if err != nil {
		to = task.Failed
		if r.ctx.Err() != nil && errors.Is(err, context.Cause(r.ctx)) {
			to, err = task.Cancelled, transfer.RestOf(r.Table.Held(t)).Interrupted(context.Cause(r.ctx))
		}
		if errors.Is(err, fail.ErrTimeout) {
			r.Table.Alone(t)
		}
	}
	r.endAs(t, to, err)
}

// endAs is endTask where it is known as what it ends.
func (r *Run) endAs(t *task.Task, to task.Status, err error) {
	op := ""
	if err != nil {
		r.Table.Hold(t, transfer.RestOf(r.Table.Held(t)).Ended().Held()) // why the last attempt failed is told once
		op, err = transfer.OpOf(err), r.shared(transfer.Known(err))
	}
	s, others := r.Table.End(t, to, op, err)
	if to == task.Completed && r.engine.Search && !t.Delivers() {
		r.engine.Index.Add(t.Dir(), s.Name(), s.Size)
	}
	r.wakeIf(r.Table.Wanted())
	r.tellEnded(s)
	for _, o := range others {
		r.tellEnded(o)
	}
}

// shared is the error that the task before has been ended with, if it is the same to the last
// field: of a million that failed alike one reason is kept.
func (r *Run) shared(err error) error {
	if last := r.last.Load(); last != nil && reflect.DeepEqual(*last, err) {
		return *last
	}
	r.last.Store(&err)
	return err
}
