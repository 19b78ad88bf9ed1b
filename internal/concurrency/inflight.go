package concurrency

import (
	"slices"
	"time"
)

// Request is one request, from its beginning until it is forgotten.
type Request struct {
	began, ended time.Time
	answered     time.Time // zero: not yet, or with nothing of use
	refused      bool
}

// Began is when it was sent.
func (t *Request) Began() time.Time { return t.began }

func (t *Request) served() bool { return !t.answered.IsZero() }

// remembered is how many requests that have ended are kept in mind.
const remembered = 64

// inFlight is which requests a host had beside one that it refused: those under way, and
// those that have ended lately.
type inFlight struct {
	running []*Request
	ended   [remembered]*Request // a ring
	endings int
}

func (f *inFlight) begin(now time.Time) *Request {
	t := &Request{began: now}
	f.running = append(f.running, t)
	return t
}

func (f *inFlight) end(t *Request, now time.Time) {
	if i := slices.Index(f.running, t); i >= 0 {
		last := len(f.running) - 1
		f.running[i] = f.running[last]
		f.running[last] = nil
		f.running = f.running[:last]
	}
	t.ended = now
	if !t.refused {
		f.ended[f.endings%remembered] = t
		f.endings++
	}
}

// served is how many of those under way have been answered.
func (f *inFlight) served() (n int) {
	for _, r := range f.running {
		if r.served() {
			n++
		}
	}
	return n
}

// beside counts the requests that the host had beside one that it refused: in flight
// when that one began, or begun so soon after it that they may have come first, and not
// refused themselves, as that one is. Those that have ended since count too.
func (f *inFlight) beside(t *Request, now time.Time) (n int) {
	latest := t.began.Add(now.Sub(t.began) / 4)
	for _, o := range f.running {
		if !o.refused && !o.began.After(latest) {
			n++
		}
	}
	for _, o := range f.ended {
		if o != nil && !o.refused && !o.began.After(latest) && !o.ended.Before(t.began) {
			n++
		}
	}
	return n
}
