// Package concurrency finds out how many requests a host bears at once.
//
// A host does not say it. It refuses what is too much, with a status, by closing the
// connection or by not letting it in; and not all that looks so is too much. One file
// may be refused whatever else goes on, requests that were in flight at a refusal are
// refused with it, and connections break and are not let in when a host goes down as
// well. Too high a limit costs attempts and the host's patience, too low a one time.
//
// A Limit falls to what was being served when a request was refused, grows by one while
// that pays, and takes back what it concluded where it proves to have been an outage. It
// is a value without a lock and without a clock.
package concurrency

import "time"

// Limit is how many requests a host may have in flight, and why. Make it with New.
type Limit struct {
	requests inFlight
	most     int // the caller's: never exceeded
	shrunk   int // what was allowed before that fell below it; 0: it has not
	served   int // the most that were at once

	allowed     int
	ceiling     int           // the lowest number that was refused so far; 0: none
	lastCut     time.Time     // when it was lowered
	holdOff     time.Duration // how long to stay below the ceiling before trying it again
	before      snapshot      // as it was before a cut that may have been none
	interrupted time.Time     // when an answer broke off
	oust        oust

	trial     float64   // goodput before the step up on trial; 0: none is
	badGrowth time.Time // when a step did not pay
	ticked    time.Time // when use was judged last
	received  int64     // bytes, at that time
}

// snapshot is what was known of what a host bears.
type snapshot struct {
	at               time.Time
	allowed, ceiling int
	holdOff          time.Duration
}

// Usage is what a host's requests are doing now.
type Usage struct {
	Used, Waiting int   // slots, and requests that want one
	Received      int64 // bytes so far
}

const (
	breakTime    = time.Second      // in which a host's connections break, and no new ones are made
	firstHoldOff = 10 * time.Second // before a number that was refused is tried again
	maxHoldOff   = 5 * time.Minute
	trialWindow  = time.Second // how long a step up is watched before it is judged
)

// New makes a limit that begins with as many as the caller allows at most.
func New(most int) Limit { return Limit{most: most, allowed: most} }

// untried is how many requests a host may have of which nothing is known yet, for all that want
// more than they need: as many as a large file begins with in any case.
const untried = 4

// Room is how many more may be tried: no more than twice as many as the host has been seen to
// serve, so that one that bears fewer refuses few.
func (l *Limit) Room() int {
	return max(min(l.allowed, max(untried, 2*l.served))-l.InFlight(), 0)
}

// Allowed is how many requests may be in flight.
func (l *Limit) Allowed() int { return l.allowed }

// InFlight is how many are.
func (l *Limit) InFlight() int { return len(l.requests.running) }

// SetMost changes how many the caller allows at most. What was learned of the host stays: where
// it has refused some, no more are allowed than were before.
func (l *Limit) SetMost(most int) {
	switch l.most = most; {
	case most < l.allowed:
		l.shrunk = max(l.shrunk, l.allowed)
		l.allowed = most
	case l.ceiling == 0:
		l.allowed, l.shrunk = most, 0
	case l.shrunk > 0:
		if l.allowed = min(most, l.shrunk); l.allowed == l.shrunk {
			l.shrunk = 0
		}
	}
}

// Breaking reports whether answers have broken off just now: then others that are under
// way may only not have noticed yet.
func (l *Limit) Breaking(now time.Time) bool { return now.Sub(l.interrupted) < breakTime }

// Begin notes that a request is sent.
func (l *Limit) Begin(now time.Time) *Request {
	l.proveOust(now)
	return l.requests.begin(now)
}

// Answered notes that a request is being served.
func (l *Limit) Answered(t *Request, now time.Time) {
	t.answered = now
	if l.served < l.most {
		l.served = max(l.served, l.requests.served())
	}
}

// Finished notes that the answer to a request has come to its end.
func (l *Limit) Finished(t *Request, now time.Time) { l.oust.finished(l.requests.running, t, now) }

