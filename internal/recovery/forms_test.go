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
	d.fails(0, fail.Permanent, ofRange(0, 5*mib, 403), func(e *Failure) { e.PlainInVain, e.ShortInVain = true, true })
	d.want(Fail, 0)
}

// TestHalvedToTheShortest: a range is halved as long as it is longer than the shortest, whatever its
// length; all of the file is asked for when nothing else is left.
func TestHalvedToTheShortest(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, 5*mib, 40*mib)
	at := 5 * mib
	for _, length := range []int64{2400 * kib, 1200 * kib} {
		d.fails(0, fail.Permanent, ofRange(at, at+length, 413))
		require.False(t, d.f.Instead(0))
		require.Equal(t, max(length/2, mib), d.f.Most(0))
	}
	d.serves(0, mib, 40*mib)
	require.Equal(t, Active, d.f.Standing(0))
}

// TestShortBesideOthers: where others were refused all of the file a short range is asked for,
// unless that was refused to one as well.
func TestShortBesideOthers(t *testing.T) {
	inVain := func(e *Failure) { e.PlainInVain = true }
	for _, refused := range []func(*Failure){ofRange(0, 5*mib, 403), instead(403)} {
		d := drive(t, 1)
		d.fails(0, fail.Permanent, refused, inVain)
		require.False(t, d.want(Restart, 0).Stream)
		d.f.Restarted(0)
		require.Equal(t, mib, d.f.Most(0))
		d.fails(0, fail.Permanent, ofRange(0, mib, 403), inVain)
		d.want(Fail, 0)
	}
	d := drive(t, 1)
	d.fails(0, fail.Permanent, instead(403), inVain, func(e *Failure) { e.ShortInVain = true })
	d.want(Fail, 0)
}

// TestErrorsOfLaterRanges: with bytes there the last but one of the attempts is for the shortest
// range, which costs nothing, and the last for all of the file.
func TestErrorsOfLaterRanges(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, 5*mib, 40*mib)
	failed := ofRange(5*mib, 9*mib, 500)
	d.fails(0, fail.ServerError, failed)
	require.Zero(t, d.f.Most(0))
	d.fails(0, fail.ServerError, failed)
	require.Equal(t, mib, d.f.Most(0))
	require.False(t, d.f.Instead(0))
	d.fails(0, fail.ServerError, ofRange(5*mib, 6*mib, 500))
	require.True(t, d.f.Instead(0))
	require.Equal(t, Fetch, d.next().Kind, "what was there is thrown away")
	d.fails(0, fail.ServerError, instead(500))
	d.want(Fail, 0)
	require.Equal(t, 5, d.asked)
}

// TestWaitingOfLaterRanges: when half of the waiting is over all of the file is asked for, once, and
// then short ranges.
func TestWaitingOfLaterRanges(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, 5*mib, 40*mib)
	for !d.f.Instead(0) {
		d.fails(0, fail.Busy, ofRange(5*mib, 9*mib, 503))
	}
	require.GreaterOrEqual(t, d.f.source(0).waited.Waited(), 30*sec)
	require.Zero(t, d.f.Most(0))
	d.fails(0, fail.Busy, instead(503))
	require.Equal(t, mib, d.f.Most(0))
	d.fails(0, fail.Busy, ofRange(5*mib, 6*mib, 503))
	require.False(t, d.f.Instead(0))
	require.Equal(t, mib, d.f.Most(0))
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

