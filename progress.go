package littledl

import (
	"errors"
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/redact"
)

// ProgressFunc gets files done, files in all, bytes per second and the time left
// (negative: unknown). Callbacks of either kind come one at a time and in order; a slow one
// delays only the others, and Start's return. It may call any method. A panic of it is the
// caller's and ends the program.
type ProgressFunc func(completed, total int, speed float64, eta time.Duration)

// FileCompleteFunc gets a snapshot of a file that has reached a terminal state, once per
// Start; the rest is as with ProgressFunc.
type FileCompleteFunc func(task FileTask)

// BatchProgress is how far the batch is.
type BatchProgress struct {
	TotalFiles      int
	CompletedFiles  int
	FailedFiles     int           // cancelled ones apart
	ActiveFiles     int           // in transfer, also those that are paused
	TotalBytes      int64         // unknown sizes are estimated from the known ones; 0 while none is known
	DownloadedBytes int64         // on disk, what earlier processes had fetched and files that were kept included
	OverallSpeed    float64       // bytes per second, smoothed
	ETA             time.Duration // negative: unknown

	percent float64
}

// Progress returns 0 to 100, by bytes; it never falls within a Start, and reaches 100 only
// when every file that was added by then is complete.
func (p BatchProgress) Progress() float64 {
	if p.percent > 0 || p.TotalBytes <= 0 {
		return p.percent
	}
	return min(100*float64(p.DownloadedBytes)/float64(p.TotalBytes), 100)
}

// FilesCompletedRatio returns 0 to 100, by files.
func (p BatchProgress) FilesCompletedRatio() float64 {
	if p.TotalFiles == 0 {
		return 0
	}
	return 100 * float64(p.CompletedFiles) / float64(p.TotalFiles)
}

// BatchStats are counts and bytes over all tasks.
type BatchStats struct {
	TotalFiles      int
	CompletedFiles  int
	FailedFiles     int // cancelled ones apart
	ActiveFiles     int // in transfer, also those that are paused
	PendingFiles    int
	TotalBytes      int64   // as BatchProgress has it
	DownloadedBytes int64   // as BatchProgress has it
	ProgressPercent float64 // as BatchProgress.Progress
	OverallSpeed    float64 // bytes per second, smoothed

	ReceivedBytes      int64 // off the network in all Starts, also what came twice or was thrown away
	CurrentConcurrency int   // requests allowed in flight now
	ReusedFiles        int   // completed with content that was at hand
	BytesSaved         int64 // the size of those

	// Of the enhanced downloader.

	TotalThreads       int // requests in flight that the global budget allows now
	ActiveThreads      int // requests that hold a slot of it
	DynamicChunksAdded int // connections that joined a file beyond those it began with
}

// totals are kept up to date so that a look at a million tasks costs nothing.
// BatchDownloader.mu guards them.
type totals struct {
	files, completed, failed, cancelled int
	unknown                             int // tasks that will add bytes nobody knows the number of
	sized                               int // tasks whose size is in bytes
	bytes                               int64
	lostUnknown                         int   // of the unknown, those that failed or were cancelled
	lost                                int64 // of the bytes, what those that failed or were cancelled will not bring
	reused                              int
	saved                               int64
	received                            int64 // off the network in earlier Starts
	added                               int   // workers that joined files in earlier Starts
	speed                               float64
	floor                               float64 // the percentage last shown
}

// move changes a task's status; only the goroutine that owns its transfer calls it.
func (d *BatchDownloader) move(t *task, to FileTaskStatus) {
	d.mu.Lock()
	t.moveLocked(to)
	d.mu.Unlock()
}

// known records what an accepted answer said of a task's size.
func (d *BatchDownloader) known(t *task, size int64, ranges bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sizeLocked(t, size)
	if size >= 0 {
		d.run.look.sawLocked(size)
	}
	if ranges {
		t.flags |= flagRanges
	} else {
		t.flags &^= flagRanges
	}
	if size >= 0 {
		t.flags |= flagLengthVerified
	} else {
		t.flags &^= flagLengthVerified
	}
}

// sizeLocked keeps the totals in step with a task's size.
func (d *BatchDownloader) sizeLocked(t *task, size int64) {
	if t.has(flagCounted) {
		d.totals.bytes -= t.size
		d.totals.sized--
		d.totals.unknown++
		t.flags &^= flagCounted
	}
	t.size, t.hinted = size, false
	if size >= 0 {
		d.totals.bytes += size
		d.totals.sized++
		d.totals.unknown--
		t.flags |= flagCounted
	}
}

// reused records that a task needs no transfer.
func (d *BatchDownloader) reused(t *task, size int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sizeLocked(t, size)
	t.flags |= flagReused | flagLengthVerified
	d.totals.reused++
	d.totals.saved += size
	d.downloaded.Add(size - t.downloaded.Swap(size))
}

// verified records that a digest confirmed the file, length included.
func (d *BatchDownloader) verified(t *task) {
	d.mu.Lock()
	t.flags |= flagLengthVerified
	d.mu.Unlock()
}

