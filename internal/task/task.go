package task

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/sink"
)

// Spec is what its caller says of a URL.
type Spec struct {
	Dir      string
	Filename string // "": the server, else the URL says
	Priority int    // 0 goes first
	Hash     digest.Sum
	Header   http.Header
	Backups  []string
	Plain    bool    // asked once, in one answer, without HEAD or Range
	Expect   *Expect // nil: nothing of that, as of most
	seldom   *Seldom // nil: nothing of that either
}

// Seldom is what is said of few URLs.
type Seldom struct {
	Writer   *sink.Writer   // where the bytes go; nil: to the disk
	Pieces   *digest.Pieces // what they must be, piece by piece, and how many; nil: not said
	Tag      any            // the caller's own
	Timeout  time.Duration  // in transfer, for each Start; 0: any
	MaxSpeed int64          // bytes/s; 0: any
}

// Seldom is that of what was said.
func (s *Spec) Seldom() Seldom {
	if s.seldom == nil {
		return Seldom{}
	}
	return *s.seldom
}

// Say is the same, to be added to.
func (s *Spec) Say() *Seldom {
	own := s.Seldom()
	s.seldom = &own
	return s.seldom
}

// Task is one URL of a table. A million may wait, so it is small: what only a running
// transfer needs is the transfer's own, and what few tasks have is kept apart.
type Task struct {
	// Set by Add and never changed.
	url  string
	spec *Spec // what was said of it, and of others
	seq  int32 // index in the table: identity and order of arrival

	// Guarded by Table.mu.
	at     int32 // index in the queue, or, below notQueued, among those that are delayed; notQueued: in neither
	nth    int32 // the number of its name by URL that is kept for it, unnumbered: none
	status Status
	flags  flags
	size   int64 // -1 until known
	print  Print // of its file, as long as that has not been found changed
	rare   *rare // nil: none of that

	retries    atomic.Int32
	requests   atomic.Int32
	downloaded atomic.Int64
}

// Print tells a file under its name from every other, and from what becomes of it when somebody
// touches it. 0: there is no such file.
type Print uint64

// rare is what a task has for a time only, or what few have: see some and change.
type rare struct {
	name       string // what it is called, where that does not follow from what was said of it
	failure    *failure
	nextWaiter *Task // next in the list of tasks that wait for the one that fetches
	before     *Task // has completed the same: its file may do
	follows    *Task // fetches the same, and is waited for
	wish       *wish // of its caller, for it alone; nil: there is none
	held       any   // what its transfer keeps with it; the table only hands it out
	about      About // what was said of its file; kept for those that have ended lately
	speed      int64 // bytes/s
	sooner     int32 // by how much it is more urgent than was said, since others wait for it
}

// some is what a task has of what is rare, for a look at it.
func (t *Task) some() rare {
	if t.rare == nil {
		return rare{}
	}
	return *t.rare
}

// change has a task have this of what is rare, which is some of it, changed. Nothing is kept of
// nothing.
func (t *Task) change(to rare) {
	switch {
	case to == (rare{}):
		t.rare = nil
	case t.rare == nil:
		t.rare = new(rare)
		fallthrough
	default:
		*t.rare = to
	}
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
	earlier                       // it has completed in a Start that is over
	named                         // it is settled what it is called
	aside                         // it is in transfer without a place
	usedName                      // its name has been another task's: what the directory held when it was opened is old news
	held                          // it is paused alone
	wished                        // it waits for somebody to do what its caller wishes
	alone                         // what it has ended with concerns nobody else who wants the file; cancelled so, no Start tries it again
	started                       // its turn has come, since it was last queued anew
	forgotten                     // there is no such task any more
)

func (t *Task) init(url string, s *Spec) {
	t.url, t.spec, t.at, t.nth, t.size = url, s, notQueued, unnumbered, -1
}

// priority is how urgent it is: 0 goes first.
func (t *Task) priority() int32 {
	p := int32(t.spec.Priority)
	if t.rare != nil {
		p -= t.rare.sooner
	}
	return p
}

// bare reports whether nothing but a directory and a priority was said.
func (s *Spec) bare() bool {
	return s.Filename == "" && s.Header == nil && s.Hash.IsZero() && s.Backups == nil && !s.Plain && s.Expect == nil && s.seldom == nil
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
func (t *Task) Dir() string { return t.spec.Dir }

// Spec is what was said of the URL. Its priority may be another by now, for others' wishes.
func (t *Task) Spec() Spec { return *t.spec }

// Delivers reports whether its bytes go to a writer.
func (t *Task) Delivers() bool { return t.spec.Seldom().Writer != nil }

// Tag is the caller's own.
func (t *Task) Tag() any { return t.spec.Seldom().Tag }

// given is the name that the caller gave; "": none.
func (t *Task) given() string { return t.spec.Filename }

const idPrefix = "task-"

// ID is by what callers know the task.
func (t *Task) ID() string { return idOf(t.seq) }

func idOf(seq int32) string { return idPrefix + strconv.Itoa(int(seq)+1) }

// idsOf are the IDs of n tasks in a row. Together they cost few allocations, and who keeps one
// does not keep all.
func idsOf(first, n int) []string {
	const together = 64
	ids := make([]string, 0, n)
	var text []byte
	var ends [together]int
	for len(ids) < n {
		some := min(together, n-len(ids))
		text = text[:0]
		for i := range some {
			text = strconv.AppendInt(append(text, idPrefix...), int64(first+len(ids)+i+1), 10)
			ends[i] = len(text)
		}
		all, begin := string(text), 0
		for _, end := range ends[:some] {
			ids = append(ids, all[begin:end])
			begin = end
		}
	}
	return ids
}

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
