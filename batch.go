package littledl

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/littledl/littledl/internal/fetch"
)

// defaultDir is where files go when nothing was said.
const defaultDir = "./downloads"

// BatchDownloader downloads a queue of URLs. NewBatchDownloader makes one; the zero value
// is of no use. Every method may be called from any goroutine and from a callback, and
// none blocks but Start. One that was never started needs no Close, and holds nothing open
// between two Starts.
type BatchDownloader struct {
	set *settings

	downloaded atomic.Int64 // bytes on disk, over all tasks
	reuse      reuseCounts
	contents   *contents // files at hand; nil: not looked for
	served     sync.Map  // the origins that have served in an earlier Start

	// mu guards all below and the tasks' own fields. It is the first in the order of
	// locks: mu, file.mu, then pool.mu, host.mu, then the leaves (the allocator's, the
	// notifier's, contents.mu, dirs.mu, those of internal packages). None is held across
	// I/O, a send or a callback.
	mu       sync.Mutex
	tasks    []*task
	byURL    map[string]*task // the first task of each URL and headers
	names    names
	ready    queue
	lot      parkingLot
	totals   totals
	run      *run // nil: idle
	paused   bool
	stopped  bool
	progress ProgressFunc
	complete FileCompleteFunc
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
	d := &BatchDownloader{
		set: set, byURL: map[string]*task{}, names: newNames(),
		ready: newQueue(set.smallFirst, set.threshold), progress: set.progress, complete: set.fileComplete,
	}
	if set.enhanced && !set.noReuse {
		d.contents = newContents()
	}
	return d
}

// AddURL queues a URL, before or during Start, and returns the task's ID. It does
// no I/O. Errors: ErrInvalidURL, ErrInvalidOption, ErrUnsafeName, ErrDuplicateTarget,
// ErrStopped; then nothing was queued.
func (d *BatchDownloader) AddURL(rawURL string, opts ...URLOption) (taskID string, err error) {
	o, err := newURLOptions("", opts)
	if err != nil {
		return "", addError(rawURL, err)
	}
	t, err := d.add(rawURL, o)
	if err != nil {
		return "", err
	}
	return t.id(), nil
}

func (d *BatchDownloader) add(rawURL string, o urlOptions) (*task, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, addError(rawURL, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.addLocked(rawURL, o)
	if err != nil {
		return nil, addError(rawURL, err)
	}
	d.wakeLocked()
	return t, nil
}

// AddURLs queues all of the URLs for one directory ("" means "./downloads"), or
// none: the error, of the kinds that AddURL returns, then names the first that cannot be
// queued.
func (d *BatchDownloader) AddURLs(urls []string, savePath string, opts ...URLOption) (taskIDs []string, err error) {
	o, err := newURLOptions(savePath, opts)
	if err == nil && o.filename != "" && len(urls) > 1 {
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
	d.mu.Lock()
	defer d.mu.Unlock()
	d.growLocked(len(urls))
	taskIDs = make([]string, 0, len(urls))
	for _, u := range urls {
		t, err := d.addLocked(u, o) // fails for the first URL or for none
		if err != nil {
			return nil, addError(u, err)
		}
		taskIDs = append(taskIDs, t.id())
	}
	d.wakeLocked()
	return taskIDs, nil
}

// growLocked makes room for so many tasks at once.
func (d *BatchDownloader) growLocked(n int) {
	d.tasks = slices.Grow(d.tasks, n)
	d.ready.grow(n)
	if len(d.tasks) == 0 {
		d.byURL = make(map[string]*task, n)
		d.names.grow(n)
	}
}

func newURLOptions(savePath string, opts []URLOption) (o urlOptions, err error) {
	o.dir = savePath
	for _, opt := range opts {
		if opt == nil {
			return o, invalidOption("nil URLOption")
		}
		if err := opt(&o); err != nil {
			return o, err
		}
	}
	if o.dir == "" {
		o.dir = defaultDir
	}
	return o, nil
}

// checkURL refuses what cannot be fetched.
func checkURL(raw string) error {
	if raw == "" {
		return fmt.Errorf("%w: it is empty", ErrInvalidURL)
	}
	if strings.TrimSpace(raw) != raw {
		return fmt.Errorf("%w: there are blanks or line breaks around it", ErrInvalidURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("%w: it cannot be parsed", ErrInvalidURL) // url's own error repeats the URL
	}
	if err := fetch.CheckURL(u); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidURL, err)
	}
	return nil
}

// addLocked makes the task of a checked URL and queues it.
func (d *BatchDownloader) addLocked(rawURL string, o urlOptions) (*task, error) {
	if d.stopped {
		return nil, ErrStopped
	}
	if len(o.backups) > 0 && !d.set.enhanced {
		return nil, invalidOption("WithBackupURLs is for NewEnhancedBatchDownloader")
	}
	if !d.set.multiSource {
		o.backups = nil
	}
	t := &task{url: rawURL, dir: o.dir, seq: int32(len(d.tasks)), priority: int32(o.priority), at: -1, size: -1, status: StatusPending}
	if o.filename != "" || o.header != nil || !o.hash.IsZero() || o.backups != nil {
		kept := o // or every o would be kept
		t.opt = &kept
	}
	if o.filename != "" {
		if err := d.names.reserve(t, o.filename); err != nil {
			return nil, err
		}
	}
	d.tasks = append(d.tasks, t)
	d.totals.files++
	if d.twinLocked(t) {
		return t, nil
	}
	if o.filename == "" {
		t.nth = d.names.expect(t)
	}
	d.totals.unknown++
	d.ready.add(t)
	return t, nil
}

// twinLocked lets a URL that is queued already be fetched once for both: true when
// t waits for the other.
func (d *BatchDownloader) twinLocked(t *task) bool {
	key := twinKey(t, d.set.enhanced && !d.set.noReuse)
	first, ok := d.byURL[key]
	if !ok {
		d.byURL[key] = t
		return false
	}
	t.twin = first
	t.flags |= flagLooked
	if first.priority > t.priority && !first.status.terminal() {
		first.priority = t.priority // the more urgent wish counts
		d.ready.moved(first)
	}
	if !first.status.terminal() {
		t.later, first.later = first.later, t
		return true
	}
	d.ready.add(t)
	return true
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

// wakeLocked tells a running Start that there is something new.
func (d *BatchDownloader) wakeLocked() {
	if d.run != nil {
		d.run.poke()
	}
}

// GetTask returns a snapshot of one task; false when there is none of that ID.
func (d *BatchDownloader) GetTask(taskID string) (FileTask, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := taskIndex(taskID)
	if i < 0 || i >= len(d.tasks) {
		return FileTask{}, false
	}
	return d.tasks[i].snapshotLocked(), true
}

// GetAllTasks returns snapshots of all tasks in the order they were added.
func (d *BatchDownloader) GetAllTasks() []FileTask {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]FileTask, len(d.tasks))
	for i, t := range d.tasks {
		out[i] = t.snapshotLocked()
	}
	return out
}

// GetProgress returns the batch's progress; it costs the same for any number of tasks.
func (d *BatchDownloader) GetProgress() BatchProgress {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.progressLocked()
}

// GetStats returns the batch's statistics; it costs the same for any number of tasks.
func (d *BatchDownloader) GetStats() BatchStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.statsLocked()
}
