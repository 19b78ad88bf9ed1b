package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// Prices. What concerns the piece that was asked for is paid by stale outcomes, too.

func free(*outcome) {}

func displace(x *outcome) {
	if !x.stale {
		x.f.displaced--
	}
}

// attempt counts a failure that is nobody's but the request's. What broke off after it had
// brought something is only slow; but a stream has lost that.
func attempt(x *outcome) {
	x.tries.Attempts++
	x.until(x.f.lim.retry(x.tries.Attempts-1, x.Jitter))
	if x.stale {
		return
	}
	x.s.attempts++
	if x.f.stream || x.Brought < x.f.lim.goodProgress {
		x.s.retriesSpent++
	}
	x.f.anew = x.f.stream && x.f.open
}

// slow counts a time that the file came too slowly, whatever it has brought: that is what it was.
func slow(x *outcome) {
	x.tries.Attempts++
	x.until(x.f.lim.retry(x.tries.Attempts-1, x.Jitter))
	if x.stale {
		return
	}
	x.s.patience--
	x.f.anew = x.f.stream && x.f.open
}

// companion puts the piece off for a moment that grows: others of its file arrive meanwhile. As
// long as they do it costs nothing in the end; when the budget is gone, and not a byte has come since,
// the next one is waited for.
func companion(x *outcome) {
	x.tries.TooMany++
	jitter := x.Jitter
	if !x.Bringing { // nothing makes a place free but time: haste does not
		jitter = (1 + jitter) / 2
	}
	x.until(max(x.f.lim.rest(x.tries.TooMany-1, jitter), min(x.asked(), x.f.lim.MaxElapsed)))
	if x.stale {
		return
	}
	have := x.f.have + x.f.unreported
	x.f.markProgress(x.s, have)
	switch {
	case x.s.companions > 0:
		x.s.companions--
	case have > x.f.most:
		x.f.most = have
	default:
		x.s.waited.Failed(x.Start, x.Now, x.tries.Until)
	}
}

// otherForm has the piece asked for at once; but an error of the server's is an attempt as well.
func otherForm(x *outcome) {
	if !x.stale {
		x.s.forms--
	}
	switch {
	case x.Err.Class == fail.ServerError && x.Verdict == health.Outage && x.Elsewhere:
		refusal(x)
	case x.Err.Class == fail.ServerError && x.Verdict == health.Outage:
		outOfReach(x)
	case x.Err.Class == fail.ServerError:
		attempt(x)
	}
}

// turnAway puts the piece off for a moment that grows.
func turnAway(x *outcome) {
	x.tries.TurnedAway++
	drain(x)
}

// drain puts the piece off, and counts nothing: whoever asks is turned away, and for as long as
// the answers take that are under way.
func drain(x *outcome) {
	x.putOff(x.f.lim.rest(x.tries.Refusals, x.Jitter))
}

// refusal puts the piece off for exactly as long as was asked, since there will be room then;
// else for a moment that grows, but not so long that it is missed when there is.
func refusal(x *outcome) {
	d := x.f.lim.Backoff(x.tries.Refusals, x.Jitter)
	switch {
	case x.Rest > 0: // where it led
		d = x.Rest
	case x.Err.Class != fail.Busy: // of another origin
		d = x.f.lim.rest(x.tries.Refusals, x.Jitter)
	case x.asked() > 0:
		d = x.asked()
	}
	if !x.stale && x.h.State >= health.Busy {
		x.unpaid = !x.s.settle(x.h, x.Now)
	}
	x.tries.TurnedAway = 0
	x.putOff(d)
}

// outOfReach charges the outage to its origin, as if the file had only heard of it. The piece
// may be asked for when the origin may.
func outOfReach(x *outcome) {
	x.tries.Probes++
	if !x.stale {
		x.unpaid = !x.s.settle(x.h, x.Now)
		x.s.waited.Failed(x.Now, x.Now, x.Now)
	}
}

func shortage(x *outcome) {
	x.tries.Refusals++
	x.until(x.f.lim.rest(x.tries.Refusals-1, x.Jitter))
	x.f.short.Failed(x.Start, x.Now, x.tries.Until)
}

// asked is how long the server wants to be left alone.
func (x *outcome) asked() time.Duration {
	if !x.Err.Asked {
		return 0
	}
	return x.Err.RetryAfter
}

// until has the piece not asked for at this source for so long.
func (x *outcome) until(d time.Duration) { x.tries.Until = x.Now + d }

// putOff is until for who has no room: others do not come meanwhile either.
func (x *outcome) putOff(d time.Duration) {
	x.tries.Refusals++
	x.until(d)
	if !x.stale && x.Start >= x.s.notBefore {
		x.s.refusals = min(x.s.refusals+1, x.f.lim.Retries+1)
	}
	x.s.notBefore = max(x.s.notBefore, x.tries.Until)
	if !x.stale {
		x.s.waited.Failed(x.Start, x.Now, max(x.tries.Until, x.h.Until))
	}
}

// retryBudget is how many failures a source has that bring next to nothing.
func (f *File) retryBudget() int { return f.lim.retryBudget + int(f.size/f.lim.bytesPerRetry) }
