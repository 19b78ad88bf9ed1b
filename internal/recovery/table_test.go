package recovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// Each row of the table, with one source and with two.

// TestAttempts: a file whose only source fails is asked for MaxRetries times more, later each
// time.
func TestAttempts(t *testing.T) {
	for _, c := range []fail.Class{fail.Interrupted, fail.Timeout, fail.ServerError} {
		d := drive(t, 1)
		begun := d.now
		for range 4 {
			d.fails(0, c)
		}
		require.Equal(t, c, d.want(Fail, 0).Class)
		require.Equal(t, 500*ms+sec+2*sec, d.now-begun-4*10*ms)
	}
}

// TestProgressForgives: what has brought 64 KiB has got somewhere, and who brings 256 KiB each
// time is only slow. What brings less is given up in the end.
func TestProgressForgives(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 64*mib)
	for range 60 {
		d.fails(0, fail.Interrupted, bringing(256*kib))
	}
	for range 10 + 64/16 {
		d.fails(0, fail.Interrupted, bringing(64*kib))
	}
	d.fails(0, fail.Interrupted, bringing(64*kib))
	d.want(Fail, 0)
}

// TestTooSlow: whatever a file has brought, it is given up when it was too slow for as often as
// attempts may fail; another source is turned to at once. What several requests tell at once is told
// once.
func TestTooSlow(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 640*mib)
	for range 4 {
		gen := d.f.source(0).gen
		d.fails(0, fail.TooSlow, bringing(8*mib))
		d.f.Failed(Failure{Gen: gen, Err: &fail.Error{Class: fail.TooSlow}, Now: d.now, Brought: mib}, d.o)
	}
	require.Equal(t, fail.TooSlow, d.want(Fail, 0).Class)

	d = drive(t, 2)
	d.fails(0, fail.TooSlow)
	require.Equal(t, 1, d.next().Source)
}

// TestUnranged: who is never to be asked for a range is asked for all of it, in one stream, and
// goes on with nobody's bytes.
func TestUnranged(t *testing.T) {
	d := drive(t, 1)
	d.f.Unranged(0)
	a := d.next()
	require.True(t, a.Kind == Fetch && a.Stream)
	d.fails(0, fail.Permanent)
	d.want(Fail, 0)

	d = drive(t, 2)
	d.f.Unranged(1)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Permanent)
	require.Equal(t, Restart, d.next().Kind, "it begins anew")
}

// TestClosed: who has never served and ends connections is a wrong address; who has is in an
// outage; who serves others meanwhile has been asked too often, eleven times at most.
func TestClosed(t *testing.T) {
	d := drive(t, 1)
	d.o[0] = health.New(false)
	for range 4 {
		d.fails(0, fail.Closed)
	}
	d.want(Fail, 0)

	d = drive(t, 1)
	begun := d.now
	for d.next().Kind == Fetch {
		d.fails(0, fail.Closed)
	}
	require.InDelta(t, 60, (d.now - begun).Seconds(), 6)
	require.Less(t, d.asked, 20)

	d = drive(t, 1)
	for d.next().Kind == Fetch {
		d.served(0)
		d.fails(0, fail.Closed)
	}
	require.Equal(t, 11, d.asked)

	d = drive(t, 1) // and a refusal is another matter
	for range 8 {
		d.fails(0, fail.Busy, asking(sec))
	}
	for range 10 {
		d.next()
		d.served(0)
		d.fails(0, fail.Closed)
	}
	d.want(Fetch, 0)
}

// TestBusy: it is waited exactly as long as asked, and for MaxElapsed in all.
func TestBusy(t *testing.T) {
	for _, ask := range []time.Duration{0, sec, 7 * sec, 20 * sec, 30 * sec} {
		d := drive(t, 1)
		begun, last := d.now, time.Duration(0)
		for d.next().Kind == Fetch {
			if last > 0 && ask > 0 {
				require.Equal(t, last+ask, d.now)
			}
			d.fails(0, fail.Busy, asking(ask))
			last = d.now
		}
		require.Equal(t, fail.Busy, d.want(Fail, 0).Class)
		require.GreaterOrEqual(t, last-begun, 54*sec, ask)
		require.Less(t, last-begun, 95*sec, ask)
	}
	d := drive(t, 1)
	d.fails(0, fail.Busy, asking(61*sec))
	d.want(Fail, 0)
}

