package littledl

import (
	"cmp"
	"context"
	"errors"
	"iter"

	"github.com/littledl/littledl/internal/feed"
	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/task"
)

// Downloaders that live long, and lists that are never whole in memory.

// Serve is a Start that stays when nothing is left to do, with its connections open, until ctx
// ends, Cancel or Stop. It returns nil after Stop, ErrCancelled after Cancel, else the cause of
// ctx; what became of files is told by callbacks alone. At its beginning it tries again what Start
// would, and after that only what ResumeTask asks for. Progress begins anew whenever nothing was
// left to do. Errors before anything is touched: ErrRunning, ErrStopped.
func (d *BatchDownloader) Serve(ctx context.Context) error {
	r, err := d.begin(ctx, true)
	if err != nil {
		return err
	}
	cause, _ := d.finish(r)
	if d.control.Stopped() && errors.Is(cause, ErrCancelled) {
		return nil
	}
	return cause
}

// WaitIdle returns when nothing is left to do but for tasks that PauseTask has stopped, and every
// callback has returned; a callback must not wait for it. Errors: ErrNotRunning where neither Start
// nor Serve runs, the cause of ctx.
func (d *BatchDownloader) WaitIdle(ctx context.Context) error { return d.control.WaitIdle(ctx) }

// Item is one URL of a list, and what is said of it.
type Item struct {
	URL     string
	Options []URLOption
}

// BatchDownloadSeq downloads what a sequence yields, and yields one Result for each item as it
// ends. It reads ahead of the downloads by a bounded number of items and forgets what it has
// yielded, so that lists may have any length (see DownloadConfig.ForgetEnded, which it sets). The
// sequence runs on a goroutine of its own: a slow one holds up no result, and a panic of it reaches
// the caller. An item that cannot be queued has its error in its Result, wrong options yield one
// with Err alone. When ctx ends every item that was read gets its Result, with the cause, and
// leaving the loop cancels what runs and waits for all of it, the sequence included.
func BatchDownloadSeq(ctx context.Context, items iter.Seq[Item], opts ...Option) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		d, err := NewBatchDownloader(opts...)
		if err != nil {
			yield(Result{Err: err})
			return
		}
		d.set.cfg.ForgetEnded = true
		feed.Queue[Item, Result]{
			Ahead: aheadOfFiles * max(d.set.files, 4),
			Begin: d.beginSeq, Add: d.addItem, Idle: d.WaitIdle, Stop: d.Stop, Left: d.leftOver,
		}.Run(ctx, items)(yield)
	}
}

// aheadOfFiles is how many items are read for each file that may be in transfer.
const aheadOfFiles = 16

func (d *BatchDownloader) beginSeq(ctx context.Context, ended func(Result)) (finish func()) {
	d.ended = func(_ *task.Task, f FileTask) { ended(result(f)) }
	r := d.beginOwn(ctx, true)
	return func() { _, _ = d.finish(r) }
}

func (d *BatchDownloader) addItem(ctx context.Context, item Item) (r Result, refused bool) {
	err := context.Cause(ctx)
	if err != nil {
		err = addError(item.URL, err)
	} else {
		_, err = d.AddURL(item.URL, item.Options...)
	}
	return Result{URL: item.URL, Err: err}, err != nil
}

// leftOver are the results of what came too late to begin.
func (d *BatchDownloader) leftOver(ctx context.Context) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for t := range d.table.Tasks() {
			r := result(fileTask(d.table.Snapshot(t)))
			if r.Err == nil && r.Task.Status != StatusCompleted {
				r.Path, r.Err = "", &FileError{TaskID: t.ID(), URL: redact.URL(r.URL), Op: "download", Err: cmp.Or(context.Cause(ctx), ErrCancelled)}
			}
			if !yield(r) {
				return
			}
		}
	}
}
