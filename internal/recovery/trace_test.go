package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// told is a file to which nearly everything happens, and its trace.
func told(t *testing.T) *Trace {
	d := drive(t, 3)
	trace := d.f.Record()
	d.fails(0, fail.Timeout)
	d.serves(1, mib, 8*mib)
	d.f.Invite(false)
	a := d.f.Verify(d.now, 2, d.tries, d.o)
	d.f.Compared(2, a.Gen, true)
	d.choose(1, Load{1, 4, 0}, Load{1, 4, 0}, Load{0, 4, 0})
	d.f.Served(2, d.f.source(2).gen, d.now, mib, false)
	d.f.Paused()
	d.fails(1, fail.Busy, asking(sec))
	d.f.Mismatched(d.now, 8*mib, []int64{0, mib, mib}, mismatch)
	d.want(Restart, 1)
	d.f.Restarted(mib)
	d.f.Suspect(2)
	d.f.Emptied()
	d.f.Adopted(1, mib)
	d.f.Has(2 * mib)
	d.f.Trust()
	d.serves(1, 7*mib, 8*mib)
	d.f.Matched()
	d.f.Plain(1)
	d.f.Unranged(2)
	d.f.Refreshed()
	d.f.Spoilt(d.now, mib, []int64{0, mib, 0}, mismatch)
	return trace
}

// TestReplay: what was recorded is decided the same again, and brings the file nearer to its
// end each time; what was tampered with does not.
func TestReplay(t *testing.T) {
	require.NoError(t, told(t).Replay())
	seen := map[call]bool{}
	for _, s := range told(t).Steps {
		seen[s.Call] = true
	}
	require.Len(t, seen, len(calls))

	trace := told(t)
	trace.Steps[0].Action.Source = 1
	require.ErrorContains(t, trace.Replay(), "step 0, Next: it decides")
	trace = told(t)
	for i := range trace.Steps {
		if trace.Steps[i].Call == callFailed {
			trace.Steps[i].Tries.Attempts++
			break
		}
	}
	require.ErrorContains(t, trace.Replay(), "so much has been tried")
	trace = told(t)
	trace.Limits = NewLimits(health.Limits{}, 0, 1, 1<<20)
	require.Error(t, trace.Replay())
}

// TestReplayMeasures: a trace in which bytes are lost and brought again for nothing is refused.
func TestReplayMeasures(t *testing.T) {
	d := drive(t, 1)
	trace := d.f.Record()
	d.serves(0, mib, 8*mib)
	d.f.Served(0, d.f.source(0).gen, d.now, -1, false)
	require.NoError(t, trace.Replay())
}
