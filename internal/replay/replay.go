// Package replay is what random tests have their randomness from: a test that fails on one
// machine at one time can be played again, on another one at any time.
package replay

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed is a test's seed: LITTLEDL_SEED, else a random one. It is logged.
func Seed(t testing.TB) uint64 {
	t.Helper()
	s := SeedOr(rand.Uint64())
	t.Logf("LITTLEDL_SEED=%d", s)
	return s
}

// SeedOr is LITTLEDL_SEED, or another where that is not given.
func SeedOr(other uint64) uint64 {
	if s, err := strconv.ParseUint(os.Getenv("LITTLEDL_SEED"), 10, 64); err == nil {
		return s
	}
	return other
}
