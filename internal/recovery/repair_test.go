package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

var mismatch = &fail.Error{Class: fail.Mismatched, Err: fail.ErrHashMismatch}

// spoilt is a file of three sources that is complete and wrong.
func spoilt(t *testing.T, delivered ...int64) *driver {
	d := drive(t, len(delivered))
	size := int64(0)
	for _, n := range delivered {
		size += n
	}
	d.serves(0, delivered[0], size)
	d.f.Invite(true)
	for i, n := range delivered[1:] {
		d.f.Answered(i+1, size, false)
		d.f.Served(i+1, d.f.source(i+1).gen, d.now, n, false)
	}
	d.f.Mismatched(d.now, size, delivered, mismatch)
	return d
}

// TestLiar: the file is completed from one source alone, first from the one that gave most of
// it. What another had delivered, and comes out different, excludes that one.
func TestLiar(t *testing.T) {
	d := spoilt(t, 2*mib, 3*mib, 3*mib)
	a := d.want(Restart, 1)
	require.True(t, a.Keep)
	require.True(t, d.f.Repairing())
	d.f.Restarted(3 * mib)
	d.want(Fetch, 1)
	d.f.Suspect(1)
	d.f.Suspect(2)
	d.serves(1, 5*mib, 8*mib)
	require.Equal(t, 1, d.f.Matched())
	require.Equal(t, []Standing{Active, Active, Rejected}, []Standing{d.f.Standing(0), d.f.Standing(1), d.f.Standing(2)})
	require.False(t, d.f.Repairing())
}

// TestFalseWitness: what one said against others that was wrong itself is void.
func TestFalseWitness(t *testing.T) {
	d := spoilt(t, 4*mib, 2*mib, 2*mib)
	d.want(Restart, 0)
	d.f.Restarted(4 * mib)
	d.f.Suspect(1)
	d.serves(0, 4*mib, 8*mib)
	d.f.Mismatched(d.now, 8*mib, []int64{8 * mib, 0, 0}, mismatch)
	require.Equal(t, Rejected, d.f.Standing(0))
	d.want(Restart, 1)
	d.f.Restarted(0)
	d.serves(1, 8*mib, 8*mib)
	require.Zero(t, d.f.Matched())
	require.Equal(t, Active, d.f.Standing(2))
}

// TestAllLie: then it is the digest that nobody has.
func TestAllLie(t *testing.T) {
	d := spoilt(t, 4*mib, 2*mib, 2*mib)
	for i := range 3 {
		d.want(Restart, i)
		d.f.Restarted(0)
		d.serves(i, 8*mib, 8*mib)
		d.f.Mismatched(d.now, 8*mib, make([]int64, 3), mismatch)
	}
	require.Same(t, mismatch, d.want(Fail, d.f.current).Err)
}

// TestLonelyLiar: who gave all of it alone need not be asked again.
func TestLonelyLiar(t *testing.T) {
	d := spoilt(t, 8*mib, 0)
	require.Equal(t, Rejected, d.f.Standing(0))
	require.False(t, d.want(Restart, 1).Keep)
	d.f.Restarted(0)
	d.serves(1, 8*mib, 8*mib)

	d = spoilt(t, 8*mib)
	require.Same(t, mismatch, d.want(Fail, 0).Err)
}

// TestEmptyLie: an empty file is that of who was asked, and no other's.
func TestEmptyLie(t *testing.T) {
	d := drive(t, 2)
	d.serves(0, 0, 0)
	d.f.Mismatched(d.now, 0, []int64{0, 0}, mismatch)
	require.Equal(t, Rejected, d.f.Standing(0))
	d.want(Restart, 1)
	d.f.Restarted(0)
	d.serves(1, mib, mib)
}

