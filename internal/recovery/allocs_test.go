package recovery

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// TestDecisionsAllocateNothing: they are made before each request, whatever its file's size.
func TestDecisionsAllocateNothing(t *testing.T) {
	f, o := New(2, usual()), []health.Health{health.New(true), health.New(true)}
	l := []Load{{0, 4, 0}, {0, 4, 0}}
	f.Answered(0, mib, false)
	f.Invite(true)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		f.Next(sec, wait.Tries{}, o)
		f.Choose(sec, wait.Tries{}, 0, l, o)
		f.Answered(0, mib, false)
		f.Served(0, 0, sec, 1, false)
	}))
	displaced := &fail.Error{Class: fail.Displaced}
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() {
		f.displaced = 1
		f.Failed(Failure{Gen: f.source(0).gen, Err: displaced, Now: sec}, o)
	}), 2.0)
}
