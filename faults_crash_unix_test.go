//go:build unix

package littledl_test

import "testing"

// 88 and 95, with processes that are killed.
func TestKilled(t *testing.T) {
	t.Run("88 at every operation", killedAtEveryOperation)
	t.Run("88 at any time", killedAtAnyTime)
	t.Run("88 again and again", killedAgainAndAgain)
	t.Run("95 three processes", func(t *testing.T) { threeProcesses(t, false) })
	t.Run("95 three processes whose locks lie", func(t *testing.T) { threeProcesses(t, true) })
}
