package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// A task's turn in a place of the batch: what it needs is done, and what is left of that is
// put away.

// Start begins a task's turn: it gets a share or a copy of what another has fetched, or a
// File to Run. Nil: the turn is over, and the error says what came of it.
func (e *Engine) Start(t *task.Task, seat *Seat) (*File, error) {
	if done, err := e.fromFirst(t); done || err != nil {
		return nil, err
	}
	f, err := e.newFile(t)
	if err != nil {
		return nil, err
	}
	f.live(seat)
	priority, nameUsed, wished := e.Table.Begin(t, f)
	f.priority.Store(priority)
	if f.target != nil {
		f.target.Want().NameUsed = nameUsed || f.target.Exact()
	}
	if wished {
		f.Halt(ErrHalted)
	}
	return f, nil
}

// Task is the file's.
func (f *File) Task() *task.Task { return f.t }

// Priority is the one that it has its place with.
func (f *File) Priority() int { return int(f.priority.Load()) }

// SetPriority changes it: what it asks for from now on, and who makes way for it, follows that.
func (f *File) SetPriority(p int32) { f.priority.Store(p) }

// Life is over when the file is to end.
func (f *File) Life() context.Context { return f.life }

// Requeued reports whether a file that ended with an error is to go on in another turn.
func Requeued(err error) bool {
	return err != nil && (errors.Is(err, ErrPreempted) || errors.Is(err, ErrHalted) || errors.As(err, new(*Delay)))
}

// DelayedUntil is when a file that ended with an error is to go on; zero: not at a time.
func DelayedUntil(err error) time.Time {
	if err != nil {
		var p *Delay
		if errors.As(err, &p) {
			return p.Until
		}
	}
	return time.Time{}
}

// Leave ends a turn that ended with an error, or nil. It closes what the file holds, unless
// that will go on soon, and returns what is left, and by what its file can be known where that
// is complete.
func (f *File) Leave(err error) (left Rest, print task.Print) {
	f.die()
	f.delayFor(err)
	if len(f.sources) > 1 {
		left.Told = f.Report() // before what it tells of is put away
	}
	requeued := Requeued(err)
	if f.trace != nil && !requeued {
		f.e.Traces(f.trace)
	}
	switch {
	case err == nil, requeued && f.output().State() == disk.Absent:
		f.closeTarget()
	case !requeued:
		f.release(f.e.Disk.Resume && (f.finishing || resumable(err)))
	}
	if err != nil {
		left.kept = f.keepable()
	} else if f.published != nil {
		print = printOf(*f.published)
	}
	return left, print
}

// resumable reports whether bytes fetched before a failure are worth keeping.
func resumable(err error) bool {
	for _, e := range []error{
		fail.ErrHashMismatch, fail.ErrSizeMismatch, fail.ErrRemoteChanged, fail.ErrRangeMismatch, fail.ErrEncoding,
		fail.ErrFileTooLarge, fail.ErrFileExists, partfile.ErrUnsynced,
	} {
		if errors.Is(err, e) {
			return false
		}
	}
	return true
}

// keepable is what a later round or Start goes on from; nil for nothing.
func (f *File) keepable() *saved {
	s := f.saved
	if !s.open() && s.left.IsZero() && !s.begun && s.lastFailure == nil && s.spent == 0 && s.delayed == (delay{}) && s.locked.IsZero() {
		return nil
	}
	if s.sources == nil && s.left.IsZero() { // nothing is there
		s.plan = nil
	}
	if s.pin != nil { // or the whole File would be kept for it
		pin := *s.pin
		s.pin = &pin
	}
	return &s
}

// Drop closes what a task that waits holds open, and leaves nothing of this Start to the
// next: its sources know the origins of this one, whose budget nobody else shares then.
func (e *Engine) Drop(t *task.Task) {
	left := RestOf(e.Table.Held(t))
	if left.kept == nil || !left.kept.open() && left.kept.sources == nil {
		return
	}
	f := &File{e: e, t: t, saved: *left.kept}
	f.release(e.Disk.Resume)
	left.kept = f.keepable()
	e.Table.Hold(t, left.Held())
}

// Delete removes the part that a task has left, which is closed.
func (e *Engine) Delete(t *task.Task) {
	if err := remove(e.Table, t, e.Dirs.Open, e.Dirs.Close); err != nil {
		e.warn("something is left on the disk", t, err)
	}
}

// remove removes the part that a task has left, by directories that are opened and closed so.
func remove(tab *task.Table, t *task.Task, open func(dir, sub string) (*partfile.Dir, error), shut func(*partfile.Dir)) error {
	left := RestOf(tab.Held(t))
	part := left.Part()
	if part.IsZero() {
		return nil
	}
	sub, _ := safename.Split(t.Spec().Filename)
	dir, err := open(t.Dir(), sub)
	if err == nil {
		err = part.Remove(dir)
		shut(dir)
	}
	tab.Drop(t)
	tab.Hold(t, left.WithoutKept().Held())
	return err
}

// Interrupted words the cause that ended a task, with what it had been waiting for, which is
// told of once.
func (r Rest) Interrupted(cause error) error {
	if r.kept == nil || r.kept.lastFailure == nil {
		return cause
	}
	return fmt.Errorf("%w; the last attempt had failed: %v", cause, r.kept.lastFailure)
}

// Part is the part that a failed task has left.
func (r Rest) Part() (part disk.Left) {
	switch {
	case r.kept != nil:
		part = r.kept.left
	case r.remnant != "":
		part = r.remnant.part()
	}
	return part
}

// WithoutKept is what is left but for what could be gone on from.
func (r Rest) WithoutKept() Rest {
	r.kept, r.remnant = nil, ""
	return r
}

// Wait waits for all goroutines of a file whose own has been ended.
func (f *File) Wait() {
	f.wg.Wait()
	f.side.Wait()
}

// Measure smooths the speed that a task shows. It is called at every tick, by one goroutine.
func (f *File) Measure(now time.Time) {
	if f.speed == nil {
		f.speed = meter.New(speedHalfLife)
	}
	f.speed.Sample(now, f.received.Load())
	f.e.Table.SetSpeed(f.t, f.speed.Speed())
}

// Rank orders those who wait for a slot: by the task's priority, and within one priority
// every file's own progress before anybody's additional segments.
func Rank(priority int32, additional bool) int64 {
	r := int64(priority) * 2
	if additional {
		r++
	}
	return r
}
