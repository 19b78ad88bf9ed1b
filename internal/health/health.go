// Package health knows whether an origin is worth asking.
//
// An origin that is down is down for all its files: they wait for it together, ask it now
// and then, and give up together, instead of each finding out for itself and each being
// charged for the outage. Whether it is an outage at all, or a limit, or one wrong URL, only
// the requests beside the one that failed can tell. Health is a circuit breaker with
// a deadline, a value without a lock and without a clock: all times are on the batch's clock,
// which begins at zero, and are passed in.
//
//	state            event                                  next   what follows
//	any              Useful                                 Up     Epoch+1 after Busy and Down; what was waited is forgotten
//	any              Unreachable                            Down   Until: half to whole of a delay that doubles up to 5 s
//	any, in flight   Refused                                same   one request too many
//	any, else        Refused                                Busy   Until: as long as was asked
//	never served     Closed                                 same   Wrong: it may be no HTTP server
//	others served    Closed                                 same   TurnedAway: one too many
//	else             Closed                                 Down   Outage, as Unreachable
//	serving nothing  Silent, GaveUp                         same   Unresponsive once one file gave up and MaxElapsed is over
package health

import (
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/wait"
)

// State is where an origin stands.
type State uint8

const (
	Unheard State = iota // it has never served anybody, and has not failed to either
	Up                   // the latest news of it is good
	Busy                 // it answers, and refuses all that it is asked
	Down                 // it cannot be reached, or ends connections without a word
)

// Limits bound how long an origin is left alone, and how long it is waited for.
type Limits struct {
	Base       time.Duration // of a delay, which doubles
	MaxDelay   time.Duration // of a delay
	MaxElapsed time.Duration // of all waiting for what serves nobody
}

// breakTime is the time in which the connections of an origin that goes down break one by one.
const breakTime = time.Second

// MaxBackoff is how long an origin is left alone that has not said for how long; or the
// moment in which it serves again is missed.
const MaxBackoff = 5 * time.Second

// Backoff is how long an origin that has too much to do is left alone, by who was refused so
// often before and was not told. Jitter is random, from 0 to 1.
func (l Limits) Backoff(refusals int, jitter float64) time.Duration {
	return min(backoff.Policy{Base: l.Base, Max: l.MaxDelay}.Delay(refusals, jitter), MaxBackoff)
}

// Health is what is known of one origin. The zero value is that of one nobody has asked.
type Health struct {
	State    State
	Epoch    int           // outages that have ended
	Until    time.Duration // it is not to be asked before
	Serving  int           // answers that are arriving
	InFlight int           // requests on their way to it, or being served

	served   bool          // it has served, at some time
	fresh    time.Duration // as long as this it has served just now
	breaking time.Duration // as long as this answers have broken off just now
	attempts int           // of the delays in this outage
	erring   uint64        // the URL that it has answered with an error, the first since it served; 0: none
	waited   wait.Account  // for it, in this outage, by all its files
	silence  silence
}

// New is the health of an origin that has served before, or has not.
func New(served bool) Health {
	if served {
		return Health{State: Up, served: true}
	}
	return Health{}
}

// Verdict says whose trouble it is that a connection ended without an answer, or that an
// answer was an error of the server's.
type Verdict uint8

const (
	Unknown    Verdict = iota // nobody knows: nothing has ever been served here, or the URL alone may be broken
	TurnedAway                // the request's: others are answered, and it was one too many
	Draining                  // the origin's: it brings to an end what it serves, and answers nobody else
	Outage                    // the origin's: it serves nobody
)

// Sent notes that a request is on its way, Ended that it has ended, with whatever came.
func (h *Health) Sent()  { h.InFlight++ }
func (h *Health) Ended() { h.InFlight-- }

// Useful notes an answer whose body is wanted. Done must be called when that has ended.
func (h *Health) Useful(now time.Duration) {
	if h.State >= Busy {
		h.Epoch++
	}
	h.State, h.Until, h.attempts = Up, 0, 0
	h.waited.Clear(now)
	h.served, h.fresh, h.erring = true, now+breakTime, 0
	h.Serving++
	h.Heard(now)
}

// Done notes that the body of a useful answer has ended.
func (h *Health) Done() { h.Serving-- }

