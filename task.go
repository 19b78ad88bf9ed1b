package littledl

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
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

// transitions is the one table of what may follow what. A terminal status is
// left only by the next Start.
var transitions = map[FileTaskStatus][]FileTaskStatus{
	StatusPending:     {StatusProbing, StatusDownloading, StatusPaused, StatusCompleted, StatusFailed, StatusCancelled},
	StatusProbing:     {StatusDownloading, StatusPending, StatusPaused, StatusCompleted, StatusFailed, StatusCancelled},
	StatusDownloading: {StatusProbing, StatusPending, StatusPaused, StatusCompleted, StatusFailed, StatusCancelled},
	StatusPaused:      {StatusProbing, StatusDownloading, StatusPending, StatusFailed, StatusCancelled},
	StatusFailed:      {StatusPending},
	StatusCancelled:   {StatusPending},
	StatusCompleted:   {},
}

func (s FileTaskStatus) terminal() bool {
	return s == StatusCompleted || s == StatusFailed || s == StatusCancelled
}

// task is one URL in the queue. A million may wait, so it is small, and what
// only a running transfer needs is in file.
type task struct {
	// Set by AddURL and never changed.
	url  string
	dir  string
	opt  *urlOptions // nil where nothing but a directory was said
	seq  int32       // index in the table: identity and order of arrival
	nth  int32       // how many tasks before this one have the same name by URL
	twin *task       // the first task with the same URL and headers; nil: this one

	// Guarded by BatchDownloader.mu.
	status   FileTaskStatus
	priority int32
	at       int32 // index in the ready queue, -1 when not in it
	size     int64 // -1 until known
	name     string
	err      *FileError
	later    *task // next in the list of tasks that wait for their twin
	kept     *saved
	file     *file         // while in transfer
	told     *sourceReport // with backup URLs, after a transfer
	modified time.Time     // the file's, once completed; zero: not known
	hinted   bool          // size comes from a HEAD: good for ordering only
	flags    taskFlags

	downloaded atomic.Int64
	retries    atomic.Int32
	chunks     atomic.Int32
	speed      atomic.Int64 // bytes/s
}

type taskFlags uint8

const (
	flagRanges taskFlags = 1 << iota
	flagLengthVerified
	flagReused
	flagShared  // the same file as its twin's
	flagCounted // its size is in the batch's totals
	flagLooked  // a HEAD was sent or is not worth it
	flagOwn     // a twin that has to fetch the file itself
)

func (t *task) has(f taskFlags) bool { return t.flags&f != 0 }

func (t *task) options() urlOptions {
	if t.opt == nil {
		return urlOptions{}
	}
	return *t.opt
}

// moveLocked changes the status and panics on a transition that the table does not
// have: that is a bug, and one that would lose a file.
func (t *task) moveLocked(to FileTaskStatus) {
	if t.status == to {
		return
	}
	if !slices.Contains(transitions[t.status], to) {
		panic(fmt.Sprintf("littledl: task %s cannot go from %s to %s", t.id(), t.status, to))
	}
	t.status = to
}

const taskIDPrefix = "task-"

func (t *task) id() string { return taskIDPrefix + strconv.Itoa(int(t.seq)+1) }

// taskIndex is the inverse of id; -1 for what is no task's.
func taskIndex(id string) int {
	digits, ok := strings.CutPrefix(id, taskIDPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || strconv.Itoa(n) != digits {
		return -1
	}
	return n - 1
}

// FileTask is a snapshot of one task: a value, safe to keep.
type FileTask struct {
	TaskID         string
	URL            string // as given: may hold a secret
	SavePath       string // directory
	Filename       string // "" until settled
	Status         FileTaskStatus
	FileSize       int64         // bytes; -1 until known
	Downloaded     int64         // bytes on disk; falls only when they turn out to be of no use: another version, a wrong digest
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
}

// SourceStats says what one of a file's URLs contributed.
type SourceStats struct {
	URL     string // as given: may hold a secret
	Bytes   int64  // that it brought
	Errors  int    // attempts that failed
	Dropped bool   // it was given up, or had another file than the others
}

func (t *task) snapshotLocked() FileTask {
	s := FileTask{
		TaskID: t.id(), URL: t.url, SavePath: t.dir, Filename: t.name,
		Status: t.status, FileSize: t.size, Downloaded: t.downloaded.Load(),
		Speed: float64(t.speed.Load()), RetryCount: int(t.retries.Load()), Priority: int(t.priority),
		SupportsRange: t.has(flagRanges), Chunks: int(t.chunks.Load()),
		LengthVerified: t.has(flagLengthVerified), Reused: t.has(flagReused), Source: t.url,
	}
	if t.err != nil {
		s.Err = t.err
	}
	told := t.told
	if t.file != nil {
		told = t.file.report()
	}
	if told != nil {
		s.Source, s.Sources = told.last, slices.Clone(told.all)
	}
	return s
}

// Path returns SavePath joined with Filename; "" until the name is settled.
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
func (t FileTask) IsSmallFile() bool { return t.FileSize >= 0 && t.FileSize < smallSize }

// IsLargeFile reports whether the size is known and above 100 MiB.
func (t FileTask) IsLargeFile() bool { return t.FileSize > largeSize }
