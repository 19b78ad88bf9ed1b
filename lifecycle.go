package littledl

import (
	"context"
	"fmt"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/task"
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
//
// A task that is paused by PauseTask is waited for; one that CancelTask has ended is not tried
// again.
func (d *BatchDownloader) Start(ctx context.Context) error {
	r, err := d.begin(ctx, false)
	if err != nil {
		return err
	}
	_, err = d.finish(r)
	return err
}

// begin makes a Start, or a Serve, which stays.
func (d *BatchDownloader) begin(ctx context.Context, stay bool) (*batch.Run, error) {
	return d.control.Begin(func() *batch.Run {
		d.table.BeginStart()
		return d.newRun(ctx, stay)
	})
}

// beginOwn is begin of a downloader that nobody else knows, so that nothing else can run.
func (d *BatchDownloader) beginOwn(ctx context.Context, stay bool) *batch.Run {
	r, err := d.begin(ctx, stay)
	if err != nil {
		panic(err)
	}
	return r
}

// finish returns when it is over: why it ended early, if it did, and that with the files that did
// not complete.
func (d *BatchDownloader) finish(r *batch.Run) (cause, err error) {
	r.Do()
	failures, further, all := d.table.EndStart()
	cause = r.Close(all && !r.Stay)
	stopped := d.control.End()
	batch.Granted(d.table, d.leftovers().Delete)
	if stopped {
		d.leftovers().Discard()
	}
	failed := make([]*FileError, len(failures))
	for i, f := range failures {
		failed[i] = (*FileError)(f)
	}
	return cause, batchError(failed, further, cause)
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
		d.leftovers().Discard()
	}
	return nil
}

// leftovers are what tasks have left on the disk, while nothing runs.
func (d *BatchDownloader) leftovers() transfer.Leftovers {
	return transfer.Leftovers{Table: d.table, Open: d.set.openDir, Logger: d.set.cfg.Logger}
}

// task is the one that has an ID. The only error is ErrUnknownTask.
func (d *BatchDownloader) task(taskID string) (*task.Task, error) {
	if t := d.table.ByID(taskID); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: %q was never added, or was removed or forgotten", ErrUnknownTask, redact.Short(taskID, 100))
}

// wish has something become of one task.
func (d *BatchDownloader) wish(taskID string, kind task.Wish, cause error) error {
	t, err := d.task(taskID)
	if err == nil {
		d.control.Wish(d.table, t, kind, cause, d.leftovers().Delete)
	}
	return err
}

// PauseTask stops one task, keeping its bytes; its place goes to another. It waits until
// ResumeTask: Resume does not end that, and Start waits for it. A task that has ended stays as it
// is. Where others have been added for the same file, one of them goes on in its stead, and has
// its bytes if it is to be in the same place. Like all methods for one task it returns at once,
// and may be called from callbacks. The only error is ErrUnknownTask.
func (d *BatchDownloader) PauseTask(taskID string) error { return d.wish(taskID, task.Pause, nil) }

// ResumeTask has a task go on that PauseTask has stopped; under Pause that takes effect at Resume.
// One that has failed or was cancelled is queued again. Any other stays as it is. The only error
// is ErrUnknownTask.
func (d *BatchDownloader) ResumeTask(taskID string) error {
	t, err := d.task(taskID)
	if err == nil {
		d.control.ResumeTask(d.table, t)
	}
	return err
}

// CancelTask ends one task as StatusCancelled, with a cause (nil: ErrCancelled), in whatever state
// it is. What it has fetched is kept for ResumeTask; Start does not try it again. One that has
// ended stays as it is. The only error is ErrUnknownTask.
func (d *BatchDownloader) CancelTask(taskID string, cause error) error {
	if cause == nil {
		cause = ErrCancelled
	}
	return d.wish(taskID, task.Cancel, cause)
}

// Remove ends one task, in whatever state it is, and has nothing left of it: neither what it has
// fetched, but for a complete file, nor any word of it. Its name and its URL are free for others
// as soon as its leftovers are gone, which is before Start returns. Its callback is not told. The
// only error is ErrUnknownTask.
func (d *BatchDownloader) Remove(taskID string) error { return d.wish(taskID, task.Remove, nil) }

// SetPriority changes how urgent a task is, as WithPriority says it. Who is in transfer makes way
// for what is more urgent. Errors: ErrUnknownTask, ErrInvalidOption.
func (d *BatchDownloader) SetPriority(taskID string, p int) error {
	if err := checkPriority(p); err != nil {
		return err
	}
	t, err := d.task(taskID)
	if err == nil {
		d.control.SetPriority(d.table, t, p)
		d.control.Wake()
	}
	return err
}
