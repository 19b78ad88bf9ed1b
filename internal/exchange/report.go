package exchange

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/origin"
)

// failed finds out what a failure means, and tells the origins.
func (c *Client) failed(ctx context.Context, l *origin.Lease, a *Ask, s Sink, o *Outcome, answered bool, err error) {
	at, h := l.At(), a.Origin.Health()
	f := s.Facts()
	f.Ranged, f.From, f.To = a.Ranged, a.Lo, a.Hi
	if !a.Ranged {
		f.From, f.To = 0, -1
	}
	known := a.Origin.Ranges()
	f.NewRange, f.Instead, f.PlainInVain = a.Ranged && known.New(a.Lo, a.Hi), a.Instead, known.InVain >= enough
	f.Redirected = a.URL != a.Source.URL
	f.Answered, f.Empty, f.Elsewhere = answered, answered && f.Empty, at != nil && at != a.Origin
	f.OriginServed, f.Serving, f.InFlight = h.Served(), h.Serving, h.InFlight
	o.Err, o.Facts, o.Jitter = fail.Of(err, f), f, rand.Float64()
	if ctx.Err() != nil && o.Err.Class != fail.Timeout {
		return
	}
	if f.TooMany(o.Err) {
		l.TurnedAway()
	}
	if o.Err.Status > 0 {
		a.Origin.Heard()
	}
	if a.Instead && !answered && o.Err.Status >= 400 && a.Pin == nil {
		a.Origin.Instead(false)
	}
	switch {
	case answered && o.Err.Class == fail.Interrupted:
		l.Interrupted()
	case !answered && !f.Elsewhere:
		c.report(a, o)
	}
}

// report tells the origin that was asked of a request that had no useful answer.
func (c *Client) report(a *Ask, o *Outcome) {
	switch e := o.Err; e.Class {
	case fail.Unreachable:
		a.Origin.Unreachable(o.Began, e)
	case fail.Closed:
		o.Verdict = a.Origin.Closed(o.Began, e)
	case fail.ServerError:
		if fail.IsOutage(e.Status) {
			o.Verdict = a.Origin.Erred(o.Began, maphash.String(seed, a.Source.URL.String())|1, a.Served, e)
		}
	case fail.Timeout:
		a.Origin.Silent(o.Began)
	case fail.Busy:
		if e.Status > 0 {
			a.Origin.Refused(o.Began, c.backoff(e, a.Refusals, o.Jitter), e)
		}
	}
}

// enough URLs that refuse to be asked for ranges and for the whole alike: the next are not tried.
const enough = 2

// seed is of the numbers that stand for URLs.
var seed = maphash.MakeSeed()

// backoff is how long an origin that has too much to do is left alone: exactly as long as it
// asks for, since there will be room then.
func (c *Client) backoff(e *fail.Error, refusals int, jitter float64) time.Duration {
	if e.Asked && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return c.conf.Limits.Backoff(refusals, jitter)
}
