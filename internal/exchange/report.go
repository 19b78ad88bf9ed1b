package exchange

import (
	"context"
	"errors"
	"hash/maphash"
	"math/rand/v2"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/origin"
)

// failed finds out what a failure means, and tells the origin that was reached. That is another one
// than was asked where a redirect has led there, which is then no failure of who sent us.
func (c *Client) failed(ctx context.Context, l *origin.Lease, a *Ask, s Sink, o *Outcome, answered bool, err error) {
	at := a.Origin
	if l.At() != nil {
		at = l.At()
	}
	f, h := s.Facts(), at.Health()
	f.Ranged, f.From, f.To = a.Ranged, a.Lo, a.Hi
	if !a.Ranged {
		f.From, f.To = 0, -1
	}
	known := at.Ranges()
	f.NewRange, f.Instead, f.PlainInVain = a.Ranged && known.New(a.Lo, a.Hi), a.Instead, known.InVain >= enough
	f.ShortInVain = f.PlainInVain && known.Dead > 0 && !known.Short(f.From, f.To)
	f.Redirected = a.URL != a.Source.URL
	f.Answered, f.Little, f.Elsewhere = answered, answered && f.Little, at != a.Origin
	f.OriginServed, f.Serving, f.InFlight = h.Served(), h.Serving, h.InFlight
	o.Err, o.Facts, o.Jitter = fail.Of(err, f), f, rand.Float64()
	if ctx.Err() != nil && o.Err.Class != fail.Timeout {
		return
	}
	var rest *origin.Resting
	if errors.As(err, &rest) { // it was not asked, since others have found out
		o.rests(rest)
		return
	}
	tooMany := f.TooMany(o.Err)
	if tooMany {
		l.TurnedAway()
	}
	if o.Err.Status > 0 {
		at.Heard()
	}
	switch refused := !answered && o.Err.Status >= 400 && a.Pin == nil; {
	case refused && a.Instead:
		at.Instead(false)
	case refused && a.Most > 0 && o.Err.Class == fail.Permanent && !fail.Lacks(o.Err.Status):
		at.RefusedShort()
	}
	switch {
	case answered && o.Err.Class == fail.Interrupted && (tooMany || f.Little && f.InFlight > 0):
		l.CutOff() // beside others that may go on
	case answered && o.Err.Class == fail.Interrupted:
		l.Interrupted()
	case !answered:
		if c.report(at, a, o); f.Elsewhere {
			o.Rest = at.Backoff(time.Now())
		}
	}
}

// rests is for a request that was not sent where a redirect led.
func (o *Outcome) rests(r *origin.Resting) {
	o.Verdict, o.Rest = health.Outage, r.For
	if o.Err.Asked {
		e := *o.Err
		e.RetryAfter, o.Err = r.For, &e
	}
}

// report tells the origin that was reached of a request that had no useful answer.
func (c *Client) report(at *origin.Origin, a *Ask, o *Outcome) {
	switch e := o.Err; e.Class {
	case fail.Unreachable:
		at.Unreachable(o.Began, e)
	case fail.Closed:
		o.Verdict = at.Closed(o.Began, e)
	case fail.ServerError:
		if fail.IsOutage(e.Status) {
			o.Verdict = at.Erred(o.Began, maphash.String(seed, a.Source.URL.String())|1, a.Served, e)
		}
	case fail.Timeout:
		at.Silent(o.Began)
	case fail.Busy:
		if e.Status > 0 {
			at.Refused(o.Began, c.backoff(e, a.Refusals, o.Jitter), e)
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