// TestNoEvidence: what happens to the one that is asked alone says nothing against it, and it
// does not pay for the others; but it must have the file in the end.
func TestNoEvidence(t *testing.T) {
	for name, happens := range map[string]func(d *driver){
		"an outage": func(d *driver) { d.fails(0, fail.Unreachable) },
		"500":       func(d *driver) { d.fails(0, fail.ServerError) },
		"silence":   func(d *driver) { d.fails(0, fail.Timeout) },
		"busy": func(d *driver) {
			for range 8 {
				d.fails(0, fail.Busy, asking(5*sec))
			}
		},
		"changes": func(d *driver) {
			for range 2 {
				d.fails(0, fail.Changed)
				d.want(Restart, 0)
				d.f.Restarted(0)
				d.serves(0, 0, 8*mib)
			}
		},
		"no ranges": func(d *driver) {
			d.fails(0, fail.NoRanges)
			require.True(d, d.want(Restart, 0).Stream)
			d.f.Restarted(0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := spoilt(t, 5*mib, 3*mib)
			d.want(Restart, 0)
			d.f.Restarted(5 * mib)
			happens(d)
			d.serves(0, 3*mib, 8*mib)
			require.Zero(t, d.f.Matched())
		})
	}
	d := spoilt(t, 5*mib, 3*mib)
	d.want(Restart, 0)
	d.f.Restarted(5 * mib)
	d.fails(0, fail.Permanent)
	require.False(t, d.want(Restart, 1).Keep, "little is left of what it had given")
}

// TestSilentSourcesLast: those that did not answer are asked alone when the others have been,
// and those of no use are not.
func TestSilentSourcesLast(t *testing.T) {
	d := drive(t, 4)
	d.fails(0, fail.Permanent)
	d.fails(1, fail.Timeout)
	d.fails(2, fail.Timeout)
	d.serves(3, 8*mib, 8*mib)
	d.f.Mismatched(d.now, 8*mib, []int64{0, 0, 0, 7 * mib}, mismatch)
	for _, i := range []int{3, 1, 2} {
		d.want(Restart, i)
		d.f.Restarted(0)
		d.fails(i, fail.Permanent)
	}
	d.want(Fail, 2)
}

// TestSpoilt: where it is known which bytes are wrong the rest stays, and they are had from who gave
// least of them; who gave all of them is not asked again.
func TestSpoilt(t *testing.T) {
	d := drive(t, 3)
	d.serves(0, 4*mib, 8*mib)
	d.f.Invite(true)
	d.f.Answered(1, 8*mib, false)
	d.f.Served(1, d.f.source(1).gen, d.now, 4*mib, false)
	d.f.Spoilt(d.now, mib, []int64{mib / 2, mib / 2, 0}, mismatch)
	require.True(t, d.want(Restart, 2).Keep)
	d.f.Restarted(7 * mib)
	d.want(Fetch, 2) // without a comparison: its bytes are judged
	d.f.Answered(2, 8*mib, false)
	d.f.Served(2, d.f.source(2).gen, d.now, mib, false)
	d.f.Spoilt(d.now, mib, []int64{0, 0, mib}, mismatch)
	require.Equal(t, Rejected, d.f.Standing(2))
	require.True(t, d.want(Restart, 0).Keep)
	d.f.Restarted(7 * mib)
	d.f.Suspect(1)
	d.serves(0, mib, 8*mib)
	require.Equal(t, 1, d.f.Matched())
	require.Equal(t, []Standing{Active, Rejected, Rejected}, []Standing{d.f.Standing(0), d.f.Standing(1), d.f.Standing(2)})

	d = drive(t, 2)
	d.serves(0, 8*mib, 8*mib)
	d.f.Spoilt(d.now, mib, []int64{mib, 0}, mismatch)
	require.Equal(t, Rejected, d.f.Standing(0))
	require.True(t, d.want(Restart, 1).Keep)
	d.f.Restarted(7 * mib)
	d.serves(1, mib, 8*mib)
	d.f.Spoilt(d.now, mib, []int64{0, mib}, mismatch)
	require.Same(t, mismatch, d.want(Fail, d.f.current).Err)
}
