package littledl

import (
	"context"
	"errors"
	"fmt"

	"github.com/littledl/littledl/internal/partfile"
)

// One task after the other through a place in transfer, and what becomes of it.

// work transfers one task, then takes the next, until there is none.
func (r *run) work(t *task) {
	for t != nil {
		f, err := r.transfer(t)
		t = r.after(t, f, err)
	}
}

// transfer does what the task needs: a share of or copy from its twin, or a
// transfer of its own.
func (r *run) transfer(t *task) (*file, error) {
	if t.twin != nil {
		if done, err := r.fromTwin(t); done {
			return nil, err
		}
	}
	f, err := newFile(r, t)
	if err != nil {
		return nil, err
	}
	r.d.mu.Lock()
	if t.twin != nil && !t.has(flagOwn) { // its twin failed: its bytes count after all
		t.flags |= flagOwn
		r.d.totals.unknown++
	}
	f.priority = t.priority
	t.file, t.kept = f, nil
	r.active[f] = struct{}{}
	f.unask = r.look.asking[t]
	r.d.mu.Unlock()
	if f.unask != nil && f.limit == 1 {
		f.unask()
	}
	if r.sharing != nil {
		if err := r.sharing.enter(f); err != nil {
			return f, err
		}
		defer r.sharing.leave(f)
	}
	return f, f.run()
}

// fromTwin completes a task whose twin has completed; done is false where the twin
// has nothing to give.
func (r *run) fromTwin(t *task) (done bool, err error) {
	r.d.mu.Lock()
	ready, shares := t.twin.status == StatusCompleted, t.shares()
	if ready && shares {
		r.d.shareLocked(t)
	}
	r.d.mu.Unlock()
	if !ready {
		return false, nil
	}
	if shares {
		return true, nil
	}
	err = r.copyTwin(t)
	if errors.Is(err, errTwinGone) {
		r.warn("twin's file cannot be copied, fetching it again", t, err)
		return false, nil
	}
	return true, err
}

// after records how a transfer ended and returns the next task for its worker.
func (r *run) after(t *task, f *file, err error) *task {
	d := r.d
	var park *parkError
	later := errors.As(err, &park) || errors.Is(err, errYield)
	var told *sourceReport
	if f != nil {
		if len(f.sources) > 1 {
			told = f.report() // before what it tells of is put away
		}
		r.putAway(f, err, later)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f != nil {
		delete(r.active, f)
		if told != nil {
			t.told = told
		}
		t.file = nil
		t.speed.Store(0)
		if err != nil {
			t.kept = f.keepable()
		} else if !t.has(flagReused) {
			t.modified = f.modified
		}
	}
	switch {
	case park != nil:
		t.moveLocked(StatusPending)
		d.lot.park(t, park.until)
		if t.kept != nil && t.kept.part != nil {
			r.open.Add(1)
		}
	case later:
		t.moveLocked(StatusPending)
		d.ready.add(t)
	default:
		r.endLocked(t, err)
	}
	if len(d.lot) == 0 && !d.paused && r.ctx.Err() == nil && r.busy <= d.set.files {
		if next := d.ready.take(); next != nil {
			r.look.leftLocked(next)
			r.publishNextLocked()
			r.look.nudgeLocked()
			if r.busy < d.set.files && d.ready.Len() > 0 { // its twins have become ready
				r.poke()
			}
			return next
		}
	}
	r.busy--
	r.poke()
	return nil
}

// putAway closes what a transfer held, unless it will go on soon.
func (r *run) putAway(f *file, err error, later bool) {
	switch {
	case later:
	case err == nil:
		f.part = nil
		r.dirs.close(f.dir)
		f.dir = nil
	default:
		f.abandon(!r.d.set.cfg.DisableResume && resumable(err))
	}
}

// resumable reports whether bytes fetched before a failure are worth keeping.
func resumable(err error) bool {
	for _, e := range []error{ErrHashMismatch, ErrSizeMismatch, ErrRemoteChanged, ErrRangeMismatch, ErrEncoding, ErrFileTooLarge, ErrFileExists, partfile.ErrUnsynced} {
		if errors.Is(err, e) {
			return false
		}
	}
	return true
}

// keepable is what a later round or Start goes on from; nil for nothing.
func (f *file) keepable() *saved {
	s := f.saved
	if s.part == nil && !s.hasLeft && len(s.sources) < 2 && s.tries == 0 && s.refused == 0 && s.failures == 0 && s.dir == nil && s.lastFailure == nil {
		return nil
	}
	return &s
}

// dropKept closes what a parked task holds open, and leaves nothing of this run to the
// next: its sources know the hosts of this run, whose budget nobody else shares then.
func (r *run) dropKept(t *task) {
	if t.kept == nil || t.kept.part == nil && t.kept.dir == nil && t.kept.sources == nil {
		return
	}
	f := &file{r: r, t: t, saved: *t.kept}
	f.abandon(!r.d.set.cfg.DisableResume)
	t.kept = f.keepable()
}

// endLocked makes a task terminal and has its callback told, and those of the
// twins that waited for it.
func (r *run) endLocked(t *task, err error) {
	d := r.d
	status := StatusCompleted
	if err != nil {
		status = StatusFailed
		if r.ctx.Err() != nil && errors.Is(err, context.Cause(r.ctx)) {
			status, err = StatusCancelled, t.interrupted(context.Cause(r.ctx))
		}
		attempts := int(t.retries.Load())
		if status == StatusFailed {
			attempts++
		}
		t.err = t.failure(localPath(t.dir, t.name), opOf(err), attempts, err)
	}
	if !t.status.terminal() { // a twin that shares is terminal already
		d.terminalLocked(t, status)
	}
	if status == StatusCompleted && d.contents != nil {
		d.contents.completed(t.dir, t.name, t.size)
	}
	r.notify.fileLocked(t)
	for _, w := range d.releaseTwinsLocked(t) {
		r.notify.fileLocked(w)
	}
}

// interrupted is the cause that ended a task, with what it had been waiting for.
func (t *task) interrupted(cause error) error {
	if t.kept == nil || t.kept.lastFailure == nil {
		return cause
	}
	return fmt.Errorf("%w; the last attempt had failed: %v", cause, gateError(t.kept.lastFailure))
}

// mayPark bounds how many parts are held open by waiting tasks.
func (r *run) mayPark(f *file) bool {
	if f.part == nil {
		return true
	}
	return r.open.Load() < int64(2*r.d.set.files+16)
}
