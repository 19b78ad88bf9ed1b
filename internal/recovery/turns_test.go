package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// From one source to the next, and back.

// TestFirstRequestFails: whatever the first source does at the very first request, the next
// one has the file, soon.
func TestFirstRequestFails(t *testing.T) {
	for c, want := range map[fail.Class]struct {
		requests int
		standing Standing
	}{
		fail.Permanent:   {1, Rejected},
		fail.ServerError: {4, Rejected},
		fail.Timeout:     {1, Suspended},
		fail.Unreachable: {1, Blocked},
		fail.Closed:      {1, Blocked},
		fail.Busy:        {4, Blocked},
		fail.Mismatched:  {1, Different},
	} {
		t.Run(c.String(), func(t *testing.T) {
			d := drive(t, 2)
			for range want.requests {
				d.fails(0, c)
			}
			d.serves(1, mib, 8*mib)
			require.Equal(t, want.standing, d.f.Standing(0))
			require.Less(t, d.now, 110*sec)
		})
	}
}

// TestHeardOf: an origin that others have found down, or busy for good, is left unasked.
func TestHeardOf(t *testing.T) {
	d := drive(t, 2)
	d.o[0].Unreachable(d.now-sec, d.now, 1, usual().Limits)
	d.serves(1, mib, 8*mib)
	require.Equal(t, Blocked, d.f.Standing(0))

	for _, c := range []fail.Class{fail.Unreachable, fail.Busy} {
		d = drive(t, 1)
		for d.o[0].WithinDeadline(usual().Limits) {
			if c == fail.Busy {
				d.o[0].Refused(d.now, d.now, sec, d.f.lim.Limits)
			} else {
				d.o[0].Unreachable(d.now, d.now, 1, usual().Limits)
			}
			d.now = d.o[0].Until
		}
		d.now--
		a := d.want(Fail, 0)
		require.Nil(t, a.Err, "the origin knows why")
		require.Zero(t, d.asked)
		d.now++
		d.f = New(1, usual()) // whoever comes later finds out
		d.fails(0, c)
		require.Equal(t, Blocked, d.f.Standing(0))
		require.NotNil(t, d.want(Fail, 0).Err)
	}
}

// TestSameOutageSamePrice: one outage costs a file the same whether it met it or heard of it.
func TestSameOutageSamePrice(t *testing.T) {
	returns := map[bool]int{}
	for _, met := range []bool{true, false} {
		d := drive(t, 2)
		d.serves(0, mib, 64*mib)
		if met {
			d.fails(0, fail.Unreachable)
		} else {
			d.o[0].Unreachable(d.now, d.now+ms, 1, usual().Limits)
		}
		d.compares(1, true)
		d.served(0)
		d.fails(1, fail.Permanent)
		d.want(Fetch, 0)
		returns[met] = d.f.source(0).returns
	}
	require.Equal(t, map[bool]int{true: 9, false: 9}, returns)
}

// TestBusyIsWaitedOut: one that is busy is waited for, MaxRetries times, though another could
// be asked; but beside one in an outage that has had its rest there is no point in waiting.
func TestBusyIsWaitedOut(t *testing.T) {
	d := drive(t, 2)
	for range 4 {
		d.fails(0, fail.Busy, asking(5*sec))
	}
	d.serves(1, mib, 8*mib)

	d = drive(t, 2)
	d.fails(0, fail.Unreachable)
	d.fails(1, fail.Busy, asking(20*sec))
	begun := d.now
	d.want(Fetch, 0)
	require.Less(t, d.now-begun, sec)
	for range 4 {
		d.fails(0, fail.Unreachable)
	}
	d.fails(0, fail.Unreachable)
	for d.next().Source == 0 {
		d.fails(0, fail.Unreachable)
	}
	require.GreaterOrEqual(t, d.now-begun, 20*sec, "Retry-After is kept")
}