// terminalLocked ends a task and counts it.
func (d *BatchDownloader) terminalLocked(t *task, status FileTaskStatus) {
	t.moveLocked(status)
	switch status {
	case StatusCompleted:
		d.totals.completed++
		if (t.twin == nil || t.has(flagOwn)) && !t.has(flagCounted) {
			d.sizeLocked(t, t.downloaded.Load()) // nobody said a size: what arrived is it
		}
	case StatusFailed:
		d.totals.failed++
		d.totals.lose(t, 1)
	case StatusCancelled:
		d.totals.cancelled++
		d.totals.lose(t, 1)
	}
}

// lose counts what a task that ended without its file will not bring; times is -1
// when it is queued again.
func (c *totals) lose(t *task, times int) {
	switch {
	case t.has(flagCounted):
		c.lost += int64(times) * (t.size - t.downloaded.Load())
	case t.twin == nil || t.has(flagOwn):
		c.lostUnknown += times
	}
}

// nearlyAll is the most, in percent, while a file is not complete: it may be verified yet,
// or have failed.
const nearlyAll = 99.9

// progressLocked computes progress from the totals.
func (d *BatchDownloader) progressLocked() BatchProgress {
	c := &d.totals
	p := BatchProgress{
		TotalFiles: c.files, CompletedFiles: c.completed, FailedFiles: c.failed, ActiveFiles: d.activeLocked(),
		TotalBytes: c.bytes, DownloadedBytes: d.downloaded.Load(), OverallSpeed: c.speed, ETA: -1,
	}
	remains := c.bytes - c.lost - p.DownloadedBytes
	if coming := int64(c.unknown - c.lostUnknown); coming > 0 && c.sized > 0 {
		each := c.bytes / int64(c.sized)
		p.TotalBytes += each * coming
		remains += each * coming
	}
	done := c.completed + c.failed + c.cancelled
	switch {
	case done == c.files:
		p.ETA = 0
	case c.sized > 0 && (remains > 0 || c.unknown == c.lostUnknown): // else nobody knows what is left
		p.ETA = meter.ETA(max(remains, 0), c.speed)
	}
	switch {
	case c.completed == c.files && c.files > 0:
		p.percent = 100
	case p.TotalBytes > 0:
		p.percent = min(100*float64(p.DownloadedBytes)/float64(p.TotalBytes), nearlyAll)
	}
	c.floor = max(c.floor, p.percent)
	p.percent = c.floor
	if p.TotalBytes > 0 {
		p.TotalBytes = max(p.TotalBytes, p.DownloadedBytes) // of those without a size more may have come
	}
	return p
}

func (d *BatchDownloader) activeLocked() int {
	if d.run == nil {
		return 0
	}
	return len(d.run.active)
}

func (d *BatchDownloader) statsLocked() BatchStats {
	p := d.progressLocked()
	c := &d.totals
	s := BatchStats{
		TotalFiles: p.TotalFiles, CompletedFiles: p.CompletedFiles, FailedFiles: p.FailedFiles, ActiveFiles: p.ActiveFiles,
		PendingFiles: c.files - c.completed - c.failed - c.cancelled - p.ActiveFiles,
		TotalBytes:   p.TotalBytes, DownloadedBytes: p.DownloadedBytes, ProgressPercent: p.Progress(), OverallSpeed: p.OverallSpeed,
		CurrentConcurrency: d.set.connections(), ReusedFiles: c.reused, BytesSaved: c.saved, ReceivedBytes: c.received,
	}
	if d.run != nil {
		s.ReceivedBytes += d.run.received.Load()
		s.CurrentConcurrency = d.run.pool.allowed()
	}
	if d.set.enhanced {
		d.threadsLocked(&s)
	}
	return s
}

// threadsLocked fills in what only the enhanced downloader counts.
func (d *BatchDownloader) threadsLocked(s *BatchStats) {
	s.TotalThreads, s.DynamicChunksAdded = d.set.threads, d.totals.added
	if d.run != nil {
		a := d.run.sharing.alloc.GetStats()
		s.TotalThreads, s.ActiveThreads = a.MaxChunks, a.ChunksInUse
		s.CurrentConcurrency = min(s.CurrentConcurrency, a.MaxChunks)
		s.DynamicChunksAdded += int(d.run.added.Load())
	}
}

// failure is the error that callers see for a task.
func (t *task) failure(path, op string, attempts int, err error) *FileError {
	return &FileError{TaskID: t.id(), URL: redactTask(t), Path: path, Op: op, Attempts: attempts, Err: known(err)}
}

func redactTask(t *task) string { return redact.URL(t.url) }

// opOf says what was being done when an error happened.
func opOf(err error) string {
	var o *writeOpError
	switch {
	case errors.Is(err, ErrUnsafeName), errors.Is(err, ErrDuplicateTarget), errors.Is(err, ErrFileExists):
		return "name"
	case errors.Is(err, ErrFileTooLarge):
		return "download"
	case errors.Is(err, ErrHashMismatch), errors.Is(err, ErrSizeMismatch):
		return "verify"
	case errors.As(err, &o), isLocal(err):
		return "write"
	}
	return "download"
}

// known adds this package's name to an error of the system's.
func known(err error) error {
	switch {
	case partfile.IsFull(err):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}
