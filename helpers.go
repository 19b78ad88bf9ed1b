package littledl

import (
	"context"
	"errors"
	"strings"

	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/task"
)

// Result is what became of one URL.
type Result struct {
	URL  string
	Path string // where the file is; "" when Err is set
	Err  error  // a *FileError, or nil
}

// BatchDownload downloads urls into savePath ("" means "./downloads", created if
// missing) and returns one Result per URL, in the order given. It blocks until all
// are done. The error is nil when every file completed; else a *BatchError over
// those that did not, joined with the context's cause if that ended the batch.
// Results are always returned; a URL that cannot be queued has its error there. A wrong
// option is ErrInvalidOption alone, and in each of them.
func BatchDownload(ctx context.Context, urls []string, savePath string, opts ...Option) ([]Result, error) {
	results := make([]Result, len(urls))
	for i, u := range urls {
		results[i].URL = u
	}
	d, err := NewBatchDownloader(opts...)
	if err != nil {
		for i := range results {
			results[i].Err = addError(urls[i], err)
		}
		return results, err
	}
	o, wrong := newURLOptions("", []URLOption{WithSavePath(savePath)})
	tasks := make([]*task.Task, len(urls))
	refused := 0
	d.table.Grow(len(urls))
	for i, u := range urls {
		if wrong != nil {
			err = addError(u, wrong)
		} else {
			tasks[i], err = d.add(u, o)
		}
		if err != nil {
			results[i].Err = err
			refused++
		}
	}
	err = d.Start(ctx)
	d.discardKept() // nobody can go on from what has no journal
	for i, t := range tasks {
		if t == nil {
			continue
		}
		if s := d.table.Snapshot(t); s.Failure != nil {
			results[i].Err = (*FileError)(s.Failure)
		} else {
			results[i].Path = FileTask{SavePath: t.Dir(), Filename: s.Name}.Path()
		}
	}
	return results, withRefused(err, results, refused)
}

// BatchDownloadSync is BatchDownload with context.Background().
func BatchDownloadSync(urls []string, savePath string, opts ...Option) ([]Result, error) {
	return BatchDownload(context.Background(), urls, savePath, opts...)
}

// withRefused adds URLs that could not be queued to what Start returned.
func withRefused(err error, results []Result, refused int) error {
	if refused == 0 {
		return err
	}
	var ended *endedError
	var cause error
	if errors.As(err, &ended) {
		cause = ended.cause
	} else if b := (*BatchError)(nil); !errors.As(err, &b) {
		cause = err
	}
	var failed []*FileError // in the order given
	for _, r := range results {
		var fe *FileError
		if errors.As(r.Err, &fe) {
			failed = append(failed, fe)
		}
	}
	return batchError(failed, cause)
}

// batchError is what Start returns for its failed tasks and the cause of its end.
func batchError(failed []*FileError, cause error) error {
	switch {
	case len(failed) == 0:
		return cause
	case cause == nil:
		return &BatchError{Failed: failed}
	}
	return &endedError{cause, &BatchError{Failed: failed}}
}

// endedError joins why a batch ended early with the files that did not complete.
type endedError struct {
	cause error
	files *BatchError
}

func (e *endedError) Error() string   { return e.cause.Error() + ": " + e.files.Error() }
func (e *endedError) Unwrap() []error { return []error{e.files, e.cause} }

// addError wraps why a URL could not be queued.
func addError(rawURL string, err error) error {
	return &FileError{URL: redact.URL(strings.TrimSpace(rawURL)), Op: "add", Err: err}
}
