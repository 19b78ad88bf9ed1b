package transfer

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/names"
	"github.com/littledl/littledl/internal/pace"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/segment"
	"github.com/littledl/littledl/internal/sink"
	"github.com/littledl/littledl/internal/span"
	"github.com/littledl/littledl/internal/task"
)

// File is one task in transfer, from the first request to the published name.
//
// The goroutine that runs it owns it and is its first worker; when the first
// headers show a file worth it, more workers join for a round, each with one
// connection. A round ends when the file is complete or something happened that
// stops all of it: a pause, a change on the server, a failure. Only then, with no
// worker left, does the owner decide what comes next.
type File struct {
	e        *Engine
	t        *task.Task
	id       string // in the shared budget, where there is one
	spec     task.Spec
	hash     digest.Sum    // the caller's, else the server's
	most     int64         // bytes that it may have
	bounds   *Bounds       // that its limit follows from
	limit    int           // requests of this file in flight
	pace     *pace.Limiter // its own; nil: none
	slow     slow          // the reporter's
	priority atomic.Int32  // that it has its place with
	speed    *meter.Meter  // the reporter's
	drip     drip          // the reporter's
	received atomic.Int64  // bytes off the network
	finder   reuse.Finder
	version  reuse.Version // what is to have a name
	reserved reservation

	life  context.Context // over when the Start is, or the file is stopped
	halt  halt
	clock *patience // that the caller has with it; nil: nobody counts

	// The round's; set by the owner before its workers start.
	ctx     context.Context
	cancel  context.CancelCauseFunc
	seat    *Seat
	wg      sync.WaitGroup // its workers
	side    sync.WaitGroup // what runs beside them
	company atomic.Bool    // the file's own goroutine is not alone

	// mu guards all below but the plan, which has a lock of its own and is asked while
	// this one is held.
	mu sync.Mutex
	saved
	roundState
	unlogged
	scratch
	said      said               // of the file, lately
	digest    string             // that it was seen to have, "sha256:HEX"
	wrong     []span.Range       // pieces that the complete file had wrong; nil: it is not known
	published *partfile.Identity // the file under its name, when it got that or was found to have it
}

// Why a round ended, other than by failure.
var (
	ErrPaused       = errors.New("paused")
	ErrPreempted    = errors.New("a more urgent file waits")
	errKept         = errors.New("the file is there already")
	errRejectResume = errors.New("what another process has left is of no use")
	errDecide       = errors.New("something concerns all of the file")
)

// Delay ends a round whose only worker would have to wait.
type Delay struct{ Until time.Time }

func (e *Delay) Error() string { return "waits until " + e.Until.Format(time.TimeOnly) }

func (e *Engine) newFile(t *task.Task) (*File, error) {
	f := &File{e: e, t: t, spec: t.Spec(), bounds: e.Bounds(), life: e.Context}
	f.limit, f.pace = f.bounds.PerFile, pacer(f.spec.Seldom().MaxSpeed)
	f.hash, f.most = f.spec.Hash, e.most(f.spec.Expect)
	if e.Shared {
		f.id = t.ID()
	}
	left := RestOf(e.Table.Held(t))
	if f.unretried = int(left.owed); left.owed == 0 {
		if kept := left.saved(e.Plans); kept != nil {
			f.saved = *kept
		}
	}
	if f.hash.IsZero() {
		f.hash = f.promised
	}
	if f.plan == nil {
		f.plan = segment.New(e.Plans)
	}
	f.plan.Resume()
	if f.sources == nil {
		f.plan.SetSources(1 + len(f.spec.Backups))
		f.rec.Init(1+len(f.spec.Backups), f.limits())
		if e.Traces != nil {
			f.trace = f.rec.Record()
		}
		if err := f.addSource(t.URL(), f.spec.Header); err != nil {
			return nil, err
		}
		for _, raw := range f.spec.Backups {
			if err := f.addSource(raw, nil); err != nil { // the header was given for the first one's origin
				return nil, err
			}
		}
		f.unrange()
	}
	if !f.open() {
		f.aim()
	}
	f.finder = reuse.NewFinder(e.Index, e.Reuse, f.target, e.TrustModTime)
	return f, nil
}

// pacer is for so many bytes/s; nil for 0.
func pacer(speed int64) *pace.Limiter {
	if speed == 0 {
		return nil
	}
	return pace.New(speed)
}

// unrange has sources asked without ranges whose hosts are to be.
func (f *File) unrange() {
	for _, s := range f.sources {
		if s.host.NoRange() {
			f.rec.Unranged(s.n)
		}
	}
}

// limits are what recovery may do for the file.
func (f *File) limits() *recovery.Limits {
	switch x := f.spec.Expect; {
	case f.spec.Plain:
		return f.e.Limits.Once()
	case x != nil && x.Refresh != nil:
		return f.e.Limits.Refreshed()
	}
	return f.e.Limits
}

// aim makes the output of a file that has none.
func (f *File) aim() {
	if w := f.spec.Seldom().Writer; w != nil {
		f.delivery = &delivery{Stream: sink.New(w, f.e.Reorder)}
		return
	}
	w := disk.Want{Dir: f.t.Dir(), Name: f.spec.Filename, URL: f.sources[0].given, Given: f.spec.Filename != ""}
	if !w.Given {
		w.Name = names.OfURL(f.t.URL())
	}
	if x := f.spec.Expect; x != nil {
		w.Size, w.Sized, w.Mode, w.Moded = x.Size, x.Size >= 0, x.Mode, x.Moded
	}
	called := f.e.Table.Names(f.t, w.Name)
	w.Number = called.Kept()
	for _, s := range f.sources[1:] {
		w.Backups = append(w.Backups, s.given)
	}
	f.target = disk.NewTarget(f.e.Dirs, f.e.Disk, w, called)
}

func (f *File) addSource(raw string, header http.Header) error {
	s, err := f.e.newSource(raw, header)
	if err != nil {
		return err
	}
	if s.n = len(f.sources); f.e.Events != nil {
		s.Task = f.t.ID()
	}
	if s.n < len(f.pins) {
		if s.pin = f.pins[s.n]; s.pin != nil {
			s.verdict = accepted
		}
	}
	if f.sources == nil {
		f.sources = s.alone[:0]
	}
	f.sources = append(f.sources, s)
	return nil
}
