// Package origin keeps what a batch learns of one scheme, host and port, and gives out the
// right to ask it.
//
// Many files come from the same origin, and each of their requests shows something of it
// that the others need: that it is down, how many requests it bears, how long it takes to
// answer, what it does not understand. An Origin has all of it, once for all files. What
// happens to requests goes in as events, each of which changes all that follows from it;
// what is known comes out as values, so that nobody decides under an Origin's lock. A Lease
// is the right to one request at a time.
//
// There is no I/O in the package, and no goroutine. Times are those of the clock on the
// wall; Table.At has them on the batch's, as a health.Health does.
package origin

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/concurrency"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/line"
	"github.com/littledl/littledl/internal/meter"
)

// Origin is one scheme, host and port. It is safe for concurrent use, and none of its
// methods blocks.
type Origin struct {
	table    *Table
	name     string
	quota    *quota
	group    *budget.Group // requests in flight
	lanes    *budget.Group // that they are in: the group, unless more is waited for than its slots
	received atomic.Int64  // bytes

	// mu is held for moments: but for the slots' own locks nothing is called under it.
	mu        sync.Mutex
	health    health.Health
	lastErr   error // it was of no use the last time that it was not
	told      told
	asked     time.Time         // the last time, or when it was first heard of
	limit     concurrency.Limit // how many requests it bears
	streams   streams
	roundTrip time.Duration // from a request to its first byte, smoothed
	quirks    Quirks
	ranges    Ranges
	http1     bool         // it has answered over HTTP/1.1
	measured  line.Measure // as its large files have shown it
	protocol  string       // of its latest answer; "": there was none
	speed     *meter.Meter // bytes/s; nil: nobody has looked yet
}

// Name is the origin as fetch.Origin has it.
func (o *Origin) Name() string { return o.name }

// Answered notes a useful answer to a request begun at a time; Done must be called when its
// body has ended.
func (o *Origin) Answered(began time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answeredLocked(began)
}

func (o *Origin) answeredLocked(began time.Time) {
	now := time.Now()
	o.servesLocked(now)
	if d := now.Sub(began); o.roundTrip == 0 {
		o.roundTrip = d
	} else {
		o.roundTrip += (d - o.roundTrip) / 8
	}
}

func (o *Origin) servesLocked(now time.Time) {
	if !o.health.Served() {
		o.table.conf.Served.add(o.name)
	}
	outage := o.health.State >= health.Busy
	if o.health.Useful(o.table.At(now)); outage {
		o.resizeLocked()
	}
}

// redirected notes an answer that has led to another origin: it serves, be it no files.
func (o *Origin) redirected() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.servesLocked(time.Now())
	o.health.Done()
}

var errNobody = errors.New("the server answers nobody at the moment")

// resting is nil, or why the origin is not to be asked yet.
func (o *Origin) resting() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.health.Until - o.table.At(time.Now())
	if o.health.State < health.Busy || d <= 0 {
		return nil
	}
	why := o.lastErr
	if why == nil {
		why = errNobody
	}
	return &Resting{d, why}
}

// Done notes that the body of a useful answer has ended.
func (o *Origin) Done() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Done()
}

// Unreachable notes that a request begun at a time found nobody.
func (o *Origin) Unreachable(began time.Time, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lastErr = why
	o.health.Unreachable(o.table.At(began), o.table.At(time.Now()), rand.Float64(), o.table.conf.Limits)
	o.resizeLocked()
}

// Closed notes that the connection of a request begun at a time ended without an answer, and
// returns whose trouble that is.
func (o *Origin) Closed(began time.Time, why error) health.Verdict {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.health.Closed(o.table.At(began), o.table.At(time.Now()), o.roundTrip, rand.Float64(), o.table.conf.Limits)
	if v == health.Outage {
		o.lastErr = why
	}
	o.resizeLocked()
	return v
}

// Erred notes an error of the server's in answer to a request for a URL, begun at a time, and
// returns whose trouble that is; url and own are as in health.
func (o *Origin) Erred(began time.Time, url uint64, own bool, why error) health.Verdict {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.health.Erred(url, own, o.table.At(began), o.table.At(time.Now()), rand.Float64(), o.table.conf.Limits)
	if v == health.Outage {
		o.lastErr = why
	}
	o.resizeLocked()
	return v
}

// Refused notes that a request begun at a time was answered that the origin has too much to
// do, and is to be left alone for so long.
func (o *Origin) Refused(began time.Time, pause time.Duration, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.health.InFlight == 0 { // else it was one too many
		o.lastErr = why
	}
	o.health.Refused(o.table.At(began), o.table.At(time.Now()), pause, o.table.conf.Limits)
	o.resizeLocked()
}

// Silent notes that a request begun at a time was not answered in time.
func (o *Origin) Silent(began time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Silent(o.table.At(began), o.table.At(time.Now()))
}

// GaveUp notes that a file has given the origin up since it did not answer.
func (o *Origin) GaveUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.GaveUp()
}

// Heard notes an answer, whatever that was.
func (o *Origin) Heard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.health.Heard(o.table.At(time.Now()))
}

// Received counts bytes.
func (o *Origin) Received(n int) { o.received.Add(int64(n)) }
