package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/wait"
)

// Several requests of one file that are under way together.

// begin begins so many requests at once.
func (d *driver) begin(n int) (all []Action) {
	for range n {
		all = append(all, d.want(Fetch, d.f.current))
	}
	return all
}

// TestCorrelatedFailuresAreOne: what breaks all connections at once is one failure, however
// many there are; each piece has been tried once more all the same.
func TestCorrelatedFailuresAreOne(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 64*mib)
	for n := range 10 {
		for _, a := range d.begin(16) {
			d.tries = wait.Tries{}
			d.tell(a, fail.Interrupted, bringing(1000))
			require.Equal(t, 1, d.tries.Attempts)
		}
		require.Equal(t, n+1, d.f.source(0).retriesSpent)
		d.tries = wait.Tries{}
	}
	require.Equal(t, Active, d.f.Standing(0))
}

// TestChangeSeenTwice: several connections that meet the same change have met one.
func TestChangeSeenTwice(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	for _, a := range d.begin(3) {
		d.tell(a, fail.Changed)
	}
	require.False(t, d.want(Restart, 0).Stream)
	require.Equal(t, 1, d.f.changes)
	d.f.Restarted(0)
	d.want(Fetch, 0)
}

// TestExpiredTwice: requests that were sent before the URL was asked anew say nothing of that.
func TestExpiredTwice(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	for _, a := range d.begin(4) {
		d.tries = wait.Tries{}
		d.tell(a, fail.Expired)
	}
	require.True(t, d.f.AsGiven(0))
	d.want(Fetch, 0)
}

// TestOldOutcome: what was asked before a source was left, or the file was begun anew, decides
// nothing; but the bytes it has brought count.
func TestOldOutcome(t *testing.T) {
	d := drive(t, 2)
	d.f.Trust()
	d.serves(0, mib, 8*mib)
	all := d.begin(5)
	d.tell(all[0], fail.Timeout, bringing(0))
	require.Equal(t, Suspended, d.f.Standing(0))
	have := d.f.have
	for i, c := range []fail.Class{fail.Permanent, fail.NoRanges, fail.Changed} {
		d.tell(all[i+1], c, bringing(mib))
		require.Equal(t, Suspended, d.f.Standing(0), c)
	}
	require.Equal(t, have+3*mib, d.f.have)
	d.f.Served(0, d.f.source(0).gen, d.now, mib, false)
	require.Equal(t, have+4*mib, d.f.have)
	d.tell(all[4], fail.Local)
	require.Equal(t, fail.Local, d.want(Fail, 0).Class)
}

// TestRefusedBeside: only the piece that was refused waits, exactly as long as asked; the next
// worker's is asked for at once.
func TestRefusedBeside(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	all := d.begin(2)
	d.o[0].Sent()
	d.tell(all[0], fail.Busy, asking(7*sec))
	refused, at := d.tries, d.now
	d.tries = wait.Tries{}
	d.want(Fetch, 0)
	require.Equal(t, at, d.now)
	d.tell(all[1], fail.Busy, asking(9*sec))
	require.Equal(t, at+10*ms+9*sec, d.tries.Until, "and so does one of the same crowd")
	d.tries = refused
	d.want(Fetch, 0)
	require.Equal(t, at+7*sec, d.now)
}

// TestBytesBesideRefusals: a source that brings bytes is not waited for in vain.
func TestBytesBesideRefusals(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 64*mib)
	for range 40 {
		d.o[0].Sent()
		d.fails(0, fail.Busy, asking(5*sec))
		d.o[0].Ended()
		refused := d.tries
		d.f.Served(0, d.f.source(0).gen, d.now, mib, false)
		d.tries = refused
	}
	d.want(Fetch, 0)
}
