package recovery

import (
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// The columns of the table: what is asked, and what is done.

// Conditions.

func always(*outcome) bool { return true }

func anotherNow(x *outcome) bool { return x.f.ready(x.Now, x.tries, x.o, x.Source, anyTerms) >= 0 }

// unverifiedBesideAnother: it is not worth waiting for one that is yet to be compared.
func unverifiedBesideAnother(x *outcome) bool {
	return x.f.some() && !x.s.pinned && !x.s.verified && anotherNow(x)
}

func others(x *outcome) bool { return x.f.soonest(x.Now, x.tries, x.o, x.Source, anyTerms) >= 0 }

// asksTooLong: no more than MaxElapsed is waited in all, give or take the end of the last wait,
// since an outage that is over by then costs no file.
func asksTooLong(x *outcome) bool {
	most := x.f.lim.MaxElapsed
	return x.asked() > min(most, x.left+most/4)
}

// spent: beside others that serve, one that has brought nothing yet has its attempts for all
// pieces that it was asked for together.
func spent(x *outcome) bool {
	return x.tries.Attempts > x.f.lim.Retries || x.f.parallel && !x.s.brought && x.s.attempts > x.f.lim.Retries ||
		x.s.retriesSpent > x.f.retryBudget()
}

// spentAlone is spent, where nobody else brings the file from there.
func spentAlone(x *outcome) bool { return !x.Bringing && spent(x) }

func impatient(x *outcome) bool { return x.s.patience < 0 }

func unresponsive(x *outcome) bool {
	return !x.Answered && !x.Elsewhere && x.h.Unresponsive(x.f.lim.Limits)
}

func tooOften(x *outcome) bool { return x.tries.TurnedAway > x.f.lim.turnedAway }

// tired: it was put off often enough by who serves nobody at the moment, be it for this piece or
// for several by turns.
func tired(x *outcome) bool {
	return max(x.tries.Refusals, x.s.refusals) > x.f.lim.Retries && x.Serving == 0 && anotherNow(x)
}

func unpaid(x *outcome) bool { return x.unpaid }

func waitedOut(x *outcome) bool { return x.s.waited.Spent() >= x.f.lim.MaxElapsed }

// waitedInVain: but for the moment in which it serves again, and not everybody at once.
func waitedInVain(x *outcome) bool { return waitedOut(x) && x.Serving == 0 }

func pastDeadline(x *outcome) bool { return !x.h.WithinDeadline(x.f.lim.Limits) }

func shortTooLong(x *outcome) bool { return x.f.short.Spent() >= x.f.lim.MaxElapsed }

// forgiven: connections that one ends which has served beside others were too many, perhaps.
func forgiven(x *outcome) bool {
	return x.Err.Class == fail.Closed && x.f.parallel && x.s.brought && x.s.strikes < x.f.lim.Retries && anotherNow(x)
}

func renewed(x *outcome) bool { return x.s.renewed }

// besideOthers: what a source has is measured by what others have given, or may.
func besideOthers(x *outcome) bool {
	if !x.f.open {
		return false
	}
	for j := range x.f.n() {
		if j != x.Source && x.f.terms(x.Now, j, x.o) != never && (!x.s.pinned || x.f.parallel && x.f.source(j).brought) {
			return true
		}
	}
	return false
}

func ranged(x *outcome) bool { return !x.s.plain }

func unanswered(x *outcome) bool { return !x.s.pinned }

func beginsAnew(x *outcome) bool { return x.f.anew }

func tooMuchChange(x *outcome) bool { return x.f.changes == 0 }

func firstChange(x *outcome) bool { return x.f.changes == x.f.lim.changes }

// besideRanges: others serve ranges of it, or may.
func besideRanges(x *outcome) bool { return x.Ranged && besideOthers(x) }

// waitedLong: half of the waiting is over, and it may have been for a range alone. Another source
// could be turned to meanwhile, and this one come back to when the outage is over.
func waitedLong(x *outcome) bool {
	half := x.f.lim.MaxElapsed / 2
	return x.f.n() == 1 && x.NewRange && x.s.forms > 0 && x.f.some() && x.Err.Status >= 500 && !x.Elsewhere &&
		(x.s.waited.Waited() >= half || x.h.State >= health.Busy && x.h.Waited() >= half)
}

// insteadInVain: what is there is better gone on with, since it is not for the ranges.
func insteadInVain(x *outcome) bool { return x.Instead && x.f.some() }

func insteadOfRange(x *outcome) bool { return x.Instead }

func nothingThere(x *outcome) bool { return !x.f.some() }

// plainInVain: others were refused that; but a short range was not, or nobody knows yet.
func plainInVain(x *outcome) bool { return x.PlainInVain && nothingThere(x) }

// lastAttempt: an error of the server's leaves one.
func lastAttempt(x *outcome) bool {
	return x.Err.Class == fail.ServerError && x.tries.Attempts >= x.f.lim.Retries
}

func divisible(x *outcome) bool { return x.f.divisible(x.Failure) }

// longAfterErrors: there are not as many attempts left as a range has halves.
func longAfterErrors(x *outcome) bool { return x.Err.Class == fail.ServerError && divisible(x) }

// divisible reports whether what was asked for was longer than the shortest range.
func (f *File) divisible(e *Failure) bool { return f.length(e) > f.lim.shortestRange }

// length is that of the range that was asked for; one to an end that nobody knows is long.
func (f *File) length(e *Failure) int64 {
	switch {
	case e.To >= 0:
		return e.To - e.From
	case f.size > e.From:
		return f.size - e.From
	}
	return 16 * f.lim.shortestRange
}

// What becomes of the source, and of the file.

func stay(*outcome) {}

func suspend(x *outcome) { x.s.become(Suspended) }

func block(x *outcome) { x.s.block(x.h, x.Now) }

// leave is for who has put the file off too often.
func leave(x *outcome) {
	if x.h.State >= health.Busy {
		block(x)
	} else {
		suspend(x)
	}
}

func differ(x *outcome) {
	x.s.plain = x.s.plain || x.Err.Class == fail.NoRanges
	x.s.become(Different)
}

func differPlain(x *outcome) {
	x.s.plain, x.s.instead = true, true
	x.s.become(Different)
}

func halve(x *outcome) { x.s.most = max(x.f.length(x.Failure)/2, x.f.lim.shortestRange) }

// shorten asks for the shortest at once.
func shorten(x *outcome) { x.s.most = x.f.lim.shortestRange }

// askShort has the shortest range asked for, where all of the file was refused as well.
func askShort(x *outcome) {
	x.s.most, x.s.plain, x.s.instead = x.f.lim.shortestRange, false, false
	startOver(x)
}

// askInstead has all of it asked for, without a range. What is there is given up by an answer, not
// by the hope for one.
func askInstead(x *outcome) {
	if x.s.instead = true; nothingThere(x) {
		toStream(x)
	}
}

func askInsteadOnce(x *outcome) { x.s.instead, x.s.forms = true, 0 }

// askShortRanges goes on with what is there: it may be long ranges only that are refused.
func askShortRanges(x *outcome) {
	x.s.instead = false
	shorten(x)
}

func reject(x *outcome) {
	if x.s.become(Rejected); x.f.isolated == x.Source+1 {
		x.f.isolateNext()
	}
}

func die(x *outcome) { x.f.dead = x.Err }

func forgive(x *outcome) { x.s.strikes++ }

// refresh has the caller asked for another URL.
func refresh(x *outcome) {
	x.s.refreshes--
	x.s.expired = true
}

// renew has the URL asked as it was given: what it led to, or its signature, has expired.
func renew(x *outcome) { x.s.renewed = true }

func retry(x *outcome) {
	attempt(x)
	if spent(x) {
		reject(x)
	}
}

func toStream(x *outcome) {
	x.s.plain = true
	startOver(x)
}

// beginAnew: of what a stream had brought before it broke off nothing is left, so it is no
// change of anything.
func beginAnew(x *outcome) { x.f.reset() }

func startOver(x *outcome) {
	x.f.restart()
	x.f.current = x.Source
}

func changedOnce(x *outcome) {
	x.f.changes--
	startOver(x)
}

// changedAgain: one answer is one version.
func changedAgain(x *outcome) {
	x.f.changes--
	toStream(x)
}
