package task

import (
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/redact"
)

// Spec is what its caller says of a URL.
type Spec struct {
	Dir      string
	Filename string // "": the server, else the URL says
	Priority int    // 0 goes first
	Hash     digest.Sum
	Header   http.Header
	Backups  []string
	Plain    bool // asked once, in one answer, without HEAD or Range
}

// Task is one URL of a table. A million may wait, so it is small: what only a running
// transfer needs is the transfer's own.
type Task struct {
	// Set by Add and never changed.
	url  string
	dir  string
	more *Spec // nil where nothing but a directory and a priority was said
	seq  int32 // index in the table: identity and order of arrival

	// Guarded by Table.mu.
	at         int32 // index in the queue, notQueued when not in it
	priority   int32
	nth        int32 // the number of its name by URL that is kept for it, unnumbered: none
	status     Status
	flags      flags
	size       int64 // -1 until known
	name       string
	failure    *failure
	nextWaiter *Task // next in the list of tasks that wait for the one that fetches
	before     *Task // has completed the same: its file may do
	held       any   // what its transfer keeps with it; the table only hands it out

	downloaded atomic.Int64
	speed      atomic.Int64 // bytes/s
	retries    atomic.Int32
	requests   atomic.Int32
}

const (
	notQueued  = -1
	unnumbered = -1
)

type flags uint16

const (
	ranges      flags = 1 << iota // the server has answered with a part
	lengthKnown                   // from the server, or by a digest
	reused                        // nothing was fetched
	counted                       // its size is in the totals
	hinted                        // its size comes from a HEAD: good for ordering only
	probed                        // a HEAD was sent or is not worth it
	duplicate                     // another task fetches its file, or has: it brings no bytes of its own
	published                     // its file is under its name, and has not been found changed
	earlier                       // it has completed in a Start that is over
	aside                         // it is in transfer without a place
	usedName                      // its name has been another task's: what the directory held when it was opened is old news
)

func newTask(url string, s *Spec, seq int) *Task {
	t := &Task{url: url, dir: s.Dir, seq: int32(seq), at: notQueued, nth: unnumbered, priority: int32(s.Priority), size: -1}
	if s.Filename != "" || s.Header != nil || !s.Hash.IsZero() || s.Backups != nil || s.Plain {
		more := *s // or every Spec would be kept
		t.more = &more
	}
	return t
}

func (t *Task) has(f flags) bool { return t.flags&f != 0 }

// set has the flags, or has them no more.
func (t *Task) set(f flags, on bool) {
	if on {
		t.flags |= f
	} else {
		t.flags &^= f
	}
}

// URL is the task's, as given: it may hold a secret.
func (t *Task) URL() string { return t.url }

// Dir is the directory that the file goes to.
func (t *Task) Dir() string { return t.dir }

// Spec is what was said of the URL, but for its priority, which others' wishes may change.
func (t *Task) Spec() Spec {
	if t.more == nil {
		return Spec{Dir: t.dir}
	}
	return *t.more
}

// given is the name that the caller gave; "": none.
func (t *Task) given() string {
	if t.more == nil {
		return ""
	}
	return t.more.Filename
}

const idPrefix = "task-"

// ID is by what callers know the task.
func (t *Task) ID() string { return idOf(t.seq) }

func idOf(seq int32) string { return idPrefix + strconv.Itoa(int(seq)+1) }

// indexOf is the inverse of idOf; -1 for what is no task's.
func indexOf(id string) int {
	digits, ok := strings.CutPrefix(id, idPrefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || strconv.Itoa(n) != digits {
		return -1
	}
	return n - 1
}

// Asked counts a segment that is asked for.
func (t *Task) Asked() { t.requests.Add(1) }

// Retried counts an attempt that follows a failed one.
func (t *Task) Retried() { t.retries.Add(1) }

// SetSpeed notes how fast bytes arrive, in bytes per second.
func (t *Task) SetSpeed(speed float64) { t.speed.Store(int64(speed)) }

// failure is what a task keeps of a Failure: the rest follows from the task.
type failure struct {
	op       string
	err      error
	attempts int32
	nameless bool // where the file was to be is not said
}

// local reports whether it failed with its place on the disk.
func (f *failure) local() bool { return f.op == "name" || f.op == "write" }

// told is the task's failure, for others; nil: there is none.
func (t *Task) told() *Failure {
	f := t.failure
	if f == nil {
		return nil
	}
	told := &Failure{TaskID: t.ID(), URL: redact.URL(t.url), Op: f.op, Attempts: int(f.attempts), Err: f.err}
	if !f.nameless {
		told.Path = pathOf(t.dir, t.name)
	}
	return told
}

// Failure is why a task has no file.
type Failure struct {
	TaskID   string
	URL      string // without secrets
	Path     string // where the file was to be; "" when that was not settled yet
	Op       string // what was being done
	Attempts int    // requests that failed
	Err      error
}

// pathOf is where a file is, for messages.
func pathOf(dir, name string) string {
	if name == "" {
		return ""
	}
	return filepath.Join(dir, filepath.FromSlash(path.Clean(name)))
}
