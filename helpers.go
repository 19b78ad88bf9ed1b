package littledl

import (
	"context"
	"errors"
	"strings"

	"github.com/littledl/littledl/internal/redact"
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
	d, err := NewBatchDownloader(opts...)
	if err != nil {
		results := make([]Result, len(urls))
		for i, u := range urls {
			results[i] = Result{URL: u, Err: addError(u, err)}
		}
		return results, err
	}
	refused := d.addEach(urls, savePath) // of which nothing is kept from here on but what the table does
	err = d.Start(ctx)
	d.discardKept() // nobody can go on from what has no journal
	results := d.results(refused)
	return results, withRefused(err, results, len(refused))
}

// addEach queues URLs one after the other, and returns by their indices those that were refused.
func (d *BatchDownloader) addEach(urls []string, savePath string) (refused map[int]Result) {
	o, wrong := newURLOptions("", []URLOption{WithSavePath(savePath)})
	refused = map[int]Result{}
	d.table.Grow(len(urls))
	for i, u := range urls {
		var err error
		if wrong != nil {
			err = addError(u, wrong)
		} else {
			_, err = d.add(u, o)
		}
		if err != nil {
			refused[i] = Result{URL: u, Err: err}
		}
	}
	return refused
}

// results are what came of the URLs of an addEach.
func (d *BatchDownloader) results(refused map[int]Result) []Result {
	results := make([]Result, 0, d.table.Totals().Files+len(refused))
	addRefused := func() {
		for r, ok := refused[len(results)]; ok; r, ok = refused[len(results)] {
			results = append(results, r)
		}
	}
	addRefused()
	for t := range d.table.Tasks() {
		r := Result{URL: t.URL()}
		if s := d.table.Snapshot(t); s.Failure != nil {
			r.Err = (*FileError)(s.Failure)
		} else {
			r.Path = FileTask{SavePath: t.Dir(), Filename: s.Name()}.Path()
		}
		results = append(results, r)
		addRefused()
	}
	return results
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

func (e *endedError) Error() string {
	cause := e.cause.Error()
	return cause + ": " + e.files.text(max(maxText-len(cause)-len(": "), maxText/2))
}
func (e *endedError) Unwrap() []error { return []error{e.files, e.cause} }

// addError wraps why a URL could not be queued.
func addError(rawURL string, err error) error {
	url := redact.URL(strings.TrimSpace(rawURL))
	if errors.Is(err, ErrInvalidURL) {
		url = redact.Short(url, maxText)
	}
	return &FileError{URL: url, Op: "add", Err: err}
}
