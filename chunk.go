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
	strangers  int     // mirrors that samples are yet to be taken of
	sampling   int     // places that are theirs
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
	owed        int // failures that no attempt has followed yet
	tries       int // of the first segment, across waits; refused and waited too
	refused     int
	waited      time.Duration
	searched    bool   // for its content among the files at hand
	found       int64  // the size it was searched for
	judged      string // a name whose content was hashed already and is other
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

// run fetches the file. It returns nil when the file is under its name, errYield or
// a *parkError when the task shall be tried again, else why it failed.
func (f *file) run() error {
	if err := f.reopen(); err != nil {
		return err
	}
	if !f.r.d.set.noReuse {
		if kept, err := f.keepKnown(); err != nil {
			return err
		} else if kept {
			return f.keptSafe()
		}
	}
	if err := f.adopt(); err != nil {
		return err
	}
	for {
		epoch, err := f.enter()
		if err != nil {
			return err
		}
		switch err := f.round(epoch); {
		case err == nil:
			err := f.complete()
			if errors.Is(err, errKept) {
				return f.keptSafe()
			}
			if !f.adopted || !errors.Is(err, ErrHashMismatch) {
				return err
			}
			f.adopted = false // what was left may have been of another version
			if err := f.startOver(); err != nil {
				return err
			}
		case errors.Is(err, errKept):
			f.tidy()
			return f.keptSafe()
		case errors.Is(err, errPaused):
		case errors.Is(err, errReuse):
			if found, err := f.copyFound(f.found); err != nil {
				return err
			} else if found {
				return f.keptSafe()
			}
		case errors.Is(err, errDisown):
			f.disown()
		case errors.Is(err, errRestart):
			f.r.warn("starting over", f.t, err)
			f.stream = f.stream || errors.Is(err, errStream)
			if err := f.startOver(); err != nil {
				return err
			}
		case errors.Is(err, errSwitch):
			if err := f.takeOver(); err != nil {
				return err
			}
		default:
			return f.explain(err)
		}
	}
}

// complete verifies and publishes. A digest that comes out wrong where there
// are several sources is put right first.
func (f *file) complete() error {
	f.learned()
	err := f.finish()
	if errors.Is(err, ErrHashMismatch) && len(f.sources) > 1 && !f.adopted {
		if err = f.repair(); err == nil {
			err = f.finish()
		}
	}
	return err
}

// explain names why no source could serve, where there were several.
func (f *file) explain(err error) error {
	var park *parkError
	if len(f.sources) < 2 || f.lastError == nil || f.r.ctx.Err() != nil || errors.As(err, &park) || errors.Is(err, errYield) || isLocal(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoSource, gateError(f.lastError))
}

// enter waits while the batch is paused.
func (f *file) enter() (context.Context, error) {
	status := StatusProbing
	if f.pin != nil {
		status = StatusDownloading
	}
	epoch, ok := f.r.gate.Try()
	if !ok {
		f.r.d.move(f.t, StatusPaused)
		var err error
		if epoch, err = f.r.gate.Enter(f.r.ctx); err != nil {
			return nil, err
		}
	}
	f.r.d.move(f.t, status)
	return epoch, nil
}

// round lets workers fetch what is missing until that is done or something
// ends it.
func (f *file) round(epoch context.Context) error {
	f.mu.Lock() // the reporter looks at the context
	f.ctx, f.cancel = context.WithCancelCause(epoch)
	defer f.cancel(nil)
	f.hashing, f.proved, f.sampling = nil, false, 0
	pin := f.pin
	begun := pin != nil && !f.unconfirmed
	if begun {
		f.inviteLocked()
	}
	f.prepareLocked()
	f.mu.Unlock()
	if begun {
		f.proveAdopted()
		f.accompany(pin.Size)
	}
	f.employ(&worker{})
	f.wg.Wait()
	cause := context.Cause(f.ctx)
	f.cancel(nil)
	f.side.Wait()

	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.todo) > 0 { // kept for the next round's first segment
		f.tries, f.refused, f.waited = f.todo[0].tries, f.todo[0].refused, f.todo[0].waited
	}
	if f.completeLocked() {
		return nil
	}
	if f.err != nil {
		return f.err
	}
	if cause != nil {
		return cause
	}
	// Every worker found nothing to do although something is missing: lay it out anew.
	if f.failures++; f.failures <= 10 {
		return errPaused
	}
	return errors.New("internal error: a transfer ended without a reason")
}

// accompany starts what runs beside the round's workers.
func (f *file) accompany(size int64) {
	f.startHashing(f.ctx, size)
	f.keepSafe(f.ctx, size)
}

func (f *file) completeLocked() bool {
	if f.pin == nil {
		return false
	}
	if f.stream {
		return f.whole
	}
	return len(f.unproven) == 0 && f.done.Contains(0, f.pin.Size)
}

// fail ends the round; the first reason counts.
func (f *file) fail(err error) {
	f.mu.Lock()
	f.failLocked(err)
	f.mu.Unlock()
}

func (f *file) failLocked(err error) {
	if f.err == nil {
		f.err = err
		f.cancel(err)
	}
}
