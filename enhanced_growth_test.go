package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhSlotsFlow: a large file gets what finished small ones leave while it runs.
func TestEnhSlotsFlow(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMaxTotalThreads(8), littledl.WithMaxConcurrentFiles(8))
		b.rates["a.test:80"] = mib
		s := b.origin("a.test")
		big := s.File("big", faultserver.Size(60*mib))
		id := b.add(big.URL(), big.Content(), littledl.WithPriority(0))
		for i := range 7 {
			f := s.File(fmt.Sprint(i), faultserver.Size(3*mib))
			b.add(f.URL(), f.Content())
		}
		early, late, added := 0, 0, 0
		inFlight := func(name string) (n int) {
			for _, r := range s.GETs(name) {
				if r.End.IsZero() {
					n++
				}
			}
			return n
		}
		time.AfterFunc(2*time.Second, func() { early = inFlight("big") })
		time.AfterFunc(7*time.Second, func() {
			late, added = inFlight("big"), b.get().GetStats().DynamicChunksAdded
			require.Equal(b, late, b.get().GetStats().ActiveThreads)
		})
		require.NoError(b, b.start())
		require.LessOrEqual(b, early, 2)
		require.GreaterOrEqual(b, late, 7)
		require.GreaterOrEqual(b, added, 1)
		require.GreaterOrEqual(b, b.task(id).Chunks, 8)
		require.Less(b, b.took, 81*time.Second/8*12/10)
	})
}

// TestEnhStyles: what the server sees in flight follows the selector.
func TestEnhStyles(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		opts     []littledl.SelectorOption
		size     int64
		min, max int
	}{
		"single":       {[]littledl.SelectorOption{littledl.WithMulti(false), littledl.WithDefaultStyle(littledl.StyleSingle)}, 8 * mib, 1, 1},
		"multi":        {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti)}, 8 * mib, 4, 4},
		"multi, large": {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti)}, 110 * mib, 8, 8},
		"multi, few":   {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti), littledl.WithMaxChunks(3)}, 8 * mib, 3, 3},
		"adaptive":     {nil, 24 * mib, 13, 15},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				sel, err := littledl.NewStrategySelector(c.opts...)
				require.NoError(b, err)
				b.option(littledl.WithSelector(sel))
				b.rates["a.test:80"] = mib / 2
				s := b.origin("a.test")
				f := s.File("f", faultserver.Size(c.size))
				b.add(f.URL(), f.Content())
				require.NoError(b, b.start())
				require.GreaterOrEqual(b, s.MaxInFlight(), c.min)
				require.LessOrEqual(b, s.MaxInFlight(), c.max)
			})
		})
	}
}

// TestEnhGivesBack: where the sum is capped few connections are left in the second
// half; where each one is, all that are allowed are used.
func TestEnhGivesBack(t *testing.T) {
	t.Parallel()
	const size = 48 * mib
	for what, capped := range map[string]bool{"sum": true, "each": false} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				line := faultserver.NewBottleneck(6 * mib)
				b.net.Shape(func(int, string) faultserver.Link {
					l := faultserver.RTT(20 * time.Millisecond)
					if capped {
						l.Shared = line
					} else {
						l.Rate = mib
					}
					return l
				})
				s := b.origin("a.test")
				f := s.File("f", faultserver.Size(size))
				id := b.add(f.URL(), f.Content())
				var second []int
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				done := make(chan error, 1)
				go func() { done <- b.get().Start(b.Context()) }()
				for running := true; running; {
					select {
					case err := <-done:
						require.NoError(b, err)
						running = false
					case <-tick.C:
						if b.task(id).Downloaded > size/2 {
							second = append(second, s.InFlight())
						}
					}
				}
				b.check()
				sum := 0
				for _, n := range second {
					sum += n
				}
				if capped {
					require.LessOrEqual(b, float64(sum)/float64(len(second)), 4.0, second)
				} else {
					require.Equal(b, 15, s.MaxInFlight())
				}
			})
		})
	}
}

// TestEnhGrowsSoon: over a long line a file has the idle connections soon after its
// first, and the next file of the host has what was worth it at once.
func TestEnhGrowsSoon(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.net.Shape(func(int, string) faultserver.Link {
			l := faultserver.RTT(60 * time.Millisecond)
			l.Rate = 8 * mib
			return l
		})
		b.option(littledl.WithMaxConcurrentFiles(1))
		s := b.origin("a.test")
		for i := range 2 {
			f := s.File(fmt.Sprint(i), faultserver.Size(36*mib))
			b.add(f.URL(), f.Content())
		}
		began := time.Now()
		var took []time.Duration
		b.get().SetFileCompleteCallback(func(littledl.FileTask) { took = append(took, time.Since(began)) })
		require.NoError(b, b.start())
		require.Less(b, took[0], 950*time.Millisecond, "1.1 s by doubling")
		require.Less(b, took[1]-took[0], 650*time.Millisecond)
	})
}

// TestEnhBeginsWith what has paid, but with no more than the selector recommends at most.
func TestEnhBeginsWith(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{3: 3, 16: 8} {
		enhBubble(t, func(b *enhBed) {
			sel, err := littledl.NewStrategySelector(littledl.WithMaxChunks(most))
			require.NoError(b, err)
			b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithSelector(sel))
			b.rates["a.test:80"] = mib
			s := b.origin("a.test")
			for i := range 2 {
				f := s.File(fmt.Sprint(i), faultserver.Size(24*mib))
				b.add(f.URL(), f.Content())
			}
			require.NoError(b, b.start())
			second := s.GETs("1")
			first := second[0].Start
			begun := 0
			for _, r := range second { // with the headers of the first they are known to be wanted; a new connection takes as long again
				if r.Start.Sub(first) < 30*time.Millisecond || most > 3 && r.Start.Sub(first) < 50*time.Millisecond {
					begun++
				}
			}
			require.GreaterOrEqual(b, s.MaxInFlight("0"), 12, "it grew")
			require.GreaterOrEqual(b, begun, want)
			require.True(b, most > 3 || begun == want, begun)
		})
	}
}

// TestEnhMediumFiles use the budget, though one connection could fetch each in a second
// or two.
func TestEnhMediumFiles(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"] = 4 * mib
		s := b.origin("a.test")
		for i := range 15 {
			f := s.File(fmt.Sprint(i), faultserver.Size(6*mib))
			b.add(f.URL(), f.Content())
		}
		require.NoError(b, b.start())
		require.Less(b, b.took, 2600*time.Millisecond, "1.5 s at best, 4.5 s with one connection each")
	})
}
