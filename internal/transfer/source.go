package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/recovery"
)

// source is one URL that a file may come from: the one given, or a backup. What it is good
// for is recovery's to say.
type source struct {
	exchange.Source
	given *url.URL // whatever is asked by now
	n     int      // its number, by which the plan and recovery know it
	raw   string
	host  *origin.Origin

	alone [1]*source // room for the sources of a file that has no other

	// Guarded by file.mu.
	resolved *url.URL          // where redirects led; nil: ask the URL as given
	failed   *url.URL          // where they led before; nil: they have not been followed since in vain
	moves    int               // how often they led elsewhere after that
	pin      *httprange.Pin    // what it says the file is; nil: not asked yet
	said     httprange.Pin     // room for that
	verdict  *verdict          // of the caller on that; nil: he was not asked
	standing recovery.Standing // as it was last told of
	errors   int
}

func (e *Engine) newSource(raw string, header http.Header) (*source, error) {
	s, h, err := e.Source(raw, header)
	return &source{raw: raw, Source: s, given: s.URL, host: h}, err
}

// Source is what is asked for a URL, with a header for its own origin, which is returned, too.
func (e *Engine) Source(raw string, header http.Header) (s exchange.Source, o *origin.Origin, err error) {
	u, err := fetch.ParseURL(raw)
	if err != nil {
		return s, nil, fmt.Errorf("the URL cannot be fetched: %w", err) // it could, when it was added
	}
	o = e.Origins.Of(u)
	return exchange.Source{URL: u, Home: o.Name(), Header: header}, o, nil
}

// tell tells of something that happens to the file.
func (f *File) tell(e event.Event) {
	if f.e.Events != nil {
		e.TaskID = f.t.ID()
		f.e.Events.Tell(e)
	}
}

// addressLocked is the URL to ask a source for, and its origin.
func (f *File) addressLocked(s *source) (*url.URL, *origin.Origin) {
	if s.resolved != nil {
		return s.resolved, f.e.Origins.Of(s.resolved)
	}
	return s.URL, s.host
}

// pinForLocked is what an answer of a source is checked against: nil before anything was
// accepted; the size alone, and how it is encoded, for a source that has not spoken yet.
func (f *File) pinForLocked(s *source) *httprange.Pin {
	if f.pin == nil {
		return nil
	}
	p := httprange.Pin{Size: f.pin.Size, Encoding: f.pin.Encoding}
	if s.pin != nil {
		p = *s.pin
	} else if len(f.sources) == 1 || f.delivery != nil {
		p = *f.pin
	}
	return &p
}

// servedLocked notes an answer that was accepted, and where it came from.
func (s *source) servedLocked(pin httprange.Pin, asked, from *url.URL) {
	if !sameURL(from, asked) && !sameURL(from, s.URL) {
		s.ledLocked(from)
	}
	if s.pin == nil {
		s.said = pin
		s.pin = &s.said
	}
}

// fewMoves is after how many of them it is no use to know where redirects lead: addresses are
// good once then, or for a moment, and each costs an attempt that is asked again.
const fewMoves = 2

// ledLocked notes where redirects have led. What follows goes straight there.
func (s *source) ledLocked(to *url.URL) {
	if s.failed != nil && !sameURL(to, s.failed) {
		s.moves++
	}
	s.failed = nil
	if s.moves < fewMoves {
		s.resolved = to
	}
}

// forgetLocked has the URL asked as given, since what redirects led to has failed.
func (s *source) forgetLocked() {
	if s.resolved != nil {
		s.failed, s.resolved = s.resolved, nil
	}
}

// sameURL ignores user info, which is never part of where an answer came from.
func sameURL(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host && a.Path == b.Path && a.RawPath == b.RawPath && a.RawQuery == b.RawQuery
}

// healthsLocked are of the origins that are asked for the sources.
func (f *File) healthsLocked() []health.Health {
	if f.healths == nil {
		f.healths = f.room[:0] // most files have one source
	}
	f.healths = f.healths[:0]
	for _, s := range f.sources {
		_, h := f.addressLocked(s)
		f.healths = append(f.healths, h.Health())
	}
	return f.healths
}

// loadsLocked are what the sources have to do for this file.
func (f *File) loadsLocked() []recovery.Load {
	f.loads = f.loads[:0]
	for _, s := range f.sources {
		f.loads = append(f.loads, recovery.Load{Workers: f.plan.WorkersAt(s.n), Capacity: s.host.Capacity(), Rate: f.plan.Rate(s.n)})
	}
	return f.loads
}

// standingsLocked notes which sources have been left since it was last asked. Nothing may
// ever come of the requests that are under way there.
func (f *File) standingsLocked() {
	for _, s := range f.sources {
		now := f.rec.Standing(s.n)
		if s.standing == recovery.Active && now != recovery.Active && len(f.sources) > 1 {
			f.plan.Shed(s.n)
			f.lastDropped = s
			f.dropped++
			f.tell(event.Event{Kind: event.Source, Source: s.raw, Origin: s.host.Name(), Err: f.lastFailure})
		}
		s.standing = now
	}
}

// logFailures logs what went wrong since the last time; f.mu is not held.
func (f *File) logFailures() {
	f.mu.Lock()
	failures, dropped, why := f.failures, f.dropped, f.lastFailure
	f.failures, f.dropped = nil, 0
	f.mu.Unlock()
	for _, err := range failures {
		f.e.debug("attempt failed", f.t, err)
	}
	for range dropped {
		f.e.warn("source dropped", f.t, why)
	}
}

// errOther is why a source is not used that has other bytes than the first.
var errOther = errors.New("it has another file, or another version of it")

// Report is what snapshots say about a file's sources.
func (f *File) Report() *Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &Report{Last: f.t.URL()}
	if last := f.plan.Last(); last >= 0 && last < len(f.sources) {
		r.Last = f.sources[last].raw
	}
	if len(f.sources) < 2 {
		return r
	}
	last := f.lastDropped // who is left when nobody else is there was not left for another
	if slices.ContainsFunc(f.sources, func(s *source) bool { return s.standing == recovery.Active }) {
		last = nil
	}
	for _, s := range f.sources {
		r.All = append(r.All, Source{
			URL: s.raw, Bytes: f.plan.Bytes(s.n), Errors: s.errors, Dropped: s.standing != recovery.Active && s != last,
		})
	}
	return r
}

// Report is what a file has had from its sources. It is kept for tasks with backup URLs.
type Report struct {
	Last string // the URL that has served lately
	All  []Source
}

// Source is one of them.
type Source struct {
	URL     string
	Bytes   int64 // that were not there before
	Errors  int
	Dropped bool // it was left for another
}

// outageOf words that an origin serves nobody.
func outageOf(o *origin.Origin, waited time.Duration) error {
	if o.Health().State == health.Busy {
		return fmt.Errorf("%w; the host has served nobody for %v", o.LastErr(), waited)
	}
	return fmt.Errorf("the host is down: %w", o.LastErr())
}