// TestOutagesOfBoth: two that are out for less than MaxElapsed, each in its own way, fail
// nothing, and what was fetched is kept.
func TestOutagesOfBoth(t *testing.T) {
	for _, ways := range [][2]fail.Class{
		{fail.Unreachable, fail.Unreachable}, {fail.Busy, fail.Unreachable}, {fail.Unreachable, fail.Busy}, {fail.Busy, fail.Busy}, {fail.Closed, fail.Busy},
	} {
		d := drive(t, 2)
		d.serves(0, mib, 8*mib)
		begun := d.now
		for d.now-begun < 59*sec {
			a := d.next()
			require.NotEqual(t, Fail, a.Kind, "%v after %v", ways, d.now-begun)
			require.NotEqual(t, Restart, a.Kind)
			if d.now-begun < 59*sec {
				d.fails(a.Source, ways[a.Source])
			}
		}
		if a := d.next(); a.Source == 1 {
			d.compares(1, true)
		}
		d.want(Fetch, d.next().Source)
		require.Less(t, d.asked, 80)
	}
}

// TestTurnsEnd: however two sources fail in turn, they do not do so for ever.
func TestTurnsEnd(t *testing.T) {
	all := []fail.Class{fail.Timeout, fail.Interrupted, fail.Busy, fail.ServerError, fail.Closed, fail.Permanent, fail.Unreachable, fail.NoRanges, fail.Changed}
	for _, first := range all {
		for _, second := range all {
			d := drive(t, 2)
			for d.asked < 200 {
				a := d.next()
				if a.Kind == Fail {
					break
				}
				if a.Kind == Restart {
					d.f.Restarted(0)
					continue
				}
				d.fails(a.Source, []fail.Class{first, second}[a.Source])
			}
			require.Less(t, d.asked, 100, "%v, %v", first, second)
		}
	}
}

// TestReturnsEnd: nor do those that are in an outage whenever this file asks, though others
// are served in between each time.
func TestReturnsEnd(t *testing.T) {
	for _, c := range []fail.Class{fail.Unreachable, fail.Busy} {
		for n := 1; n <= 3; n++ {
			d := drive(t, n)
			for a := d.next(); a.Kind == Fetch && d.asked < 1000; a = d.next() {
				d.tell(a, c)
				d.served(a.Source)
			}
			require.LessOrEqual(t, d.asked, n*12)
			d.want(Fail, 0)
		}
	}
}

// TestTroubleIsNotInherited: what one source has cost is not counted against the next.
func TestTroubleIsNotInherited(t *testing.T) {
	d := drive(t, 2)
	d.serves(0, mib, 8*mib)
	for range 4 {
		d.fails(0, fail.ServerError)
	}
	for range 3 {
		require.Equal(t, Compare, d.fails(1, fail.ServerError).Kind)
	}
	d.compares(1, true)
	d.serves(1, mib, 8*mib)
	d.fails(1, fail.ServerError)
	d.want(Fetch, 1)
}

// TestRecallsComeBack: a file that gets further than ever forgives.
func TestRecallsComeBack(t *testing.T) {
	d := drive(t, 2)
	d.f.Trust()
	for range 20 {
		d.fails(0, fail.Timeout, bringing(0))
		d.serves(1, 256*kib, 64*mib)
		d.fails(1, fail.Timeout, bringing(0))
		d.serves(0, 256*kib, 64*mib)
	}
	for d.next().Kind == Fetch {
		d.fails(d.next().Source, fail.Timeout)
	}
	require.Less(t, d.asked, 100)
}

// TestErrorOfTheFirst: what the caller's own URL failed with explains most.
func TestErrorOfTheFirst(t *testing.T) {
	d := drive(t, 3)
	d.fails(0, fail.Permanent)
	d.fails(1, fail.Permanent)
	for range 4 {
		d.fails(2, fail.ServerError)
	}
	a := d.want(Fail, 0)
	require.Equal(t, fail.Permanent, a.Class)
}
