package task

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTransitions: what has ended stays so until the next Start, what is complete for
// ever, and everything else can end.
func TestTransitions(t *testing.T) {
	require.Len(t, transitions, len(statusNames))
	for i, to := range transitions {
		from := Status(i)
		switch from {
		case Completed:
			require.Empty(t, to)
		case Failed, Cancelled:
			require.Equal(t, []Status{Pending}, to)
		default:
			require.Contains(t, to, Failed)
			require.Contains(t, to, Cancelled)
		}
		require.Equal(t, from == Completed || from == Failed || from == Cancelled, from.Ended())
	}
	done := &Task{status: Completed}
	require.PanicsWithValue(t, "littledl: task task-1 cannot go from completed to pending", func() { done.move(Pending) }, "a transition that is not in the table is a bug")
	done.move(Completed)
}
