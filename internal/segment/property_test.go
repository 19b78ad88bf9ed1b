package segment

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// TestAnythingHappens plays random rounds, one step at a time: after each, every missing
// byte is somebody's, and nobody's is another's; in the end the file is there.
func TestAnythingHappens(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 1))
	var seen counts
	for range 200 {
		now := zero
		g := newGame(rnd, 2000+rnd.Int64N(20_000), func() time.Time { return now })
		for rounds := 0; !g.p.Complete(); rounds++ {
			require.Less(t, rounds, 1000)
			g.begin(rnd)
			for left := 200 + rnd.IntN(5000); left > 0 && len(g.players) > 0; left-- {
				now = now.Add(time.Duration(rnd.IntN(50)) * time.Millisecond)
				g.step(rnd)
				require.NoError(t, g.p.check())
				require.Equal(t, len(g.players), g.p.Workers())
				require.Equal(t, g.p.Len(), g.brought()-g.forgotten)
				seen.of(g)
			}
			g.end()
			require.Zero(t, g.p.Workers())
		}
		require.Equal(t, g.size, g.p.Len())
		require.Empty(t, g.p.There().Gaps(0, g.size))
	}
	t.Logf("%+v", seen)
	require.Positive(t, min(seen.hedged, seen.replaced, seen.growing, seen.urgent), "%+v", seen)
}

// counts is in how many steps there was something to see.
type counts struct{ hedged, replaced, growing, urgent int }

func (c *counts) of(g *game) {
	for _, s := range g.p.running {
		if s.hedge != nil {
			c.hedged++
		}
		if s.urgent {
			c.urgent++
		}
	}
	if g.p.replaced > 0 {
		c.replaced++
	}
	if g.p.growth.from > 0 {
		c.growing++
	}
}

// TestCrowd has players at it in goroutines of their own, while the plan is looked after
// and looked at. That they end is that no byte is lost.
func TestCrowd(t *testing.T) {
	seed := replay.Seed(t)
	for n := range uint64(20) {
		var clock atomic.Int64
		rnd := rand.New(rand.NewPCG(seed, n))
		g := newGame(rnd, 300_000, func() time.Time { return at(time.Duration(clock.Load())) })
		var wg sync.WaitGroup
		play := func(w *player) {
			rnd := rand.New(rand.NewPCG(rnd.Uint64(), n))
			wg.Go(func() {
				defer g.quit(w)
				for g.turn(w, rnd) || !w.additional && !g.p.Complete() {
					clock.Add(int64(time.Millisecond))
				}
			})
		}
		g.p.Round()
		g.players = []*player{{}}
		g.p.Join(0)
		g.addWorkers(g.p.LayOut(Layout{Segments: 8, Workers: 8}, nil, freely(0)))
		for begun := 0; begun < len(g.players) || !g.p.Complete(); clock.Add(int64(10 * time.Millisecond)) {
			for ; begun < len(g.players); begun++ {
				play(g.players[begun])
			}
			require.NoError(t, g.p.check())
			g.meddle(rnd)
		}
		wg.Wait()
		require.NoError(t, g.p.check())
		require.Zero(t, g.p.Workers())
		require.Equal(t, g.p.Len(), g.brought()-g.forgotten)
	}
}
