package littledl_test

import (
	"math/rand/v2"
	"testing"

	"github.com/littledl/littledl/internal/replay"
)

// seeded is a source of randomness from such a seed.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(replay.Seed(t), 0))
}
