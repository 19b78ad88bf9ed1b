package littledl_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhBudget: the server never sees more than the budget in flight, HEADs included,
// though there is work for many more, and sees all of it used.
func TestEnhBudget(t *testing.T) {
	for _, threads := range []int{1, 3, 15} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(littledl.WithMaxTotalThreads(threads), littledl.WithMaxConcurrentFiles(8))
				s := b.origin("a.test")
				s.Behave(faultserver.Delay(50 * time.Millisecond))
				for i := range 40 {
					size := int64(100 * kib)
					if i%10 == 0 {
						size = 12 * mib
					}
					f := s.File(fmt.Sprint(i), faultserver.Size(size))
					b.add(f.URL(), f.Content())
				}
				require.NoError(b, b.start())
				require.True(b, threads == 1 || len(s.HEADs()) > 0)
				require.Equal(b, threads, s.MaxInFlight())
				require.Equal(b, threads, b.get().GetStats().TotalThreads)
				require.Zero(b, b.get().GetStats().ActiveThreads)
			})
		})
	}
}

// TestEnhBudgetOverSources: it is one budget, whatever the number of hosts.
func TestEnhBudgetOverSources(t *testing.T) {
	for what, opts := range map[string][]littledl.Option{"hash": nil, "trusted": {littledl.WithTrustedMirrors(true)}} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(append(opts, littledl.WithMaxTotalThreads(4))...)
				s := faultserver.Start(b, faultserver.On(b.net, "a.test:80", "b.test:80", "c.test:80"))
				f := s.File("f", faultserver.Size(16*mib))
				url := []littledl.URLOption{littledl.WithBackupURLs(s.URLAt("b.test:80", "f"), s.URLAt("c.test:80", "f"))}
				if what == "hash" {
					url = append(url, enhHash(f.Content()))
				}
				id := b.add(f.URL(), f.Content(), url...)
				require.NoError(b, b.start())
				used := b.task(id).Sources[1].Bytes + b.task(id).Sources[2].Bytes
				require.True(b, used > 0 || what == "trusted")
				require.Equal(b, 4, s.MaxInFlight())
			})
		})
	}
}

// TestEnhSlotsFlow: a large file gets what finished small ones leave while it runs.
func TestEnhSlotsFlow(t *testing.T) {
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

// TestEnhAdaptiveSpeed: against a server that refuses more than 4, the budget comes
// down; switched off, it stays, and so do the refusals.
func TestEnhAdaptiveSpeed(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(littledl.WithMaxConcurrentFiles(16), littledl.WithAdaptiveSpeed(on), littledl.WithAdaptiveConcurrency(on))
				s := b.origin("a.test")
				s.Behave(faultserver.ConnLimit(4, faultserver.Status(503)), slowGET)
				for i := range 80 {
					f := s.File(fmt.Sprint(i), faultserver.Size(16*kib))
					b.add(f.URL(), f.Content())
				}
				budget := 0
				time.AfterFunc(6*time.Second, func() { budget = b.get().GetStats().TotalThreads })
				require.NoError(b, b.start())
				refused := 0
				for _, r := range s.GETs() {
					if r.Status == 503 {
						refused++
					}
				}
				if on {
					require.InDelta(b, 4, budget, 2)
					require.Less(b, refused, 25)
				} else {
					require.Equal(b, 15, budget)
					require.Greater(b, refused, 25)
				}
			})
		})
	}
}