// Interrupted notes that a body ended before its end: perhaps the first of many.
func (h *Health) Interrupted(now time.Duration) { h.breaking = now + breakTime }

// Served reports whether it has served anybody, at any time.
func (h Health) Served() bool { return h.served }

// ServedSince reports whether others have been answered since a request was begun at start, or
// shortly before, and are not breaking off now: then it is no outage yet if that one ended
// without an answer. RoundTrip is how long the origin usually takes to a first byte.
func (h Health) ServedSince(start, now, roundTrip time.Duration) bool {
	return !h.Breaking(now) && start < h.fresh+roundTrip
}

// Breaking reports whether answers have broken off a moment ago. Those that are still under
// way may only not have noticed yet, and prove nothing.
func (h Health) Breaking(now time.Duration) bool { return now < h.breaking }

// Unreachable notes a request that found nobody. Jitter is random, from 0 to 1.
func (h *Health) Unreachable(start, now time.Duration, jitter float64, l Limits) {
	h.State = Down
	if start >= h.Until { // not one of several that failed together
		p := backoff.Policy{Base: l.Base, Max: min(l.MaxDelay, MaxBackoff)}
		// At least half of the bound: an origin that is down gains nothing from haste.
		h.Until = now + p.Delay(h.attempts, 0.5+jitter/2)
		h.attempts++
	}
	h.waited.Failed(start, now, h.Until)
}

// Refused notes that the origin has too much to do, and is to be left alone for so long.
// Beside other requests that says nothing of it: they are served, or may be, since the
// answers to several come in any order. Where it asks for more than it is waited for at all,
// nobody waits.
func (h *Health) Refused(start, now, pause time.Duration, l Limits) {
	if h.InFlight > 0 {
		return
	}
	h.State = Busy
	h.Until = max(h.Until, now+pause)
	h.waited.Failed(start, now, h.Until)
	if pause > l.MaxElapsed {
		h.waited.Exhaust(l.MaxElapsed)
	}
}

// Closed judges a connection that ended without an answer, of a request begun at start;
// roundTrip is as in ServedSince.
func (h *Health) Closed(start, now, roundTrip time.Duration, jitter float64, l Limits) Verdict {
	switch {
	case !h.served:
		return Unknown
	case (h.State == Up || h.Serving > 0) && h.ServedSince(start, now, roundTrip):
		return TurnedAway
	case h.Serving > 0 && !h.Breaking(now):
		return Draining
	}
	h.Unreachable(start, now, jitter, l)
	return Outage
}

// several stands for more URLs than one.
const several = ^uint64(0)

// Erred judges an error of the server's in answer to a request for a URL, which any number
// stands for but 0 and several; own: that URL has served. One URL may be broken, whatever the
// others are. It is the origin that is, as soon as two of them fail and nobody is served
// between, or one that has served.
func (h *Health) Erred(url uint64, own bool, start, now time.Duration, jitter float64, l Limits) Verdict {
	switch h.erring {
	case 0:
		h.erring = url
	case url:
	default:
		h.erring = several
	}
	switch {
	case !h.served || !own && h.erring != several:
		return Unknown
	case h.Serving > 0 && own:
		return TurnedAway
	case h.Serving > 0:
		return Draining
	}
	h.Unreachable(start, now, jitter, l)
	return Outage
}

// WithinDeadline reports whether the origin is still to be waited for, should it serve nobody.
func (h Health) WithinDeadline(l Limits) bool {
	return h.State < Busy || h.waited.Waited() < l.MaxElapsed
}

// Waited is how long it was waited for, in the outage that is on.
func (h Health) Waited() time.Duration { return h.waited.Waited() }

// Askable reports whether it is worth a request, now or when Until has passed. One that was
// waited for in vain is asked again by whoever comes when it need not be left alone, since
// nobody else would notice that it is back.
func (h Health) Askable(now time.Duration, l Limits) bool {
	return h.WithinDeadline(l) || h.Until <= now
}

// Rebase moves the health to a clock that begins later, by so much.
func (h *Health) Rebase(by time.Duration) {
	h.Until, h.fresh, h.breaking = max(h.Until-by, 0), max(h.fresh-by, 0), max(h.breaking-by, 0)
	h.waited.Rebase(by)
	h.silence.waited.Rebase(by)
}