// TestBesideBytesForLong: with the budget gone it still does not fail, as long as bytes come, and is
// waited for where none do; but for MaxElapsed.
func TestBesideBytesForLong(t *testing.T) {
	beside := func(e *Failure) { e.Bringing, e.Serving, e.Err.Status = true, 1, 409 }
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	d.o[0].Useful(d.now) // which goes on
	s := d.f.source(0)
	for s.companions > 0 {
		d.fails(0, fail.Permanent, beside)
	}
	for i := range int64(100) { // a byte each time
		d.f.Has(mib + 1 + i)
		d.fails(0, fail.Permanent, beside)
	}
	require.Equal(t, Active, s.standing)
	require.Zero(t, s.waited.Spent())
	for i := 0; s.standing == Active; i++ {
		d.next()
		d.fails(0, fail.Permanent, beside)
		require.Less(t, i, 1000)
	}
	require.Equal(t, Rejected, s.standing)
	require.GreaterOrEqual(t, s.waited.Spent(), d.f.lim.MaxElapsed)
}

// TestNoRefusal: an answer without content, or of what is no version, is one too many beside bytes of
// the file, and soon after; else it is what it looks like.
func TestNoRefusal(t *testing.T) {
	for name, c := range map[string]struct {
		class  fail.Class
		status int
		at     fail.Facts
		many   bool
	}{
		"204":                      {fail.Permanent, 204, fail.Facts{}, false},
		"204 beside":               {fail.Permanent, 204, fail.Facts{Bringing: true}, true},
		"204 soon after":           {fail.Permanent, 204, fail.Facts{Lately: true}, true},
		"a redirect to nowhere":    {fail.Permanent, 0, fail.Facts{Bringing: true}, false},
		"a page":                   {fail.Dubious, 200, fail.Facts{}, false},
		"a page beside":            {fail.Dubious, 200, fail.Facts{Bringing: true}, true},
		"a page soon after":        {fail.Dubious, 200, fail.Facts{Lately: true}, false},
		"a page at once":           {fail.Dubious, 200, fail.Facts{Lately: true, JustNow: true}, true},
		"a page while one waits":   {fail.Dubious, 200, fail.Facts{Awaited: true}, true},
		"451 while one waits":      {fail.Permanent, 451, fail.Facts{Awaited: true}, true},
		"a cut while one waits":    {fail.Interrupted, 0, fail.Facts{Awaited: true, Answered: true}, false},
		"another version":          {fail.Changed, 200, fail.Facts{Bringing: true}, false},
		"cut in its middle":        {fail.Interrupted, 0, fail.Facts{Lately: true, Answered: true}, false},
		"cut at its beginning":     {fail.Interrupted, 0, fail.Facts{Lately: true, Ranged: true, Answered: true, Little: true}, false}, // as what came lately was, perhaps
		"and of all of the file":   {fail.Interrupted, 0, fail.Facts{Lately: true, Answered: true, Little: true}, false},
		"a status it may be about": {fail.NoRanges, 416, fail.Facts{Bringing: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, 1)
			d.serves(0, mib, 8*mib)
			d.fails(0, c.class, func(e *Failure) { e.Facts, e.Err.Status = c.at, c.status })
			require.Equal(t, c.many, d.f.source(0).companions < d.f.lim.companions)
		})
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

// TestLedAstray: so has what refuses for good where a redirect leads at once, whatever the words;
// but no proxy, and not who is one too many there.
func TestLedAstray(t *testing.T) {
	elsewhere := func(status int) func(*Failure) {
		return func(e *Failure) { e.Elsewhere, e.Err.Status = true, status }
	}
	for _, status := range []int{0, 202, 404, 501} {
		d := drive(t, 1)
		d.fails(0, fail.Permanent, elsewhere(status))
		require.True(t, d.f.AsGiven(0), status)
		require.Equal(t, Active, d.f.Standing(0))
		d.fails(0, fail.Permanent, elsewhere(status))
		require.Equal(t, Rejected, d.f.Standing(0), "it is asked once more")
	}
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Permanent, elsewhere(404), func(e *Failure) { e.Bringing = true })
	require.False(t, d.f.AsGiven(0))
	require.Equal(t, Active, d.f.Standing(0))
	d.fails(0, fail.Permanent, elsewhere(0), func(e *Failure) { e.Redirected, e.Err.Err = true, fail.ErrProxy })
	require.Equal(t, Rejected, d.f.Standing(0))
}
