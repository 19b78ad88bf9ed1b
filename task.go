package littledl

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/redact"
	"github.com/littledl/littledl/internal/strategy"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// FileTaskStatus is where a task stands.
type FileTaskStatus string

const (
	StatusPending     FileTaskStatus = "pending"     // queued, or waiting to be tried again
	StatusProbing     FileTaskStatus = "probing"     // asked for; no answer yet
	StatusDownloading FileTaskStatus = "downloading" // bytes are arriving
	StatusPaused      FileTaskStatus = "paused"      // stopped by Pause, bytes kept
	StatusCompleted   FileTaskStatus = "completed"   // under its final name, verified
	StatusFailed      FileTaskStatus = "failed"      // Err says why
	StatusCancelled   FileTaskStatus = "cancelled"   // ended by Cancel, Stop or the context
)

// statuses are the table's, as callers see them.
var statuses = [...]FileTaskStatus{
	task.Pending: StatusPending, task.Probing: StatusProbing, task.Downloading: StatusDownloading, task.Paused: StatusPaused,
	task.Completed: StatusCompleted, task.Failed: StatusFailed, task.Cancelled: StatusCancelled,
}

// FileTask is a snapshot of one task: a value, safe to keep.
type FileTask struct {
	TaskID         string
	URL            string // as given: may hold a secret
	SavePath       string // directory
	Filename       string // "" until settled, and where there is a writer
	Status         FileTaskStatus
	FileSize       int64         // bytes; -1 until known
	Downloaded     int64         // bytes on disk, or for a writer delivered or held back; falls only when they turn out to be of no use: another version, a wrong digest
	Speed          float64       // bytes per second, smoothed; 0 when not in transfer
	Err            error         // a *FileError when failed or cancelled, else nil
	RetryCount     int           // attempts that followed a failed one
	Priority       int           // 0 goes first
	SupportsRange  bool          // the server has answered with a part of the file
	Chunks         int           // segments asked for so far
	LengthVerified bool          // false: the server never told a length, and no hash was known
	Reused         bool          // nothing was fetched: the same content was at hand
	Source         string        // the URL the last bytes came from
	Sources        []SourceStats // with backup URLs: one each
	Tag            any           // of WithTag

	// What answers have said of the file, and what was proven of it. It is there while the task is in
	// transfer, in what its callbacks and hooks get, and after that of the latest 256 tasks that
	// have ended: of a million it is not kept. "" and zero where nobody has said so, or was asked.
	FinalURL     string // where redirects have led: may hold a secret
	ContentType  string // as sent, as the ETag is
	ETag         string
	LastModified time.Time
	Digest       string // what was verified, as "sha256:HEX": by the strongest of the algorithms
}

// SourceStats says what one of a file's URLs contributed.
type SourceStats struct {
	URL     string // as given: may hold a secret
	Bytes   int64  // that it brought
	Errors  int    // attempts that failed
	Dropped bool   // it was given up, or had another file than the others
}

// fileTask is what callers see of a task. Its transfer is asked while nothing is locked.
func fileTask(s task.Snapshot) FileTask {
	t := FileTask{
		Tag:    s.Task.Tag(),
		TaskID: s.Task.ID(), URL: s.Task.URL(), SavePath: s.Task.Dir(), Filename: s.Name(),
		Status: statuses[s.Status], FileSize: s.Size, Downloaded: s.Downloaded,
		Speed: float64(s.Speed), RetryCount: s.Retries, Priority: int(s.Priority),
		SupportsRange: s.Ranges, Chunks: s.Requests,
		LengthVerified: s.LengthKnown, Reused: s.Reused, Source: s.Task.URL(),
	}
	if s.Failure != nil {
		t.Err = (*FileError)(s.Failure)
	}
	a := transfer.AboutOf(&s)
	t.FinalURL, t.ContentType, t.ETag, t.LastModified, t.Digest = a.FinalURL, a.ContentType, a.ETag, a.LastModified, a.Digest
	if told := transfer.ToldBy(s.Held); told != nil {
		t.Source = told.Last
		for _, s := range told.All {
			t.Sources = append(t.Sources, SourceStats(s))
		}
	}
	return t
}

// Path returns SavePath joined with Filename; "" until the name is settled, and where there is a
// writer.
func (t FileTask) Path() string {
	if t.Filename == "" {
		return ""
	}
	return filepath.Join(t.SavePath, filepath.FromSlash(t.Filename))
}

// Progress returns 0 to 100; 100 when completed, 0 while the size is unknown.
func (t FileTask) Progress() float64 {
	switch {
	case t.Status == StatusCompleted:
		return 100
	case t.FileSize <= 0:
		return 0
	}
	return min(100*float64(t.Downloaded)/float64(t.FileSize), 100)
}

// IsActive reports whether the task is in transfer: asked for, or its bytes arriving.
// Waiting and paused ones are not.
func (t FileTask) IsActive() bool {
	return t.Status == StatusProbing || t.Status == StatusDownloading
}

// IsCompleted reports whether the file is under its final name, verified.
func (t FileTask) IsCompleted() bool { return t.Status == StatusCompleted }

// IsFailed reports whether the task ended with an error; a cancelled one did not fail.
func (t FileTask) IsFailed() bool { return t.Status == StatusFailed }

// IsSmallFile reports whether the size is known and below 5 MiB.
func (t FileTask) IsSmallFile() bool { return t.FileSize >= 0 && t.FileSize < strategy.Small }

// IsLargeFile reports whether the size is known and above 100 MiB.
func (t FileTask) IsLargeFile() bool { return t.FileSize > strategy.Large }

// MarshalJSON has the fields under Go's names, Err as text, and URLs without their secrets.
func (t FileTask) MarshalJSON() ([]byte, error) {
	type fields FileTask // without this method
	out := struct {
		fields
		Err any // hides that of fields
	}{fields(t), nil}
	if t.Err != nil {
		out.Err = t.Err.Error()
	}
	out.URL, out.Source, out.Sources = redact.URL(t.URL), redact.URL(t.Source), slices.Clone(t.Sources)
	out.FinalURL = redact.URL(t.FinalURL)
	for i := range out.Sources {
		out.Sources[i].URL = redact.URL(out.Sources[i].URL)
	}
	return json.Marshal(out)
}
