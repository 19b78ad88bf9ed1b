package littledl

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTransitions: what has ended stays so until the next Start, what is complete for
// ever, and everything else can end.
func TestTransitions(t *testing.T) {
	for from, to := range transitions {
		switch from {
		case StatusCompleted:
			require.Empty(t, to)
		case StatusFailed, StatusCancelled:
			require.Equal(t, []FileTaskStatus{StatusPending}, to)
		default:
			require.Contains(t, to, StatusFailed)
			require.Contains(t, to, StatusCancelled)
		}
		require.Equal(t, from == StatusCompleted || from == StatusFailed || from == StatusCancelled, from.terminal())
	}
	done := &task{status: StatusCompleted}
	require.Panics(t, func() { done.moveLocked(StatusPending) }, "a transition that is not in the table is a bug")
	done.moveLocked(StatusCompleted)
}
