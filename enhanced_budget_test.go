package littledl_test

import (
	"fmt"
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
	t.Parallel()
	for _, threads := range []int{1, 3, 15} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.option(littledl.WithMaxTotalThreads(threads), littledl.WithMaxConcurrentFiles(8))
				s := b.origin("a.test")
				s.Behave(faultserver.Delay(50 * time.Millisecond))
				for i := range 40 {
					size := int64(100 * kib)
					if i%10 == 0 {
						size = 9 * mib
					}
					f := s.File(fmt.Sprint(i), faultserver.Size(size))
					b.add(f.URL(), f.Content())
				}
				require.NoError(b, b.start())
				if threads != 3 { // of few, one may never be free for long enough
					require.Equal(b, threads > 1, len(s.HEADs()) > 0)
				}
				require.Equal(b, threads, s.MaxInFlight())
				require.Equal(b, threads, b.get().GetStats().TotalThreads)
				require.Zero(b, b.get().GetStats().ActiveThreads)
			})
		})
	}
}

// TestEnhOneSlot: with a budget of one request at a time no HEAD takes it from the
// files, and every file in transfer has its turn.
func TestEnhOneSlot(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMaxTotalThreads(1), littledl.WithMaxConcurrentFiles(3))
		s := b.origin("a.test")
		for i := range 12 {
			size := int64(10 * kib)
			if i%4 == 0 {
				size = 8 * mib
			}
			f := s.File(fmt.Sprint(i), faultserver.Size(size))
			b.add(f.URL(), f.Content(), littledl.WithPriority(i%2))
		}
		require.NoError(b, b.start())
		require.Equal(b, 1, s.MaxInFlight())
		require.Empty(b, s.HEADs())
		asked, turns := batchPaths(s.GETs()), 0
		for _, name := range []string{"0", "4", "8"} {
			last := -1
			for i, path := range asked {
				if path == name {
					require.True(b, last < 0 || i-last <= 8, "%s waits for too long: %s", name, asked)
					last = i
				}
			}
			if len(s.GETs(name)) > 1 {
				turns++
			}
		}
		require.GreaterOrEqual(b, turns, 2, "the last may have nobody to take turns with")
	})
}

// TestEnhHints: a HEAD that waits for a slot for longer than a host is given to answer
// one speaks against nobody: it is sent when there is one. None is sent for what has
// been begun.
func TestEnhHints(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.conf.MaxConnectionsPerHost = 2
		b.option(littledl.WithMaxTotalThreads(4), littledl.WithMaxConcurrentFiles(2))
		b.rates["a.test:80"], b.rates["b.test:80"] = 128*kib, 128*kib
		a, c := b.origin("a.test"), b.origin("b.test")
		for i, s := range []*faultserver.Server{a, a, c, c, a, a, a, a, a, a} { // 8 s each, two at a time
			f := s.File(fmt.Sprint(i), faultserver.Size(mib))
			b.add(f.URL(), f.Content())
		}
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, len(a.HEADs()), 5, "while the other host is busy")
		for _, r := range a.HEADs()[1:] { // the first goes to what has just been served
			for _, g := range a.GETs(r.Path) {
				require.True(b, r.Start.Before(g.Start), r.Path)
			}
		}
	})
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

// TestEnhSmallThreshold: files below it go first and are one request each.
func TestEnhSmallThreshold(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithSmallFileThreshold(8*mib), littledl.WithMaxConcurrentFiles(2))
		s := b.origin("a.test")
		var names []string
		for i, size := range []int64{10, 11, 6, 10, 6, 11, 6, 6} {
			f := s.File(fmt.Sprintf("%d-%d", size, i), faultserver.Size(size*mib))
			names = append(names, f.Name())
			b.add(f.URL(), f.Content())
		}
		require.NoError(b, b.start())
		for _, name := range names {
			if strings.HasPrefix(name, "6-") {
				require.Len(b, s.GETs(name), 1, name)
			} else {
				require.Greater(b, len(s.GETs(name)), 1, name)
			}
		}
		first := batchFirst(s.GETs())[2:] // two were begun before any size was known
		for i, name := range first[:4] {
			require.True(b, strings.HasPrefix(name, "6-"), "%d: %s", i, first)
		}
	})
}

// TestEnhOneConnection: a file that may have one connection only is asked for in one request,
// unless files take turns with it.
func TestEnhOneConnection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files int
		set   func(b *enhBed)
	}{
		"of the host":   {4, func(b *enhBed) { b.conf.MaxConnectionsPerHost = 1 }},
		"in all":        {1, func(b *enhBed) { b.conf.MaxConnections = 1 }},
		"of the budget": {1, func(b *enhBed) { b.option(littledl.WithMaxTotalThreads(1)) }},
		"of each file":  {4, func(b *enhBed) { b.conf.MaxChunks = 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				c.set(b)
				s := b.origin("a.test")
				for i := range c.files {
					f := s.File(fmt.Sprint(i), faultserver.Size(20*mib))
					b.add(f.URL(), f.Content())
				}
				require.NoError(b, b.start())
				require.Len(b, s.GETs(), c.files)
			})
		})
	}
}
