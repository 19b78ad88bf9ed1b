package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// Files without ranges, and files that change.

// TestNoRanges: a file without ranges is begun anew as one answer; when that is none of a file
// either there is nothing left.
func TestNoRanges(t *testing.T) {
	d := drive(t, 1)
	d.serves(0, mib, 8*mib)
	d.fails(0, fail.NoRanges)
	require.True(t, d.want(Restart, 0).Stream)
	d.f.Restarted(0)
	require.True(t, d.want(Fetch, 0).Stream)
	d.fails(0, fail.NoRanges)
	d.want(Fail, 0)
}

// TestWholeAnswer: an answer that is the whole file, whatever was asked, is a stream, too. One
// that breaks off has lost what it had, and counts each time.
func TestWholeAnswer(t *testing.T) {
	d := drive(t, 1)
	for range 3 {
		d.want(Fetch, 0)
		d.f.Answered(0, 8*mib, true)
		d.fails(0, fail.Interrupted, bringing(4*mib))
	}
	require.True(t, d.want(Fetch, 0).Stream)
	for range 8 {
		d.fails(0, fail.Interrupted, bringing(4*mib))
	}
	d.want(Fail, 0)
}

// TestShortAnswers: ranges that bring next to nothing are none.
func TestShortAnswers(t *testing.T) {
	d := drive(t, 1)
	for range 17 {
		d.want(Fetch, 0)
		d.answers(0, 8*mib)
		d.f.Served(0, d.f.source(0).gen, d.now, 1, true)
	}
	require.True(t, d.want(Restart, 0).Stream)
}

// TestChanged: a file that has changed is begun anew, then as one answer, which is of one
// version; then it is given up.
func TestChanged(t *testing.T) {
	d := drive(t, 1)
	for n := range 2 {
		d.serves(0, mib, 8*mib)
		d.fails(0, fail.Changed)
		require.Equal(t, n == 1, d.want(Restart, 0).Stream)
		d.f.Restarted(0)
	}
	d.serves(0, 0, 8*mib)
	d.fails(0, fail.Changed)
	require.Equal(t, fail.Changed, d.want(Fail, 0).Class)
}

// TestChangedStream: what has broken off begins anew, and may be of any version. When no
// answer of many versions came whole that is why there is no file.
func TestChangedStream(t *testing.T) {
	d := drive(t, 1)
	for range 2 {
		d.serves(0, mib, 8*mib)
		d.fails(0, fail.Changed)
		d.want(Restart, 0)
		d.f.Restarted(0)
	}
	for range 3 {
		d.want(Fetch, 0)
		d.answers(0, 8*mib)
		d.fails(0, fail.Interrupted, bringing(mib))
		d.fails(0, fail.Changed)
		d.want(Restart, 0)
		d.f.Restarted(0)
	}
	d.answers(0, 8*mib)
	d.f.Paused()
	d.fails(0, fail.Changed)
	d.want(Restart, 0)
	d.f.Restarted(0)
	for d.next().Kind == Fetch {
		d.fails(0, fail.Interrupted, bringing(0))
	}
	a := d.want(Fail, 0)
	require.Equal(t, fail.Changed, a.Class)
	require.Equal(t, fail.Interrupted, a.Err.Class)
}