// TestRefusedThenDown: what a busy origin has cost does not make an outage behind it shorter,
// but it counts when it serves others and turns this file away.
func TestRefusedThenDown(t *testing.T) {
	refused := func() *driver {
		d := drive(t, 1)
		d.served(0)
		for range 11 {
			d.o[0].Sent()
			d.fails(0, fail.Busy, asking(5*sec))
			d.o[0].Ended()
		}
		return d
	}
	d := refused()
	for begun := d.now; d.now-begun < 55*sec; {
		d.fails(0, fail.Unreachable)
	}
	d.want(Fetch, 0)

	d = refused()
	d.fails(0, fail.Busy, asking(5*sec))
	d.next()
	d.served(0)
	d.fails(0, fail.Closed)
	d.want(Fail, 0)
	d = refused()
	d.fails(0, fail.Busy, asking(5*sec))
	d.next()
	d.served(0)
	d.fails(0, fail.Closed, func(e *Failure) { e.Serving = 1 })
	d.want(Fetch, 0)
}

// TestElsewhere: where a redirect led is in an outage; the origin that was asked is not, and
// the file waits as long as for a busy one.
func TestElsewhere(t *testing.T) {
	d := drive(t, 1)
	begun := d.now
	for d.next().Kind == Fetch {
		d.served(0)
		d.fails(0, fail.Unreachable, elsewhere)
	}
	require.Equal(t, health.Up, d.o[0].State)
	require.InDelta(t, 62, (d.now - begun).Seconds(), 5)
}

// TestShortage: what this machine is short of is nobody's fault, and is waited for.
func TestShortage(t *testing.T) {
	d := drive(t, 2)
	begun := d.now
	for d.next().Kind == Fetch {
		d.fails(0, fail.Shortage)
	}
	require.Equal(t, fail.Shortage, d.want(Fail, 0).Class)
	require.Equal(t, Active, d.f.Standing(0))
	require.Equal(t, Active, d.f.Standing(1))
	require.InDelta(t, 62, (d.now - begun).Seconds(), 5)
}

func TestLocal(t *testing.T) {
	d := drive(t, 2)
	d.fails(0, fail.Local)
	require.Equal(t, fail.Local, d.want(Fail, 0).Class)
}

// TestDisplaced: a connection that was given up for a better one costs nothing, but there is
// an end to that.
func TestDisplaced(t *testing.T) {
	d := drive(t, 1)
	for range 2*4 + 8 {
		d.fails(0, fail.Displaced)
	}
	require.Zero(t, d.tries)
	for range 4 {
		d.fails(0, fail.Displaced)
	}
	d.want(Fail, 0)
}

// TestExpired: the URL as given is asked once more, and again when it has served.
func TestExpired(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	for range 3 {
		require.False(t, d.f.AsGiven(0))
		d.fails(0, fail.Expired)
		require.True(t, d.f.AsGiven(0))
		d.serves(0, mib, 8*mib)
	}
	d.fails(0, fail.Expired)
	d.fails(0, fail.Expired)
	require.Equal(t, fail.Expired, d.want(Fail, 0).Class)

	d = drive(t, 1)
	for range 3 {
		d.fails(0, fail.ServerError)
	}
	d.fails(0, fail.Expired) // an attempt as any other
	d.want(Fail, 0)
}

// TestUnresponsive: where another file has asked in vain for long, one request in vain is
// enough.
func TestUnresponsive(t *testing.T) {
	d := drive(t, 1)
	d.o[0].Silent(0, 59*sec)
	d.o[0].GaveUp()
	d.fails(0, fail.Timeout, takes(30*sec))
	d.want(Fail, 0)
	require.Equal(t, 1, d.asked)

	d = drive(t, 1)
	d.o[0].Silent(0, 59*sec)
	d.o[0].GaveUp()
	d.fails(0, fail.Timeout, takes(30*sec), bringing(0))
	d.want(Fetch, 0)
}
