package recovery

import (
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// What kind of failure one is, by its class and by what else was true at that moment.

// kind is the table's entry for a failure. Several rules fit one 403: the first counts.
func (f *File) kind(e *Failure) fail.Class {
	c, s := e.Err.Class, f.source(e.Source)
	switch {
	case f.lim.once && c != fail.Local && c != fail.Shortage && (c != fail.Unreachable || e.Elsewhere):
		return fail.Permanent // the one request was sent
	case c == fail.Displaced && f.displaced == 0:
		return fail.Interrupted // or two connections could take each other's place for ever
	case c == fail.Displaced, c == fail.Shortage, c == fail.Local, c == fail.Changed, c == fail.NoRanges, c == fail.Permanent && e.Err.Status < 300:
		return c // no server's refusal
	case c == fail.Busy && e.Err.Asked && !e.Bringing:
		return c
	case e.Redirected && !s.renewed:
		return moved
	case e.Bringing && s.companions > 0 && e.Brought < f.lim.minProgress && !e.outage():
		return oneTooMany // a file does not fail at who brings it
	case f.expired(e) && !s.renewed:
		return fail.Expired
	case f.refusesRange(e):
		return rangeRefused
	case e.Serving > 0 && e.Served && c != fail.Busy && e.Err.Status >= 400 && !fail.Lacks(e.Err.Status):
		return turnedAway
	}
	return f.byVerdict(e)
}

// expired: what has served, and now answers that the fault is in what was asked; but most such
// answers may be meant for a range of a kind that was never served.
func (f *File) expired(e *Failure) bool {
	switch st := e.Err.Status; st {
	case 408, 416, 425, 429:
		return false
	default:
		return e.Err.Class == fail.Expired || e.Served && !e.NewRange && st >= 400 && st < 500
	}
}

// refusesRange reports whether it may be the range that an error status is meant for: there is
// another form to ask in. Errors of the server's cost attempts as well, of which the other form
// has the last; where it has too much to do, or is in an outage, the other form has a turn now
// and then, but where bytes are there, which it would cost, only once (waitedLong).
func (f *File) refusesRange(e *Failure) bool {
	s, st := f.source(e.Source), e.Err.Status
	switch {
	case s.forms == 0, st < 400, fail.Lacks(st), e.Elsewhere, !e.NewRange && !e.Instead:
		return false
	case e.Instead: // a file that was never served may have a range that is short enough
		return e.Err.Class == fail.Permanent && !e.Served && !e.PlainInVain && s.most == 0
	case !f.some() && (e.PlainInVain || s.most > 0): // nothing there, and all is tried
		return false
	}
	switch c := e.Err.Class; {
	case c == fail.Busy:
		return st == 503 && !f.some() && e.Tries.Refusals >= f.lim.Retries
	case c == fail.ServerError && e.Verdict == health.Outage:
		return !f.some() && e.Tries.Probes%2 == 1
	case c == fail.ServerError:
		return f.lim.Retries > 0 && e.Tries.Attempts == f.lim.Retries-1
	}
	return true
}

// outage: nobody is served any more, whatever the file was brought a moment ago.
func (e *Failure) outage() bool {
	return e.Verdict == health.Outage || e.Err.Class == fail.Unreachable && e.Serving == 0
}

// byVerdict is kind where what counts is whose trouble it is.
func (f *File) byVerdict(e *Failure) fail.Class {
	c := e.Err.Class
	switch {
	case c != fail.Unreachable && c != fail.Closed && e.Verdict == health.Unknown:
		return c
	case e.Elsewhere: // that says nothing of the origin that was asked: it is as if it were busy
		return fail.Busy
	case c == fail.Closed && e.Verdict == health.Unknown:
		return c
	case e.Verdict == health.TurnedAway:
		return turnedAway
	case e.Verdict == health.Draining:
		return draining
	}
	return outage
}
