package littledl

import (
	"fmt"
	"sync"

	"github.com/littledl/littledl/internal/batch"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/strategy"
	"github.com/littledl/littledl/internal/task"
)

// defaultDir is where files go when nothing was said.
const defaultDir = "./downloads"

// BatchDownloader downloads a queue of URLs. NewBatchDownloader makes one; the zero value
// is of no use. Every method may be called from any goroutine and from a callback, and
// none blocks but Start. One that was never started needs no Close, and holds nothing open
// between two Starts.
type BatchDownloader struct {
	set    *settings
	table  *task.Table
	reuse  reuse.Stats
	index  *reuse.Index // files at hand, and digests
	served origin.Served

	// The order of locks: control's, the prober's, the table's, file.mu, the plan's, the
	// origins', then the leaves (names, slots, directories, the notifier's, mu). Each is
	// private to its package, and none is held across I/O, a send or a callback.
	control  batch.Control
	mu       sync.Mutex // guards all below
	progress ProgressFunc
	complete FileCompleteFunc
	ended    func(*task.Task, FileTask) // our own; nil: nobody wants it. It does not change during a Start
}

// NewBatchDownloader makes a downloader. It opens nothing and starts nothing. A value
// out of range or options that contradict each other are ErrInvalidOption.
func NewBatchDownloader(opts ...Option) (*BatchDownloader, error) {
	set, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	if set.enhancedOnly != "" {
		return nil, invalidOption("%s is for NewEnhancedBatchDownloader", set.enhancedOnly)
	}
	return newDownloader(set), nil
}

func newDownloader(set *settings) *BatchDownloader {
	return &BatchDownloader{
		set: set, index: reuse.NewIndex(), progress: set.progress, complete: set.fileComplete,
		table: task.New(task.Config{
			Places: set.bounds().Places, SmallFirst: set.smallFirst, Small: strategy.Small, Threshold: set.threshold, ByDigest: set.searches(),
			Exact: set.cfg.Overwrite == OverwriteChanged,
		}),
	}
}

// AddURL queues a URL, before or during Start, and returns the task's ID. It does
// no I/O. Errors: ErrInvalidURL, ErrInvalidOption, ErrUnsafeName, ErrDuplicateTarget,
// ErrStopped; then nothing was queued.
//
// The same URL twice, with the same headers and digest, is fetched once: in one directory
// and under one name both tasks have the file, else one has a copy. If it is added again
// when it has completed, that holds within the same Start and as long as nobody has touched
// the file; else the task does what a new downloader would do in the same directory.
//
// A name that a task has is no other's until the task has ended. After that it is free for
// tasks that are added later, and when Start has returned, for all.
func (d *BatchDownloader) AddURL(rawURL string, opts ...URLOption) (taskID string, err error) {
	o, err := newURLOptions("", opts)
	if err != nil {
		return "", addError(rawURL, err)
	}
	t, err := d.add(rawURL, o)
	if err != nil {
		return "", err
	}
	return t.ID(), nil
}

func (d *BatchDownloader) add(rawURL string, o urlOptions) (*task.Task, error) {
	err := checkURL(rawURL)
	if err == nil {
		err = d.admit(&o, 1)
	}
	if err != nil {
		return nil, addError(rawURL, err)
	}
	t, err := d.table.Add(rawURL, o)
	if err != nil {
		return nil, addError(rawURL, fmt.Errorf("%w: %w", ErrDuplicateTarget, err))
	}
	d.control.Wake()
	return t, nil
}

// AddURLs queues all of the URLs for one directory ("" means "./downloads"), or
// none: the error, of the kinds that AddURL returns, then names the first that cannot be
// queued.
func (d *BatchDownloader) AddURLs(urls []string, savePath string, opts ...URLOption) (taskIDs []string, err error) {
	o, err := newURLOptions(savePath, opts)
	if err == nil && o.Filename != "" && len(urls) > 1 {
		err = fmt.Errorf("%w: WithFilename gives %d URLs one name; use AddURL for each", ErrDuplicateTarget, len(urls))
	}
	if err != nil {
		return nil, addError("", err)
	}
	for _, u := range urls {
		if err := checkURL(u); err != nil {
			return nil, addError(u, err)
		}
	}
	if len(urls) == 0 {
		return []string{}, nil
	}
	if err := d.admit(&o, len(urls)); err != nil {
		return nil, addError(urls[0], err)
	}
	taskIDs, err = d.table.AddAll(urls, o)
	if err != nil { // a name was given, so there is one URL
		return nil, addError(urls[0], fmt.Errorf("%w: %w", ErrDuplicateTarget, err))
	}
	d.control.Wake()
	return taskIDs, nil
}

