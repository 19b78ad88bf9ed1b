package littledl

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"sync"

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
		s := newStream(ctx, d)
		defer s.close()
		for r := range s.begin(items) {
			<-s.ahead
			if !yield(r) {
				return
			}
		}
	}
}

// stream is a sequence on its way through a downloader.
type stream struct {
	d       *BatchDownloader
	ctx     context.Context
	cancel  context.CancelFunc
	results chan Result   // has room for all that was read
	ahead   chan struct{} // one for each item that was read and not yielded
	over    sync.WaitGroup
	fault   any // what the sequence has panicked with
}

// aheadOfFiles is how many items are read for each file that may be in transfer.
const aheadOfFiles = 16

func newStream(ctx context.Context, d *BatchDownloader) *stream {
	n := aheadOfFiles * max(d.set.files, 4)
	s := &stream{d: d, results: make(chan Result, n), ahead: make(chan struct{}, n)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	d.set.cfg.ForgetEnded = true
	d.ended = func(_ *task.Task, f FileTask) { s.results <- result(f) }
	return s
}

// begin starts the download, and what feeds it.
func (s *stream) begin(items iter.Seq[Item]) <-chan Result {
	r, err := s.d.begin(s.ctx, true)
	if err != nil { // of a downloader of our own
		panic(err)
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = s.d.finish(r) })
	both.Go(func() { s.feed(items) })
	s.over.Go(func() {
		both.Wait()
		s.leftOver()
		close(s.results)
	})
	return s.results
}

// feed queues the items, and ends the download when all of them have ended.
func (s *stream) feed(items iter.Seq[Item]) {
	defer s.d.Stop()
	defer func() {
		if s.fault = recover(); s.fault != nil {
			s.cancel()
		}
	}()
	if !s.room() {
		return
	}
	for item := range items {
		s.add(item)
		if !s.room() {
			return
		}
	}
	_ = s.d.WaitIdle(s.ctx)
}

// room waits until one more item may be read; false: none is to be.
func (s *stream) room() bool {
	select {
	case s.ahead <- struct{}{}:
		return s.ctx.Err() == nil
	case <-s.ctx.Done():
		return false
	}
}

func (s *stream) add(item Item) {
	err := context.Cause(s.ctx)
	if err != nil {
		err = addError(item.URL, err)
	} else {
		_, err = s.d.AddURL(item.URL, item.Options...)
	}
	if err != nil {
		s.results <- Result{URL: item.URL, Err: err}
	}
}

// leftOver has a result for everything that came too late to begin.
func (s *stream) leftOver() {
	for t := range s.d.table.Tasks() {
		r := result(fileTask(s.d.table.Snapshot(t)))
		if r.Err == nil && r.Task.Status != StatusCompleted {
			r.Path, r.Err = "", &FileError{TaskID: t.ID(), URL: redact.URL(r.URL), Op: "download", Err: cmp.Or(context.Cause(s.ctx), ErrCancelled)}
		}
		s.results <- r
	}
}

// close ends what is left of it, and waits.
func (s *stream) close() {
	s.cancel()
	s.over.Wait()
	if s.fault != nil {
		panic(s.fault)
	}
}
