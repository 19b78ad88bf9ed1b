package littledl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/span"
)

// file is one task in transfer, from the first request to the published name.
//
// The goroutine that runs it owns it and is its first worker; when the first
// headers show a file worth it, more workers join for a round, each with one
// connection. A round ends when the file is complete or something happened that
// stops all of it: a pause, a change on the server, a failure. Only then, with no
// worker left, does the owner decide what comes next.
type file struct {
	r        *run
	t        *task
	id       string // the allocator's for it, where there is one
	opt      urlOptions
	byURL    string // its name by its URL; "": not found out yet
	limit    int    // requests of this file in flight
	priority int32
	speed    *meter.Meter       // the reporter's
	received atomic.Int64       // bytes off the network
	unask    context.CancelFunc // ends the HEAD that was sent ahead, which counts as a request of this file; may be nil

	// The round; set by the owner before its workers start.
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // its workers
	side   sync.WaitGroup // what runs beside them

	mu sync.Mutex // guards all below; taken after BatchDownloader.mu, never before it
	saved
	todo       []*segment // not begun, by offset
	running    []*segment
	workers    int
	target     int   // workers wanted
	err        error // what ended the round
	growth     growth
	lately     float64        // bytes/s of the segments that were finished last
	repairing  bool           // what is written is compared with what was there
	absent     string         // a name that nothing had when the transfer began
	proved     bool           // the digest was compared since the last write
	lastSource *source        // of the latest bytes
	thrifty    bool           // connections that bring nothing are given back
	network    NetworkProfile // as its connections show it
	hashing    *prefixHash    // nil: the file is hashed when it is complete
	drops      int            // stragglers replaced
	early      int            // segments under way or not begun that mirrors are compared with
	earlySince time.Time
	strangers  int     // mirrors that samples are yet to be taken of; each has a place, as far as a worker keeps one
	wanted     string  // its name, where its content is looked for among the files at hand
	looks      []place // files that were looked at for its content
}

// saved is what one round of a task leaves to the next, in this Start or a later one.
type saved struct {
	pin     *httprange.Pin // nil: nothing accepted yet
	done    span.Set
	dir     *partfile.Dir
	part    *partfile.Part // nil: not created, or closed
	left    partfile.Kept  // the closed part, for a later Start
	hasLeft bool
	// Of a part that another process has left: what it noted and nobody has read yet,
	// whether the server is still to say that it has the same version, and whether any
	// of its bytes are used.
	unproven    []journal.Extent
	unconfirmed bool
	adopted     bool
	modified    time.Time        // Last-Modified
	sources     []*source        // the URL as given first, then the backups
	current     int              // the source that serves where only one may
	pins        []*httprange.Pin // what each of them said, for a later Start
	promised    digest.Sum       // the server's digest of the whole file
	parallel    bool             // several sources may serve at once
	lastError   error            // why the first source was dropped
	lastFailure error            // why the latest attempt that failed did
	html        bool             // the first answer was a page
	stream      bool             // one response from byte 0 or nothing: ranges do not work here
	whole       bool             // the stream has ended cleanly
	changes     int              // how often the server changed the file
	broke       bool             // a stream has broken off: the next may be of any version, since it begins anew
	crumbs      int              // answers with next to nothing of what was asked
	failures    int
	failed      time.Time // when the latest of them was counted
	owed        int       // failures that no attempt has followed yet
	trouble               // of the first segment, across waits
	furthest    int64     // the most bytes that it ever had
	searched    bool      // for its content among the files at hand
	found       int64     // the size it was searched for
	judged      string    // a name whose content was hashed already and is other
}

// Why a round ended, other than by failure.
var (
	errPaused  = errors.New("paused")
	errYield   = errors.New("a more urgent file waits")
	errKept    = errors.New("the file is there already")
	errRestart = errors.New("start over")
	errDisown  = errors.New("what another process has left is of no use")
	// Workers only ask for one stream: while others are at it, the file still has segments,
	// and the end of one of those would be taken for the stream's.
	errStream = fmt.Errorf("%w as one stream", errRestart)
)

// Why an attempt ended, at no fault of anybody.
var (
	errStraggler = errors.New("far slower than its siblings")
	errCovered   = errors.New("its bytes have arrived elsewhere")
	errShed      = errors.New("one connection too many")
)

// parkError ends a round whose only worker would have to wait.
type parkError struct{ until time.Time }

func (e *parkError) Error() string { return "waits until " + e.until.Format(time.TimeOnly) }

func newFile(r *run, t *task) (*file, error) {
	f := &file{r: r, t: t, opt: t.options(), limit: r.d.set.perFile()}
	if r.sharing != nil {
		f.id = t.id()
	}
	if t.kept != nil {
		f.saved = *t.kept
	}
	if f.opt.hash.IsZero() {
		f.opt.hash = f.promised
	}
	if f.sources != nil {
		return f, nil
	}
	err := f.addSource(t.url, f.opt.header)
	for _, raw := range f.opt.backups {
		if err == nil {
			err = f.addSource(raw, nil) // the header was given for the first one's origin
		}
	}
	return f, err
}

func (f *file) addSource(raw string, header http.Header) error {
	s, err := newSource(f.r.pool, raw, header)
	if err != nil {
		return err
	}
	if i := len(f.sources); i < len(f.pins) {
		s.pin = f.pins[i]
	}
	f.sources = append(f.sources, s)
	return nil
}
