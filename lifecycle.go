package littledl

import (
	"context"

	"github.com/littledl/littledl/internal/partfile"
)

// Starting, stopping and everything in between.

// Start downloads what is queued and what is added meanwhile. It blocks until every
// task is terminal and every callback has returned, and leaves no goroutine. The
// error is nil when every file completed; else a *BatchError over those that did
// not, joined with the cause if Cancel, Stop or the context ended the batch
// (errors.Is and errors.As find either). Errors
// before anything is touched: ErrRunning, ErrStopped. A second Start retries what
// failed or was cancelled.
func (d *BatchDownloader) Start(ctx context.Context) error {
	r, err := d.begin(ctx)
	if err != nil {
		return err
	}
	r.loop()
	return d.end(r)
}

// begin makes the run and queues again what an earlier one did not complete.
func (d *BatchDownloader) begin(ctx context.Context) (*run, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.stopped:
		return nil, ErrStopped
	case d.run != nil:
		return nil, ErrRunning
	}
	for _, t := range d.tasks {
		if t.status == StatusFailed || t.status == StatusCancelled {
			d.requeueLocked(t)
		}
	}
	d.totals.floor = 0
	r, err := newRun(ctx, d)
	if err != nil {
		return nil, err
	}
	d.run = r
	if d.paused {
		d.run.gate.Pause(errPaused)
	}
	return d.run, nil
}

func (d *BatchDownloader) requeueLocked(t *task) {
	if t.status == StatusFailed {
		d.totals.failed--
	} else {
		d.totals.cancelled--
	}
	d.totals.lose(t, -1)
	t.moveLocked(StatusPending)
	t.err = nil
	if t.kept != nil {
		t.kept.lastFailure = nil
	}
	if t.twin != nil && !t.twin.status.terminal() {
		t.later, t.twin.later = t.twin.later, t
		return
	}
	d.ready.add(t)
}

// end takes the run down and says how it went.
func (d *BatchDownloader) end(r *run) error {
	cause := r.close()
	d.mu.Lock()
	d.run = nil
	d.totals.added += int(r.added.Load())
	d.totals.received += r.received.Load()
	stopped := d.stopped
	var failed []*FileError
	for _, t := range d.tasks {
		if t.err != nil {
			failed = append(failed, t.err)
		}
	}
	if n := len(d.tasks); n > 0 && d.totals.completed == n {
		cause = nil // it came too late to end anything
	}
	d.mu.Unlock()
	if stopped {
		d.discardKept()
	}
	return batchError(failed, cause)
}

// Pause stops the transfers that run, keeping their bytes, and holds back the
// rest, until Resume. Between Starts it holds back the next one. Paused already, it does
// nothing. The only error is ErrStopped, after Stop.
func (d *BatchDownloader) Pause() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return ErrStopped
	}
	d.paused = true
	if d.run != nil {
		d.run.gate.Pause(errPaused)
	}
	return nil
}

// Resume goes on from where Pause stopped. Not paused, it does nothing. The only error is
// ErrStopped, after Stop.
func (d *BatchDownloader) Resume() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return ErrStopped
	}
	d.paused = false
	if d.run != nil {
		d.run.gate.Resume()
	}
	d.wakeLocked()
	return nil
}

// Cancel ends the running Start with ErrCancelled; it does not wait. Tasks that have
// not ended become cancelled, and the next Start goes on with them. While none runs it does
// nothing. The only error is ErrStopped, after Stop.
func (d *BatchDownloader) Cancel() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return ErrStopped
	}
	if d.run != nil {
		d.run.cancel(ErrCancelled)
	}
	return nil
}

// Stop is Cancel for good: nothing can be added or started afterwards. It does
// not wait; calling it again does nothing. It returns no error.
func (d *BatchDownloader) Stop() error {
	d.mu.Lock()
	first, running := !d.stopped, d.run != nil
	d.stopped = true
	if running {
		d.run.cancel(ErrCancelled)
	}
	d.mu.Unlock()
	if first && !running {
		d.discardKept()
	}
	return nil
}

// discardKept deletes what failed tasks left for a Start that will not come, and
// what no other process could go on from.
func (d *BatchDownloader) discardKept() {
	type left struct {
		dir, sub string
		part     partfile.Kept
	}
	var all []left
	d.mu.Lock()
	for _, t := range d.tasks {
		if t.kept != nil && t.kept.hasLeft && !t.kept.left.Resumable() {
			sub, _ := splitName(t.options().filename)
			all = append(all, left{t.dir, sub, t.kept.left})
			d.downloaded.Add(-t.downloaded.Swap(0))
		}
		t.kept = nil
	}
	d.mu.Unlock()
	for _, l := range all {
		if dir, err := d.set.openDir(l.dir, l.sub); err == nil {
			dir.Remove(l.part)
			dir.Close()
		}
	}
}
