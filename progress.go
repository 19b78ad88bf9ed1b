package littledl

import (
	"time"

	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/task"
)

// ProgressFunc gets files that have ended, in whatever way, files in all, bytes per second and the time left
// (negative: unknown). Callbacks of either kind come one at a time and in order; a slow one
// delays only the others, and Start's return. It may call any method. A panic of it is the
// caller's and ends the program. One that ends its goroutine (runtime.Goexit, as the FailNow
// of a test does) is the last one: it ends Start as Cancel would, with an error that says so.
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
	OverallSpeed    float64       // bytes per second, smoothed; 0 while paused and when nothing runs
	ETA             time.Duration // negative: unknown, as while paused

	percent   float64
	cancelled int // files
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
	Paused             bool  // by Pause
	ReusedFiles        int   // completed with content that was at hand
	BytesSaved         int64 // the size of those

	// Of the enhanced downloader.

	TotalThreads       int // requests in flight that the global budget allows now
	ActiveThreads      int // requests that hold a slot of it
	DynamicChunksAdded int // connections that joined a file beyond those it began with
}

// progress is what callers see of the table's totals.
func progress(c task.Totals, speed float64) BatchProgress {
	return BatchProgress{
		TotalFiles: c.Files, CompletedFiles: c.Completed, FailedFiles: c.Failed, ActiveFiles: c.Active,
		TotalBytes: c.Bytes, DownloadedBytes: c.Downloaded, OverallSpeed: speed, ETA: meter.ETA(c.Remaining, speed), percent: c.Percent, cancelled: c.Cancelled,
	}
}

func stats(c task.Totals, speed float64) BatchStats {
	p := progress(c, speed)
	return BatchStats{
		TotalFiles: p.TotalFiles, CompletedFiles: p.CompletedFiles, FailedFiles: p.FailedFiles, ActiveFiles: p.ActiveFiles,
		PendingFiles: c.Files - c.Completed - c.Failed - c.Cancelled - c.Active,
		TotalBytes:   p.TotalBytes, DownloadedBytes: p.DownloadedBytes, ProgressPercent: p.Progress(), OverallSpeed: p.OverallSpeed,
		ReusedFiles: c.Reused, BytesSaved: c.Saved,
	}
}
