package exchange_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/exchange"
	"github.com/littledl/littledl/internal/fail"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
)

// TestClasses: what a server does has one class, and its origin gets to know of it.
func TestClasses(t *testing.T) {
	for name, c := range map[string]struct {
		does    Behaviour
		change  func(*exchange.Ask)
		serving int // of others, meanwhile
		want    fail.Class
		state   health.State
	}{
		"404":                    {does: Status(404), want: fail.Permanent, state: health.Up},
		"404 of one that served": {does: Status(404), change: func(a *exchange.Ask) { a.Served = true }, want: fail.Expired, state: health.Up},
		"500":                    {does: Status(500), want: fail.ServerError, state: health.Up},
		"503":                    {does: Status(503), want: fail.Busy, state: health.Busy},
		"429":                    {does: Status(429, RetryAfter("7")), want: fail.Busy, state: health.Busy},
		"429 for an hour":        {does: Status(429, RetryAfter("3600")), want: fail.Busy, state: health.Busy},
		"202":                    {does: Status(202, RetryAfter("7")), want: fail.Busy, state: health.Busy},
		"400":                    {does: Status(400, RetryAfter("7")), want: fail.Busy, state: health.Busy},
		"502, and when":          {does: Status(502, RetryAfter("7")), want: fail.Busy, state: health.Busy},
		"404, and when":          {does: Status(404, RetryAfter("7")), want: fail.Permanent, state: health.Up},
		"reset":                  {does: RSTNow(), want: fail.Closed, state: health.Down},
		"reset beside others":    {does: RSTNow(), serving: 1, want: fail.Closed, state: health.Up},
		"mute":                   {does: StallHeader(), want: fail.Timeout, state: health.Up},
		"cut":                    {does: ShortBody(1000), want: fail.Interrupted, state: health.Up},
		"another part":           {does: WrongRange(RangeShifted), change: func(a *exchange.Ask) { a.Lo, a.Pin = 1000, pinned }, want: fail.NoRanges, state: health.Up},
		"the whole file":         {does: NoRange(), change: func(a *exchange.Ask) { a.Lo, a.Pin = 1000, pinned }, want: fail.NoRanges, state: health.Up},
		"another size":           {does: Good(), change: func(a *exchange.Ask) { a.Pin = &httprange.Pin{Size: 7} }, want: fail.Changed, state: health.Up},
		"gzip":                   {does: Gzip(), want: fail.Permanent, state: health.Up},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bed) {
				t := b.T
				f := b.server("a.test").File("f", Size(size), Behave(c.does))
				a := b.ask(f.URL())
				b.useful(a.Origin, c.serving)
				time.Sleep(5 * time.Second) // what has served a moment ago ends connections at no fault of its own
				if c.change != nil {
					c.change(a)
				}
				_, o := b.get(a)
				require.NotNil(t, o.Err)
				require.Equal(t, c.want, o.Err.Class, "%v", o.Err)
				require.Equal(t, c.state, a.Origin.Health().State)
				require.Equal(t, c.serving, a.Origin.Health().Serving)
				require.Zero(t, a.Origin.Health().InFlight)
				require.True(t, o.Facts.OriginServed)
				require.True(t, o.Facts.Spare)
				require.Equal(t, c.want == fail.Interrupted, o.Facts.Answered)
				require.Equal(t, c.serving, o.Facts.Serving)
				if c.want == fail.Closed {
					require.Equal(t, c.serving > 0, o.Verdict == health.Draining)
				}
			})
		})
	}
}

// TestNobody: who cannot be reached is down, and is left alone.
func TestNobody(t *testing.T) {
	bubble(t, func(b *bed) {
		t := b.T
		a := b.ask("http://nobody.test/f")
		_, o := b.get(a)
		require.Equal(t, fail.Unreachable, o.Err.Class)
		require.Equal(t, health.Down, a.Origin.Health().State)
		require.Positive(t, a.Origin.Backoff(time.Now()))
	})
}