func newURLOptions(savePath string, opts []URLOption) (o urlOptions, err error) {
	o.Dir = savePath
	for _, opt := range opts {
		if opt == nil {
			return o, invalidOption("nil URLOption")
		}
		if err := opt(&o); err != nil {
			return o, err
		}
	}
	if o.Dir == "" {
		o.Dir = defaultDir
	}
	return o, nil
}

// checkURL refuses what cannot be fetched.
func checkURL(raw string) error {
	if _, err := fetch.ParseURL(raw); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidURL, err)
	}
	return nil
}

// admit refuses options that are not for this downloader, and everything after Stop.
func (d *BatchDownloader) admit(o *urlOptions, urls int) error {
	if d.control.Stopped() {
		return ErrStopped
	}
	if len(o.Backups) > 0 && !d.set.enhanced {
		return invalidOption("WithBackupURLs is for NewEnhancedBatchDownloader")
	}
	if !d.set.multiSource {
		o.Backups = nil
	}
	return d.set.checkWriter(o, urls)
}

// SetProgressCallback sets who is told of progress; nil clears.
func (d *BatchDownloader) SetProgressCallback(fn ProgressFunc) {
	d.mu.Lock()
	d.progress = fn
	d.mu.Unlock()
}

// SetFileCompleteCallback sets who is told of every file that has reached a terminal
// state; nil clears.
func (d *BatchDownloader) SetFileCompleteCallback(fn FileCompleteFunc) {
	d.mu.Lock()
	d.complete = fn
	d.mu.Unlock()
}

// callbacks are the user's functions; nil: none.
func (d *BatchDownloader) callbacks() (ProgressFunc, FileCompleteFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.progress, d.complete
}

// GetTask returns a snapshot of one task; false when there is none of that ID.
func (d *BatchDownloader) GetTask(taskID string) (FileTask, bool) {
	t := d.table.ByID(taskID)
	if t == nil {
		return FileTask{}, false
	}
	return fileTask(d.table.Snapshot(t)), true
}

// GetAllTasks returns snapshots of all tasks in the order they were added.
func (d *BatchDownloader) GetAllTasks() []FileTask { return fileTasks(d.table.Snapshots()) }

// GetActiveTasks returns snapshots of the tasks in transfer, in the order they were added; it
// costs nothing for all others.
func (d *BatchDownloader) GetActiveTasks() []FileTask { return fileTasks(d.table.InTransfer()) }

func fileTasks(all []task.Snapshot) []FileTask {
	out := make([]FileTask, len(all))
	for i, s := range all {
		out[i] = fileTask(s)
	}
	return out
}

// GetProgress returns the batch's progress; it costs the same for any number of tasks.
func (d *BatchDownloader) GetProgress() BatchProgress {
	past, _ := d.control.Read()
	return progress(d.table.Totals(), past.Speed)
}

// GetStats returns the batch's statistics; it costs the same for any number of tasks.
func (d *BatchDownloader) GetStats() BatchStats {
	past, run := d.control.Read()
	s := stats(d.table.Totals(), past.Speed)
	s.ReceivedBytes, s.CurrentConcurrency, s.Paused = past.Received, d.set.bounds().Connections, past.Paused
	if run != nil {
		s.CurrentConcurrency = run.Allowed()
	}
	if d.set.enhanced {
		s.TotalThreads, s.DynamicChunksAdded = d.set.bounds().Connections, past.Added
		if run != nil {
			u := run.Share.Pool().Usage()
			s.TotalThreads, s.ActiveThreads = u.Size, u.Used
			s.CurrentConcurrency = min(s.CurrentConcurrency, u.Size)
		}
	}
	return s
}
