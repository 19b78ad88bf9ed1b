package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// ofRange is a request for a range of a kind that was never served, which is refused with a status.
func ofRange(from, to int64, status int) func(*Failure) {
	return func(e *Failure) {
		e.Err.Status, e.Ranged, e.NewRange, e.From, e.To = status, true, true, from, to
	}
}

func instead(status int) func(*Failure) {
	return func(e *Failure) { e.Err.Status, e.Instead = status, true }
}

// TestRefusedFirstRange: without anything there all of the file is asked for, then a short range,
// and that is all.
func TestRefusedFirstRange(t *testing.T) {
	d := drive(t, 1)
	d.fails(0, fail.Permanent, ofRange(0, 5*mib, 403))
	require.True(t, d.want(Restart, 0).Stream)
	d.f.Restarted(0)
	require.True(t, d.f.Instead(0))
	d.fails(0, fail.Permanent, instead(403))
	require.False(t, d.want(Restart, 0).Stream)
	d.f.Restarted(0)
	require.EqualValues(t, mib, d.f.Most(0))
	d.fails(0, fail.Permanent, ofRange(0, mib, 403))
	d.want(Fail, 0)
	require.Equal(t, 3, d.asked)
}

// TestAskedInstead: with bytes there ranges are halved down to the shortest; then all of the file is
// asked for, and what is there stays until it is served.
func TestAskedInstead(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, 5*mib, 40*mib)
	for _, length := range []int64{8 * mib, 4 * mib, 2 * mib} {
		d.fails(0, fail.Permanent, ofRange(5*mib, 5*mib+length, 413))
		require.Equal(t, length/2, d.f.Most(0))
	}
	d.fails(0, fail.Permanent, ofRange(5*mib, 6*mib, 413))
	require.True(t, d.f.Instead(0))
	a := d.next()
	require.Equal(t, Fetch, a.Kind, "what was there is thrown away")
	require.False(t, a.Stream)
	d.f.Answered(0, 40*mib, true)
	require.True(t, d.next().Stream)
}

// TestErrorsOfRanges: an error of the server's has its attempts; the last is without a range.
func TestErrorsOfRanges(t *testing.T) {
	d := drive(t, 1)
	for range 3 {
		require.False(t, d.f.Instead(0))
		d.fails(0, fail.ServerError, ofRange(0, 5*mib, 500))
	}
	require.True(t, d.want(Restart, 0).Stream)
	d.f.Restarted(0)
	d.fails(0, fail.ServerError, instead(500))
	d.want(Fail, 0)
	require.Equal(t, 4, d.asked)
}

// TestDeadLinks: where nothing but the link is dead there is no other form to ask in.
func TestDeadLinks(t *testing.T) {
	for _, status := range []int{401, 404, 407, 410} {
		d := drive(t, 1)
		d.fails(0, fail.Permanent, ofRange(0, 5*mib, status))
		d.want(Fail, 0)
	}
	d := drive(t, 1)
	d.fails(0, fail.Permanent, ofRange(0, 5*mib, 403), func(e *Failure) { e.PlainInVain = true })
	d.want(Fail, 0)
}

// TestBesideBytes: as long as others of the file arrive no refusal counts, but for so many.
func TestBesideBytes(t *testing.T) {
	beside := func(e *Failure) { e.Bringing, e.Serving = true, 1 }
	for _, c := range []fail.Class{fail.Timeout, fail.Closed, fail.Interrupted, fail.ServerError, fail.Busy, fail.Expired, fail.Mismatched} {
		d := drive(t, 1)
		d.serves(0, mib, 8*mib)
		d.o[0].Useful(d.now) // which goes on
		for range d.f.lim.companions {
			d.fails(0, c, beside, func(e *Failure) { e.Err.Status = 400 })
			require.Equal(t, Active, d.f.Standing(0), "%v", c)
		}
		require.Zero(t, d.f.source(0).attempts)
		require.Zero(t, d.f.source(0).companions)
	}
}

// TestMoved: what fails where a redirect had led has the URL as given asked, once until it has
// served again, and at the price of an attempt.
func TestMoved(t *testing.T) {
	led := func(e *Failure) { e.Redirected = true }
	for _, c := range []fail.Class{fail.Timeout, fail.Closed, fail.Interrupted, fail.ServerError, fail.Busy, fail.Unreachable, fail.Expired} {
		d := drive(t, 1)
		d.serves(0, mib, 8*mib)
		d.fails(0, c, led)
		require.True(t, d.f.AsGiven(0), "%v", c)
		require.Equal(t, 1, d.f.source(0).attempts)
		d.serves(0, mib, 8*mib)
		require.False(t, d.f.AsGiven(0))
	}
}