// TestGood: the bytes are where they belong, and are counted.
func TestGood(t *testing.T) {
	bubble(t, func(b *bed) {
		t := b.T
		srv := b.server("a.test")
		f := srv.File("f", Size(size))
		a := b.ask(f.URL())
		s, o := b.get(a)
		require.Nil(t, o.Err)
		require.Equal(t, Bytes(f.Content()), s.got)
		require.Equal(t, size, s.n)
		require.Len(t, s.answers, 1)
		require.Equal(t, "bytes=0-307199", srv.GETs()[0].Range)
		require.Same(t, a.Origin, s.at)

		a.Ranged = false
		_, o = b.get(a)
		require.Nil(t, o.Err)
		require.Empty(t, srv.GETs()[1].Range)
	})
}

// TestNotWanted: of an answer that the file does not want after all nothing is read, and its
// reason is the outcome.
func TestNotWanted(t *testing.T) {
	bubble(t, func(b *bed) {
		t := b.T
		a := b.ask(b.server("a.test").File("f", Size(size)).URL())
		s := &sink{hi: size, got: make([]byte, size), refuses: errors.New("no")}
		o := b.client.Get(t.Context(), a.Origin.Lease(claim), a, s)
		require.ErrorIs(t, o.Err, s.refuses)
		require.Zero(t, s.n)
		require.False(t, o.Facts.Answered)
		require.Equal(t, health.Up, a.Origin.Health().State)
	})
}

// TestLearnsIfRange: who answers If-Range with the whole file is asked without, at once, and
// for good.
func TestLearnsIfRange(t *testing.T) {
	bubble(t, func(b *bed) {
		t := b.T
		srv := b.server("a.test")
		f := srv.File("f", Size(size), Behave(DislikesIfRange()))
		a := b.ask(f.URL())
		r := f.Representation()
		a.Lo, a.Pin = 1000, &httprange.Pin{Size: size, ETag: r.ETag}
		_, o := b.get(a)
		require.Nil(t, o.Err)
		_, o = b.get(a)
		require.Nil(t, o.Err)
		var with []bool
		for _, r := range srv.GETs() {
			with = append(with, r.IfRange != "")
		}
		require.Equal(t, []bool{true, false, false}, with)
	})
}

// TestElsewhere: what failed where a redirect led says nothing of the origin that was asked.
func TestElsewhere(t *testing.T) {
	for name, does := range map[string]Behaviour{"reset": RSTNow(), "busy": Status(503)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bed) {
				t := b.T
				g := b.server("b.test").File("g", Size(size), Behave(does))
				a := b.ask(b.server("a.test").File("f", Size(size), Behave(RedirectTo(g.URL(), http.StatusFound))).URL())
				b.useful(a.Origin, 0)
				time.Sleep(5 * time.Second)
				_, o := b.get(a)
				require.True(t, o.Facts.Elsewhere)
				require.Equal(t, health.Up, a.Origin.Health().State)
			})
		})
	}
}

// TestEndedByUs: what we end ourselves is told to nobody, but for what has stood still.
func TestEndedByUs(t *testing.T) {
	for why, want := range map[error]fail.Class{fail.ErrStalled: fail.Timeout, fail.ErrDisplaced: fail.Displaced, errors.New("paused"): fail.Interrupted} {
		t.Run(why.Error(), func(t *testing.T) {
			bubble(t, func(b *bed) {
				t := b.T
				a := b.ask(b.server("a.test").File("f", Size(size), Behave(Stall(1000))).URL())
				ctx, end := ended(t)
				time.AfterFunc(10*time.Second, func() { end(why) })
				s := &sink{hi: size, got: make([]byte, size)}
				o := b.client.Get(ctx, a.Origin.Lease(claim), a, s)
				require.ErrorIs(t, o.Err, why)
				require.Equal(t, want, o.Err.Class)
				require.Equal(t, 1000, s.n)
				require.False(t, a.Origin.Health().Breaking(b.origins.At(time.Now())))
			})
		})
	}
}
