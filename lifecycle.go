package littledl

import (
	"context"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/transfer"
)

// Starting, stopping and everything in between.

// Start downloads what is queued and what is added meanwhile. It blocks until every
// task is terminal and every callback has returned, and leaves no goroutine. The
// error is nil when every file completed; else a *BatchError over those that did
// not, joined with the cause if Cancel, Stop or the context ended the batch, or a callback
// that ended its goroutine (errors.Is and errors.As find either). Errors before anything is
// touched: ErrRunning, ErrStopped. A second Start retries what failed or was cancelled; a
// task whose WithFilename has gone to another since is ErrDuplicateTarget.
func (d *BatchDownloader) Start(ctx context.Context) error {
	r, err := d.control.Begin(func() *batch.Run {
		d.table.BeginStart()
		return d.newRun(ctx)
	})
	if err != nil {
		return err
	}
	r.Do()
	failures, all := d.table.EndStart()
	cause := r.Close(all)
	if d.control.End() {
		d.discardKept()
	}
	failed := make([]*FileError, len(failures))
	for i, f := range failures {
		failed[i] = (*FileError)(f)
	}
	return batchError(failed, cause)
}

// Pause stops the transfers that run, keeping their bytes, and holds back the
// rest, until Resume. Between Starts it holds back the next one. Paused already, it does
// nothing. The only error is ErrStopped, after Stop.
func (d *BatchDownloader) Pause() error { return d.control.Pause() }

// Resume goes on from where Pause stopped. Not paused, it does nothing. The only error is
// ErrStopped, after Stop.
func (d *BatchDownloader) Resume() error { return d.control.Resume() }

// Cancel ends the running Start with ErrCancelled; it does not wait. Tasks that have
// not ended become cancelled, and the next Start goes on with them. While none runs it does
// nothing. The only error is ErrStopped, after Stop.
func (d *BatchDownloader) Cancel() error { return d.control.Cancel() }

// Stop is Cancel for good: nothing can be added or started afterwards. It does
// not wait; calling it again does nothing. It returns no error.
func (d *BatchDownloader) Stop() error {
	if d.control.Stop() {
		d.discardKept()
	}
	return nil
}

// discardKept deletes what failed tasks left for a Start that will not come, and
// what no other process could go on from.
func (d *BatchDownloader) discardKept() {
	for t := range d.table.Tasks() {
		left := transfer.RestOf(d.table.Held(t))
		if part := left.Part(); !part.IsZero() && !part.Resumable() {
			spec := t.Spec()
			sub, _ := safename.Split(spec.Filename)
			if dir, err := d.set.openDir(spec.Dir, sub); err == nil {
				if err := part.Remove(dir); err != nil && d.set.cfg.Logger != nil {
					d.set.cfg.Logger.Warn("something is left on the disk", "err", err)
				}
				dir.Close()
			}
			d.table.Drop(t)
		}
		d.table.Hold(t, left.WithoutKept().Held())
	}
}
