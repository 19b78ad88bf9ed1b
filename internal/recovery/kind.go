package recovery

import (
	"errors"

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
	case e.noRefusal():
		return c
	case c == fail.Busy && e.Err.Asked && !e.beside():
		return c
	case e.ledAstray() && !s.renewed:
		return moved
	case e.saysNothing():
		return c
	case !e.Bringing && !e.Awaited && f.refreshable(e): // nobody else has its place
		return stale
	case e.beside() && (s.companions > 0 || !e.Answered) && e.Brought < f.lim.minProgress && !e.outage():
		return oneTooMany // a file does not fail at who brings it
	case f.refreshable(e):
		return stale
	case f.expired(e) && !s.renewed:
		return fail.Expired
	case f.refusesRange(e):
		return rangeRefused
	case e.Serving > 0 && e.Served && c != fail.Busy && e.Err.Status >= 400 && !fail.Lacks(e.Err.Status):
		return turnedAway
	}
	return f.byVerdict(e)
}

// noRefusal: it says of the file, of this machine, of the caller, or of the proxy what is so whatever else goes on.
func (e *Failure) noRefusal() bool {
	switch e.Err.Class {
	case fail.Displaced, fail.Shortage, fail.Local, fail.TooSlow, fail.Changed, fail.NoRanges, fail.Declined:
		return true
	case fail.Permanent:
		return errors.Is(e.Err, fail.ErrProxy)
	}
	return false
}

// saysNothing: it is no answer that could be had in another way. But beside bytes of the file one
// that holds nothing may be a refusal, too.
func (e *Failure) saysNothing() bool {
	st := e.Err.Status
	return e.Err.Class == fail.Permanent && st < 300 && (st <= 200 || !e.beside())
}

// beside: others bring bytes of the file, or did until a moment ago, so that it may only not have
// had room; or one is on its way that will tell more than a refusal. What is taken for another
// version else, which costs all that is there, is not put off for longer. What was answered, and
// broke off, had room: those before it may have broken off as well.
func (e *Failure) beside() bool {
	dubious := e.Err.Class == fail.Dubious
	switch {
	case e.Bringing, e.Awaited && (dubious || e.Err.Status >= 400):
		return true
	case dubious:
		return e.JustNow
	}
	return e.Lately && !e.Answered
}

// ledAstray: a redirect had led there; or has just now, and to another origin that refuses for
// good. The next may lead to a better one.
func (e *Failure) ledAstray() bool {
	return e.Redirected || e.Elsewhere && e.Err.Class == fail.Permanent && !e.Bringing
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

// refreshable: the URL that the caller gave, or its latest successor, is refused, and he may have
// another.
func (f *File) refreshable(e *Failure) bool {
	if s := f.source(e.Source); e.Source != 0 || s.refreshes == 0 || s.refreshed || e.Redirected {
		return false
	}
	switch st := e.Err.Status; st {
	case 401, 403, 410:
		return true
	case 408, 416, 425, 429:
		return false
	default:
		return e.Served && st >= 400 && st < 500
	}
}

// refusesRange reports whether it may be the range that an error status is meant for: there is
// another form to ask in. Errors of the server's cost attempts as well, of which the other form
// has the last; where it has too much to do, or is in an outage, the other form has a turn now
// and then, but where bytes are there, which it would cost, only once (waitedLong). Of the
// attempts a short range, which costs nothing, has the one before there.
func (f *File) refusesRange(e *Failure) bool {
	s, st := f.source(e.Source), e.Err.Status
	switch {
	case s.forms == 0, st < 400, fail.Lacks(st), !e.NewRange && !e.Instead:
		return false
	case e.Instead: // a file that was never served may have a range that is short enough
		return e.Err.Class == fail.Permanent && !e.Served && !e.ShortInVain && s.most == 0
	case f.some():
	case s.most > 0, e.ShortInVain, e.PlainInVain && e.Err.Class != fail.Permanent: // nothing there, and all is tried
		return false
	}
	switch c := e.Err.Class; {
	case c == fail.Busy:
		return st == 503 && !f.some() && e.Tries.Refusals >= f.lim.Retries
	case c == fail.ServerError && e.Verdict == health.Outage: // each time it is a probe of its origin, or was put off
		return !f.some() && (e.Tries.Probes+e.Tries.Refusals)%2 == 1
	case c == fail.ServerError:
		left := f.lim.Retries - e.Tries.Attempts
		return f.lim.Retries > 0 && (left <= 1 || left == 2 && f.some() && f.divisible(e))
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
	case e.Elsewhere: // of the origin that was asked that says nothing: it is as if it were busy
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
