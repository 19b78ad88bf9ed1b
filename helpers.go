package littledl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/task"
)

// Result is what became of one URL.
type Result struct {
	URL  string
	Path string   // where the file is; "" when Err is set
	Err  error    // a *FileError, or nil
	Task FileTask // as it ended; zero where the URL could not be queued, or the task was removed
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
	all := d.addEach(urls, savePath)
	if d.set.cfg.ForgetEnded {
		d.ended = all.forgotten
	}
	cause, err := d.finish(d.beginOwn(ctx, false))
	d.leftovers().Discard() // nobody can go on from what has no journal
	results, refused := all.results(d)
	if refused > 0 {
		err = batchError(failedOf(results), 0, cause)
	}
	return results, err
}

// added is what came of queueing URLs one after the other.
type added struct {
	urls  []string
	tasks []*task.Task // nil: it was refused
	why   map[int]error
	gone  map[*task.Task]FileTask // those that were forgotten
}

// addEach queues URLs one after the other.
func (d *BatchDownloader) addEach(urls []string, savePath string) *added {
	o, wrong := newURLOptions("", []URLOption{WithSavePath(savePath)})
	a := &added{urls: urls, tasks: make([]*task.Task, len(urls)), why: map[int]error{}, gone: map[*task.Task]FileTask{}}
	d.table.Grow(len(urls))
	for i, u := range urls {
		err := wrong
		if err == nil {
			a.tasks[i], err = d.add(u, o)
		} else {
			err = addError(u, err)
		}
		if err != nil {
			a.why[i] = err
		}
	}
	return a
}

// forgotten keeps a task that will be forgotten. Callbacks come one at a time.
func (a *added) forgotten(t *task.Task, f FileTask) { a.gone[t] = f }

// results are what came of the URLs, in the order given.
func (a *added) results(d *BatchDownloader) (all []Result, refused int) {
	all = make([]Result, len(a.urls))
	for i, u := range a.urls {
		t := a.tasks[i]
		f, gone := a.gone[t]
		switch {
		case t == nil:
			all[i] = Result{URL: u, Err: a.why[i]}
			refused++
		case gone:
			all[i] = result(f)
		case d.table.Forgotten(t):
			all[i] = Result{URL: u, Err: &FileError{TaskID: t.ID(), URL: redact.URL(u), Op: "download", Err: fmt.Errorf("%w: the task was removed", ErrCancelled)}}
		default:
			all[i] = result(fileTask(d.table.Snapshot(t)))
		}
	}
	return all, refused
}

// result is what came of a task that has ended.
func result(f FileTask) Result {
	r := Result{URL: f.URL, Err: f.Err, Task: f}
	if r.Err == nil {
		r.Path = f.Path()
	}
	return r
}

// BatchDownloadSync is BatchDownload with context.Background().
func BatchDownloadSync(urls []string, savePath string, opts ...Option) ([]Result, error) {
	return BatchDownload(context.Background(), urls, savePath, opts...)
}

// failedOf are the errors of results, in the order given, but of tasks that were removed.
func failedOf(results []Result) (failed []*FileError) {
	for _, r := range results {
		var fe *FileError
		if errors.As(r.Err, &fe) && (fe.TaskID == "" || r.Task.TaskID != "") {
			failed = append(failed, fe)
		}
	}
	return failed
}

// batchError is what Start returns for its failed tasks and the cause of its end.
func batchError(failed []*FileError, further int, cause error) error {
	switch {
	case len(failed) == 0:
		return cause
	case cause == nil:
		return &BatchError{failed, further}
	}
	return &endedError{cause, &BatchError{failed, further}}
}

// endedError joins why a batch ended early with the files that did not complete.
type endedError struct {
	cause error
	files *BatchError
}

func (e *endedError) Error() string   { return e.files.failures().TextAfter(e.cause) }
func (e *endedError) Unwrap() []error { return []error{e.files, e.cause} }

// addError wraps why a URL could not be queued.
func addError(rawURL string, err error) error {
	url := redact.URL(strings.TrimSpace(rawURL))
	if errors.Is(err, ErrInvalidURL) {
		url = redact.Short(url, task.MaxText)
	}
	return &FileError{URL: url, Op: "add", Err: err}
}
