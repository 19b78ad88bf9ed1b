package wait

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

const ms = time.Millisecond

// request is one that failed, and the wait that followed from it.
type request struct{ start, now, till time.Duration }

func play(all []request) (a Account) {
	for _, r := range all {
		a.Failed(r.start, r.now, r.till)
	}
	return a
}

// waited is what an account says but for what each failure costs by itself.
func waited(all []request) time.Duration { return play(all).Spent() - time.Duration(len(all))*tick }

func TestAccount(t *testing.T) {
	for name, c := range map[string]struct {
		all  []request
		want time.Duration
	}{
		"nothing":              {nil, 0},
		"the request itself":   {[]request{{10 * ms, 15 * ms, 100 * ms}}, 5 * ms},
		"and the wait behind":  {[]request{{10 * ms, 15 * ms, 100 * ms}, {100 * ms, 101 * ms, 0}}, 91 * ms},
		"no wait ahead":        {[]request{{0, 0, time.Hour}}, 0},
		"a wait cut short":     {[]request{{0, 0, time.Hour}, {3 * ms, 3 * ms, 0}}, 3 * ms},
		"nobody asked":         {[]request{{0, 0, 10 * ms}, {time.Hour, time.Hour, 0}}, 10 * ms},
		"side by side":         {[]request{{0, 50 * ms, 0}, {0, 50 * ms, 0}, {20 * ms, 60 * ms, 0}}, 60 * ms},
		"a crowd and its wait": {[]request{{0, 5 * ms, 50 * ms}, {0, 6 * ms, 50 * ms}, {50 * ms, 50 * ms, 0}, {50 * ms, 50 * ms, 0}}, 50 * ms},
		"the longer wait":      {[]request{{0, 0, 50 * ms}, {0, 1 * ms, 20 * ms}, {50 * ms, 50 * ms, 0}}, 50 * ms},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, waited(c.all)) })
	}
}

func TestEachFailureCosts(t *testing.T) {
	a := play([]request{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}})
	require.Equal(t, 3*tick, a.Spent())
}

// TestClear: what was waited before counts no more, also of requests that are under way.
func TestClear(t *testing.T) {
	a := play([]request{{0, 0, 80 * ms}, {80 * ms, 90 * ms, 200 * ms}})
	a.Clear(100 * ms)
	require.Zero(t, a.Spent())
	a.Failed(50*ms, 130*ms, 0)
	require.Equal(t, 30*ms+tick, a.Spent())
}

// random makes up requests in the order in which they end.
func random(rnd *rand.Rand, sideBySide bool) (all []request) {
	now := time.Duration(0)
	for range 1 + rnd.IntN(12) {
		var r request
		if sideBySide {
			r.start = max(now+time.Duration(rnd.IntN(40)-20)*ms, 0)
		} else {
			r.start = now + time.Duration(rnd.IntN(40))*ms
		}
		r.now = max(r.start, now) + time.Duration(rnd.IntN(20))*ms
		r.till = r.now + time.Duration(rnd.IntN(60)-20)*ms
		now = r.now
		all = append(all, r)
	}
	return all
}

// covered marks the milliseconds in which a request was under way, or which lie behind one
// that failed, inside the wait that was imposed, and before another was begun.
func covered(all []request) time.Duration {
	var busy [2000]bool
	till := time.Duration(0)
	mark := func(from, to time.Duration) {
		for i := from / ms; i < to/ms; i++ {
			busy[i] = true
		}
	}
	for i, r := range all {
		if i > 0 {
			mark(all[i-1].now, min(till, r.start))
		}
		mark(r.start, r.now)
		till = max(till, r.till)
	}
	n := 0
	for _, b := range busy {
		if b {
			n++
		}
	}
	return time.Duration(n) * ms
}

func eachWorld(t *testing.T, sideBySide bool, check func(t *testing.T, all []request)) {
	seed := replay.Seed(t)
	for i := range 20_000 {
		all := random(rand.New(rand.NewPCG(seed, uint64(i))), sideBySide)
		check(t, all)
		if t.Failed() {
			t.Fatalf("world %d: %v", i, all)
		}
	}
}

// TestOverlapsOnce: a stretch of time never counts twice, and one in which nobody waited
// does not at all. Where requests follow each other that is all of it.
func TestOverlapsOnce(t *testing.T) {
	eachWorld(t, true, func(t *testing.T, all []request) { require.LessOrEqual(t, waited(all), covered(all)) })
	eachWorld(t, false, func(t *testing.T, all []request) { require.Equal(t, covered(all), waited(all)) })
}

// TestMonotone: a failure never makes an account smaller, nor a later clock.
func TestMonotone(t *testing.T) {
	eachWorld(t, true, func(t *testing.T, all []request) {
		for i := range all {
			require.Less(t, play(all[:i]).Spent(), play(all[:i+1]).Spent())
		}
	})
}

// TestWhoeverIsFirst: a crowd that failed together costs the same in any order.
func TestWhoeverIsFirst(t *testing.T) {
	eachWorld(t, true, func(t *testing.T, all []request) {
		for i := range all {
			all[i].now, all[i].start = 900*ms, min(all[i].start, 900*ms)
		}
		earliest := slices.MinFunc(all, func(a, b request) int { return int(a.start - b.start) })
		require.Equal(t, 900*ms-earliest.start, waited(append([]request{earliest}, all...)))
	})
}

// TestRebase: what follows is counted the same on another clock.
func TestRebase(t *testing.T) {
	eachWorld(t, true, func(t *testing.T, all []request) {
		a := play(all)
		b, by := a, all[len(all)-1].now
		b.Rebase(by)
		for _, r := range []request{{by + 7*ms, by + 9*ms, by + 30*ms}, {by + 20*ms, by + 22*ms, 0}, {by + 200*ms, by + 201*ms, 0}} {
			a.Failed(r.start, r.now, r.till)
			b.Failed(r.start-by, r.now-by, max(r.till-by, 0))
		}
		require.Equal(t, a.Spent(), b.Spent())
	})
}

func TestTries(t *testing.T) {
	tries := Tries{Source: 1, Until: 5 * ms}
	require.Equal(t, 5*ms, tries.At(1))
	require.Zero(t, tries.At(0))
	require.Zero(t, Tries{}.At(0))
}
