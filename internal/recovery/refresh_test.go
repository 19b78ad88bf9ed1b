package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// refused is an answer of a status.
func refused(status int) func(*Failure) {
	return func(e *Failure) { e.Err.Status = status }
}

// refreshed begins a file of n sources whose caller gives fresh URLs for the first.
func refreshed(t *testing.T, n int) *driver {
	d := drive(t, n)
	d.f = New(n, usual().Refreshed())
	return d
}

// TestRefreshes: a URL that is refused is had anew, once until it has served again, and before
// others are asked; that costs no attempt, and what is there stays.
func TestRefreshes(t *testing.T) {
	for _, status := range []int{401, 403, 410} {
		d := refreshed(t, 2)
		d.serves(0, mib, 64*mib)
		for i := range 20 {
			d.fails(0, fail.Expired, refused(status), served)
			d.want(Refresh, 0)
			d.want(Refresh, 0)
			d.f.Refreshed()
			d.serves(0, mib, 64*mib)
			require.EqualValues(t, int64(i+2)*mib, d.f.have)
		}
		require.Zero(t, d.f.first.retriesSpent)
		d.fails(0, fail.Expired, refused(status), served)
		d.want(Refresh, 0)
		d.f.Refreshed()
		d.fails(0, fail.Permanent, refused(status)) // the fresh one is no better
		d.want(Compare, 1)
	}
}

// served: the URL has served before.
func served(e *Failure) { e.Served = true }

// TestRefreshesEnd: who serves a little of the file each time is not asked for ever.
func TestRefreshesEnd(t *testing.T) {
	d := refreshed(t, 1)
	d.answers(0, 64*mib)
	for n := 0; ; n++ {
		require.Less(t, n, 20)
		if d.fails(0, fail.Expired, refused(403), served); d.next().Kind != Refresh {
			return
		}
		d.f.Refreshed()
		d.answers(0, 64*mib)
	}
}

// TestRefreshesOnly what is refused as such, of the first source, by whose caller has one.
func TestRefreshesOnly(t *testing.T) {
	for what, c := range map[string]struct {
		d      *driver
		source int
		with   []func(*Failure)
	}{
		"no caller":        {drive(t, 1), 0, []func(*Failure){refused(403)}},
		"missing":          {refreshed(t, 1), 0, []func(*Failure){refused(404)}},
		"where it had led": {refreshed(t, 1), 0, []func(*Failure){refused(403), func(e *Failure) { e.Redirected = true }}},
		"too many":         {refreshed(t, 1), 0, []func(*Failure){refused(429), served}},
		"beside bytes":     {refreshed(t, 1), 0, []func(*Failure){refused(403), served, func(e *Failure) { e.Bringing = true }}},
	} {
		c.d.fails(c.source, fail.Permanent, c.with...)
		require.NotEqual(t, Refresh, c.d.next().Kind, what)
	}
}

// TestDeclined: what the caller would not have is tried as often as anything, and says nothing of
// the source.
func TestDeclined(t *testing.T) {
	d := drive(t, 1)
	for range 3 {
		d.fails(0, fail.Declined)
		d.want(Fetch, 0)
	}
	d.fails(0, fail.Declined)
	require.Equal(t, fail.Declined, d.want(Fail, 0).Class)
}