// TestEnhStyles: what the server sees in flight follows the selector.
func TestEnhStyles(t *testing.T) {
	for what, c := range map[string]struct {
		opts     []littledl.SelectorOption
		size     int64
		min, max int
	}{
		"single":       {[]littledl.SelectorOption{littledl.WithMulti(false), littledl.WithDefaultStyle(littledl.StyleSingle)}, 16 * mib, 1, 1},
		"multi":        {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti)}, 16 * mib, 4, 4},
		"multi, large": {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti)}, 110 * mib, 8, 8},
		"multi, few":   {[]littledl.SelectorOption{littledl.WithDefaultStyle(littledl.StyleMulti), littledl.WithMaxChunks(3)}, 16 * mib, 3, 3},
		"adaptive":     {nil, 48 * mib, 13, 15},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				sel, err := littledl.NewStrategySelector(c.opts...)
				require.NoError(b, err)
				b.option(littledl.WithSelector(sel))
				b.rates["a.test:80"] = mib
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
	const size = 64 * mib
	for what, capped := range map[string]bool{"sum": true, "each": false} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				line := faultserver.NewBottleneck(12 * mib)
				b.net.Shape(func(int, string) faultserver.Link {
					l := faultserver.RTT(20 * time.Millisecond)
					if capped {
						l.Shared = line
					} else {
						l.Rate = 2 * mib
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

// TestEnhSmallThreshold: files below it go first and are one request each.
func TestEnhSmallThreshold(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithSmallFileThreshold(20*mib), littledl.WithMaxConcurrentFiles(2))
		s := b.origin("a.test")
		var names []string
		for i, size := range []int64{25, 30, 10, 25, 10, 30, 10, 10} {
			f := s.File(fmt.Sprintf("%d-%d", size, i), faultserver.Size(size*mib))
			names = append(names, f.Name())
			b.add(f.URL(), f.Content())
		}
		require.NoError(b, b.start())
		for _, name := range names {
			if strings.HasPrefix(name, "10") {
				require.Len(b, s.GETs(name), 1, name)
			} else {
				require.Greater(b, len(s.GETs(name)), 1, name)
			}
		}
		first := batchFirst(s.GETs())[2:] // two were begun before any size was known
		for i, name := range first[:4] {
			require.True(b, strings.HasPrefix(name, "10"), "%d: %s", i, first)
		}
	})
}

// TestEnhBadInput: errors that say what is wrong, at once.
func TestEnhBadInput(t *testing.T) {
	sel, err := littledl.NewStrategySelector()
	require.NoError(t, err)
	for name, o := range map[string]littledl.Option{
		"WithMaxTotalThreads":    littledl.WithMaxTotalThreads(3),
		"WithSmallFileThreshold": littledl.WithSmallFileThreshold(1),
		"WithExistingFileReuse":  littledl.WithExistingFileReuse(true),
		"WithMultiSource":        littledl.WithMultiSource(true),
		"WithTrustedMirrors":     littledl.WithTrustedMirrors(false),
		"WithAdaptiveSpeed":      littledl.WithAdaptiveSpeed(true),
		"WithSelector":           littledl.WithSelector(sel),
	} {
		_, err := littledl.NewBatchDownloader(o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		require.ErrorContains(t, err, name)
		_, err = littledl.BatchDownloadSync([]string{"http://a.test/f"}, t.TempDir(), o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		_, err = littledl.NewEnhancedBatchDownloader(o)
		require.NoError(t, err, name)
	}
	for _, o := range []littledl.Option{
		littledl.WithMaxTotalThreads(0), littledl.WithMaxTotalThreads(-1), littledl.WithSmallFileThreshold(-1),
		littledl.WithMaxConcurrentFiles(0), littledl.WithMaxConcurrentChunksPerFile(0), nil,
	} {
		_, err := littledl.NewEnhancedBatchDownloader(o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	_, err = littledl.NewEnhancedBatchDownloader(littledl.WithSelector(nil), littledl.WithSmallFileThreshold(0))
	require.NoError(t, err)

	plain, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	backup := littledl.WithBackupURLs("http://b.test/f")
	_, err = plain.AddURL("http://a.test/f", backup)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	_, err = plain.AddURLs([]string{"http://a.test/f"}, "", backup)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	require.Empty(t, plain.GetAllTasks())

	d, err := littledl.NewEnhancedBatchDownloader()
	require.NoError(t, err)
	for _, bad := range []string{"", "ftp://me:" + secret + "@b.test/f?key=" + secret, "b.test/f", "http://", "file:///etc/passwd", "http://b\x00"} {
		_, err := d.AddURL("http://a.test/f", littledl.WithBackupURLs("http://b.test/f", bad))
		require.ErrorIs(t, err, littledl.ErrInvalidURL, bad)
		require.ErrorContains(t, err, "backup")
		require.NotContains(t, err.Error(), secret)
	}
	for _, o := range []littledl.URLOption{
		littledl.WithHash("sha256", strings.Repeat("a", 40)), littledl.WithHash("crc32", "00000000"),
		littledl.WithHeader(http.Header{"Range": {"bytes=0-1"}}), littledl.WithPriority(-1),
	} {
		_, err := d.AddURL("http://a.test/f", o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	require.Empty(t, d.GetAllTasks())
}
