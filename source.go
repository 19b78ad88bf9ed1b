package littledl

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/span"
)

// source is one URL that a file may come from: the one given, or a backup.
type source struct {
	raw    string
	u      *url.URL
	home   string // its origin, which the header is for
	host   *host
	header http.Header

	// Guarded by file.mu.
	resolved *url.URL       // where redirects led; nil: ask the URL as given
	renewed  bool           // it was resolved again and has not served since
	renewal  time.Time      // when that was
	pin      *httprange.Pin // what it says the file is; nil: not asked yet
	proven   bool           // may serve beside others
	rests    time.Time      // it refused a worker, who shall not come back before
	dropped  bool
	revivals int     // how often it was dropped for one of the next, and asked again; outages apart
	returns  int     // how often it was asked again after an outage of its host that others saw end
	silent   bool    // dropped for it did not answer, which may pass
	outage   bool    // and its host is why: it serves nobody
	turned   bool    // it was dropped, and is asked again
	unlike   bool    // dropped for it has another file than the others, or no ranges
	accused  bool    // it had delivered other bytes than the source that is asked alone now
	strikes  int     // how often in a row it was forgiven
	seam     trouble // when it was asked for what it has to be compared by
	conns    int     // workers that are at it
	errors   int
	bytes    int64
	rate     float64  // bytes/s of its latest segment
	wrote    span.Set // its bytes, where several sources contribute
}

func newSource(p *pool, raw string, header http.Header) (*source, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be parsed", ErrInvalidURL)
	}
	h := p.host(u)
	return &source{raw: raw, u: u, home: h.origin, host: h, header: header}, nil
}

// address is the URL to ask a source for, and its host.
func (f *file) address(src *source) (*url.URL, *host) {
	f.mu.Lock()
	u := src.resolved
	f.mu.Unlock()
	if u != nil {
		return u, f.r.pool.host(u)
	}
	return src.u, src.host
}

// pinFor is what an answer of a source is checked against: nil before anything was
// accepted; the size alone for a source that has not spoken yet.
func (f *file) pinFor(src *source) *httprange.Pin {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pinForLocked(src)
}

func (f *file) pinForLocked(src *source) *httprange.Pin {
	if f.pin == nil {
		return nil
	}
	p := httprange.Pin{Size: f.pin.Size}
	if src.pin != nil {
		p = *src.pin
	} else if len(f.sources) == 1 {
		p = *f.pin
	}
	return &p
}

// others reports whether a source that is of no more use could be done without. When
// nothing else is left, one that did not fit in with the others may serve alone, one that
// was silent may be asked again, and one whose host serves nobody may be waited for: with a
// backup URL that is dead a file must not fail sooner than without. During a repair one
// source is asked alone.
func (f *file) others(src *source) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.repairing && (f.othersLocked(src) || f.reviveLocked(src, f.revivableLocked) || f.reviveLocked(src, f.patientLocked))
}

// othersNow is others for a source that may be of use later: another one is no better where
// it would have to be waited for, too.
func (f *file) othersNow(src *source) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.repairing && (f.othersLocked(src) || f.reviveLocked(src, f.revivableLocked))
}

// sooner reports whether another source may be asked before one whose host has to be
// waited for. A busy host is left for one that is waited for as well: it says that it will
// serve, and is refused MaxRetries times before it is left for others.
func (f *file) sooner(src *source, busy bool) bool {
	if !busy {
		return f.othersNow(src)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.repairing && !f.othersLocked(src) &&
		f.reviveLocked(src, func(s *source) bool { return f.waitedForLocked(s) && f.revivableLocked(s) })
}

// reviveLocked takes back the first source that was given up and may be asked again.
func (f *file) reviveLocked(src *source, may func(*source) bool) bool {
	for _, s := range f.sources {
		if s != src && s.dropped && may(s) {
			switch {
			case f.waitedForLocked(s):
			case s.outage:
				s.returns++
			default:
				s.revivals++
			}
			s.takeBack()
			return true
		}
	}
	return false
}

// takeBack undoes that a source was given up. file.mu guards it.
func (s *source) takeBack() {
	s.dropped, s.unlike, s.silent, s.outage, s.turned = false, false, false, false, true
}

// revivableLocked reports whether a source that was given up may be asked again now: not so
// often that two of them could take turns for ever. One that was dropped in an outage of its
// host may as long as that is waited for, when it need not be left alone any longer.
func (f *file) revivableLocked(s *source) bool {
	retry := f.r.d.set.cfg.Retry
	switch {
	case s.unlike:
		return s.revivals == 0
	case !s.silent:
		return false
	case s.outage && !s.host.ailing() && s.returns < maxReturns:
		return true // others have been served since
	case f.waitedForLocked(s):
		return s.host.hopeful(time.Now(), retry.MaxElapsed, true)
	}
	return s.revivals < max(retry.MaxRetries, 1)
}

// maxReturns bounds how often a source is asked again that finds its host in an outage
// each time, though others are served in between.
const maxReturns = 10

// waitedForLocked reports whether a source that was given up waits for its host: what
// bounds that is the length of the outage, which every failure adds to.
func (f *file) waitedForLocked(s *source) bool { return s.outage && !s.unlike && s.host.ailing() }

// patientLocked reports whether its host, which serves nobody, is still to be waited for.
func (f *file) patientLocked(s *source) bool {
	return f.waitedForLocked(s) && s.host.hopeful(time.Now(), f.r.d.set.cfg.Retry.MaxElapsed, false)
}

// soonest is d, or less where another source can be asked again sooner.
func (f *file) soonest(src *source, d time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sources {
		if s == src || !s.dropped || !f.patientLocked(s) {
			continue
		}
		if other, err := s.host.wait(time.Now(), f.r.d.set.cfg.Retry.MaxElapsed); err == nil && other > 0 {
			d = min(d, other)
		}
	}
	return d
}

func (f *file) othersLocked(src *source) bool {
	for _, s := range f.sources {
		if s != src && !s.dropped {
			return true
		}
	}
	return false
}

// mixed reports whether a source that has not served yet is asked beside, or after,
// others that have: then its answers are measured by theirs.
func (f *file) mixed(src *source) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pin == nil || !f.othersLocked(src) {
		return false
	}
	return src.pin == nil || f.parallel && slices.ContainsFunc(f.sources, func(o *source) bool { return o != src && o.bytes > 0 })
}

// wroteByLocked notes whose bytes are on the disk at [off, end).
func (f *file) wroteByLocked(src *source, off, end int64) {
	for _, s := range f.sources {
		if s == src {
			s.wrote.Add(off, end)
		} else if s.wrote.Len() > 0 {
			s.wrote.Remove(off, end)
		}
	}
}