// End notes that a request is over.
func (l *Limit) End(t *Request, now time.Time) { l.requests.end(t, now) }

// Refused lowers the limit after a request was answered that there are too many, and
// returns it.
func (l *Limit) Refused(t *Request, now time.Time) int {
	l.before = snapshot{} // this stands
	l.cut(t, now)
	return l.allowed
}

// TurnedAway is Refused for a request whose connection was not let in, or was closed at
// once. Beside others that break at the same time that is no limit: the host goes down,
// or comes up again.
func (l *Limit) TurnedAway(t *Request, now time.Time) int {
	if l.Breaking(now) {
		return l.allowed
	}
	if now.Sub(l.before.at) >= breakTime {
		l.before = snapshot{now, l.allowed, l.ceiling, l.holdOff}
	}
	l.cut(t, now)
	return l.allowed
}

// Interrupted notes that the answer to a request broke off, and takes back what was concluded
// a moment ago from others that were turned away.
func (l *Limit) Interrupted(t *Request, now time.Time) {
	l.CutOff(t, now)
	l.interrupted = now
	if now.Sub(l.before.at) < breakTime {
		l.allowed, l.ceiling, l.holdOff = min(l.before.allowed, l.most), l.before.ceiling, l.before.holdOff
		l.before = snapshot{}
	}
}

// CutOff notes that the answer to a request broke off that had hardly begun: of others that says
// nothing, but that they may be ousted one by the other.
func (l *Limit) CutOff(t *Request, now time.Time) {
	l.proveOust(now)
	l.suspectOust(t, now)
	l.oust.brokeOff(l.requests.running, t, now)
}

func (l *Limit) cut(t *Request, now time.Time) {
	t.refused = true
	fresh := t.began.After(l.lastCut)
	n := next(l.allowed, load{limit: l.most, ceiling: l.ceiling, refusal: true, first: fresh, serving: l.requests.beside(t, now)})
	l.lower(n, now, fresh)
}

// lower has fewer requests allowed, for a while: longer each time that there is fresh cause.
func (l *Limit) lower(n int, now time.Time, fresh bool) {
	if fresh && l.ceiling > 0 {
		l.holdOff = min(2*l.holdOff, maxHoldOff)
	}
	if l.holdOff == 0 {
		l.holdOff = firstHoldOff
	}
	l.lastCut, l.trial = now, 0
	l.shrunk = 0
	if n < l.allowed || l.ceiling == 0 {
		l.allowed, l.ceiling = n, n+1
	}
}

// Tick lets the limit grow again, and returns it. It may be called as often as one
// likes: use is judged over trialWindow.
func (l *Limit) Tick(now time.Time, use Usage) int {
	l.proveOust(now)
	if l.ticked.IsZero() {
		l.ticked, l.received = now, use.Received
	}
	dt := now.Sub(l.ticked)
	if dt < trialWindow {
		return l.allowed
	}
	goodput := float64(use.Received-l.received) / dt.Seconds()
	l.ticked, l.received = now, use.Received
	if l.ceiling > 0 { // else never refused: the caller's limit stands
		l.adapt(now, goodput, use.Used >= l.allowed && use.Waiting > 0)
	}
	return l.allowed
}

// adapt takes a step up, or the last one back.
func (l *Limit) adapt(now time.Time, goodput float64, busy bool) {
	if now.Sub(l.badGrowth) < firstHoldOff && l.trial == 0 {
		return
	}
	n := next(l.allowed, load{
		limit: l.most, ceiling: l.ceiling, quiet: now.Sub(l.lastCut), holdOff: l.holdOff,
		busy: busy, goodput: goodput, before: l.trial,
	})
	l.trial = 0
	switch {
	case n > l.allowed:
		l.trial, l.ceiling = goodput, max(l.ceiling, n+1)
	case n < l.allowed:
		l.badGrowth = now
	}
	l.allowed = n
}
