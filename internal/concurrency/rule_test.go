package concurrency

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// TestNextProperties holds for any state and any load.
func TestNextProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	for range 20_000 {
		limit := 1 + rnd.IntN(32)
		current := 1 + rnd.IntN(limit)
		w := load{
			limit: limit, ceiling: rnd.IntN(limit + 2), refusal: rnd.IntN(2) == 0, serving: rnd.IntN(limit),
			first: rnd.IntN(2) == 0, busy: rnd.IntN(2) == 0, goodput: rnd.Float64() * 1e6,
			quiet: time.Duration(rnd.Int64N(20)) * time.Second, holdOff: 10 * time.Second,
		}
		if current > 1 && rnd.IntN(2) == 0 { // a step up is on trial
			w.before = rnd.Float64() * 1e6
		}
		n := next(current, w)
		require.GreaterOrEqual(t, n, 1, "%d, %+v", current, w)
		require.LessOrEqual(t, n, limit, "%d, %+v", current, w)
		if w.refusal {
			require.LessOrEqual(t, n, max(min(current, w.serving), 1), "more than what is served: %d, %+v", current, w)
			if w.first && w.ceiling == 0 {
				require.LessOrEqual(t, n, max(current/2, 1), "the first refusal halves at least: %d, %+v", current, w)
			}
			continue
		}
		require.LessOrEqual(t, max(n-current, current-n), 1, "one step at a time: %d, %+v", current, w)
		if n > current {
			require.True(t, w.busy, "nobody wants more: %d, %+v", current, w)
			require.False(t, w.ceiling > 0 && n >= w.ceiling && w.quiet < w.holdOff, "what was refused is tried too soon: %d, %+v", current, w)
			require.False(t, w.before > 0 && w.goodput < w.before, "the last step did not pay: %d, %+v", current, w)
		}
		if w.before == 0 {
			require.GreaterOrEqual(t, n, current, "nothing is taken without a reason: %d, %+v", current, w)
		}
	}
}

// TestNextFindsTheLimit drives the rule against an origin that bears so many requests
// and whose goodput grows with each of them.
func TestNextFindsTheLimit(t *testing.T) {
	for capacity := 1; capacity <= 40; capacity++ {
		const limit = 32
		current, ceiling, before := limit, 0, 0.0
		quiet, refusals := time.Duration(0), 0
		for range 60 { // seconds
			if current > capacity {
				refusals++
				current = next(current, load{limit: limit, ceiling: ceiling, refusal: true, first: true, serving: capacity})
				ceiling, quiet, before = current+1, 0, 0
				continue
			}
			quiet += time.Second
			was := current
			current = next(current, load{limit: limit, ceiling: ceiling, quiet: quiet, holdOff: 10 * time.Second, busy: true, goodput: float64(current), before: before})
			if before = 0; current > was {
				before = float64(was)
				ceiling = max(ceiling, current+1)
			}
		}
		want := min(capacity, limit)
		require.InDelta(t, want, current, 1, "capacity %d", capacity)
		require.LessOrEqual(t, refusals, 10, "capacity %d", capacity)
		if capacity >= limit {
			require.Equal(t, limit, current, "nothing takes away from an origin that refuses nothing")
		}
	}
}
