package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// Where one source's bytes end and another's begin.

// TestOneLedger: failures of a comparison and of what is fetched behind it are counted
// together.
func TestOneLedger(t *testing.T) {
	d := drive(t, 2)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Permanent)
	for range 2 {
		d.fails(1, fail.ServerError)
	}
	d.compares(1, true)
	for range 2 {
		d.fails(1, fail.ServerError)
	}
	d.want(Fail, 0)
}

// TestSplice: a source goes on with what another has brought when it was compared; one that
// differs serves alone, from the first byte, after all others.
func TestSplice(t *testing.T) {
	d := drive(t, 3)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Permanent)
	d.compares(1, false)
	d.compares(2, true)
	d.serves(2, mib, 8*mib)
	d.fails(2, fail.Permanent)
	require.False(t, d.want(Restart, 1).Keep)
	d.f.Restarted(0)
	d.serves(1, mib, 8*mib)
	d.fails(1, fail.Permanent)
	d.want(Fail, 0)
}

// TestNothingThereYet: before anything is there nothing is compared, and what another has said
// of the file is forgotten.
func TestNothingThereYet(t *testing.T) {
	d := drive(t, 2)
	d.fails(0, fail.Interrupted)
	d.answers(0, 8*mib)
	d.fails(0, fail.Timeout, bringing(0))
	d.want(Restart, 1)
	d.f.Restarted(0)
	d.serves(1, mib, 8*mib)
}

// TestUnreported: bytes that are there count, whatever has become of the requests that
// brought them, and so do those that are lost.
func TestUnreported(t *testing.T) {
	d := drive(t, 2)
	d.want(Fetch, 0)
	d.answers(0, 8*mib)
	d.f.Has(mib) // and the request is under way, or was given up
	d.fails(0, fail.Permanent)
	d.compares(1, true)
	d.serves(1, mib, 8*mib)

	d = drive(t, 2)
	d.serves(0, mib, 8*mib)
	d.f.Has(0)
	d.fails(0, fail.Permanent)
	d.want(Restart, 1) // there is nothing that it could be compared by
	d.f.Restarted(0)
	d.serves(1, mib, 8*mib)
}

// TestPage: something else than the file is none as long as another may have that.
func TestPage(t *testing.T) {
	d := drive(t, 2)
	d.fails(0, fail.Timeout)
	require.True(t, d.f.Others(d.now, 1, d.o))
	d.fails(1, fail.Mismatched)
	d.serves(0, mib, 8*mib)

	d = drive(t, 2)
	d.fails(0, fail.Permanent)
	require.False(t, d.f.Others(d.now, 1, d.o), "it is the file after all")
}

// TestNoRangesBesideOthers: who has none is of use alone.
func TestNoRangesBesideOthers(t *testing.T) {
	d := drive(t, 2)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Unreachable)
	d.fails(1, fail.NoRanges)
	require.Equal(t, Different, d.f.Standing(1))
	d.fails(0, fail.Permanent)
	require.True(t, d.want(Restart, 1).Stream)
	d.f.Restarted(0)
	require.True(t, d.want(Fetch, 1).Stream)
}

// TestStreamThenRanges: when a source without ranges is left the next one is asked as if
// nothing had been.
func TestStreamThenRanges(t *testing.T) {
	d := drive(t, 2)
	d.want(Fetch, 0)
	d.f.Answered(0, 8*mib, true)
	d.fails(0, fail.Timeout, bringing(mib))
	require.False(t, d.want(Restart, 1).Stream)
	d.f.Restarted(0)
	require.False(t, d.serves(1, mib, 8*mib).Stream)
	d.fails(1, fail.Permanent)
	require.True(t, d.want(Restart, 0).Stream, "which loses what is there, and so comes last")
}

// TestReadmitted: who differed from what was there may have what another begins anew.
func TestReadmitted(t *testing.T) {
	d := drive(t, 3)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.Permanent)
	d.compares(1, false)
	d.compares(2, false)
	d.want(Restart, 1)
	d.f.Restarted(0)
	d.serves(1, mib, 8*mib)
	d.fails(1, fail.Permanent)
	d.compares(2, true)
	d.serves(2, 7*mib, 8*mib)
}

// TestAdopted: what an earlier process has left is its source's.
func TestAdopted(t *testing.T) {
	d := drive(t, 2)
	d.f.Adopted(1, mib)
	d.serves(1, mib, 8*mib)
	d.fails(1, fail.Timeout, bringing(0))
	d.want(Compare, 0)

	d = drive(t, 2)
	d.f.Adopted(0, mib)
	d.f.Trust() // a digest will tell
	d.fails(0, fail.Permanent)
	d.want(Fetch, 1)
	d.f.Emptied()
	d.serves(1, mib, 8*mib)
}
