package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// enhRace is three mirrors of rate, a half and a quarter of it per connection, that
// serve two connections each and answer 503 to more.
func (b *enhBed) enhRace(name string, size, rate int64) (servers []*faultserver.Server) {
	b.conf.MinChunkSize = rate / 8 // a quarter of what bounds speed is a quarter of the work
	for i, host := range []string{"fast.test", "middle.test", "slow.test"} {
		b.rates[host+":80"] = rate >> i
		s := b.origin(host)
		s.Behave(faultserver.ConnLimit(2, faultserver.Status(503)))
		s.File(name, faultserver.Size(size))
		servers = append(servers, s)
	}
	return servers
}

// TestEnhParallel: with a hash all three are used at once, each as much as it can.
func TestEnhParallel(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		const size = 84 * mib
		servers := b.enhRace("f", size, 8*mib)
		f := servers[0].Lookup("f")
		id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, servers...)
		require.NoError(b, b.start())
		const ideal = time.Second * size / (28 * mib)
		require.Less(b, b.took, ideal*100/85)
		require.Empty(b, b.dropped(id))
		for i, s := range b.task(id).Sources {
			require.Greater(b, s.Bytes, int64(size*(4>>i)/7*6/10), s.URL)
		}
	})
}

// TestEnhRefusesMore: a source that refuses connections beyond what it serves, with 503
// or without a word, is used for what it serves.
func TestEnhRefusesMore(t *testing.T) {
	t.Parallel()
	for what, servers := range map[string]int{"alone": 1, "one of three": 3} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				const size = 24 * mib
				servers := b.enhRace("f", size, 2*mib)[:servers]
				for _, s := range servers {
					s.Behave()
					b.refuseBeyond(2, s.Origin()[7:]+":80")
				}
				f := servers[0].Lookup("f")
				id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, servers...)
				require.NoError(b, b.start())
				require.Empty(b, b.dropped(id))
				ideal := map[int]time.Duration{1: time.Second * size / (4 * mib), 3: time.Second * size / (7 * mib)}[len(servers)]
				require.Less(b, b.took, ideal*100/80)
				for i, s := range b.task(id).Sources {
					require.Greater(b, s.Bytes, int64(size*(4>>i)/7*6/10), s.URL)
				}
				require.Less(b, b.net.Dials(""), 100)
			})
		})
	}
}

// TestEnhFastestDies somewhere on the way: the others go on with what is left.
func TestEnhFastestDies(t *testing.T) {
	t.Parallel()
	for at := 700 * time.Millisecond; at < 3*time.Second; at += 1060 * time.Millisecond {
		enhBubble(t, func(b *enhBed) {
			const size = 28 * mib // 4 s
			servers := b.enhRace("f", size, 2*mib)
			f := servers[0].Lookup("f")
			id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, servers...)
			var left int64
			time.AfterFunc(at, func() {
				left = size - b.task(id).Downloaded
				servers[0].Close()
			})
			require.NoError(b, b.start())
			ideal := time.Duration(float64(left) / (3 * mib) * float64(time.Second))
			require.Less(b, b.took-at, ideal+600*time.Millisecond, at)
			require.Equal(b, []string{"fast.test"}, b.dropped(id))
		})
	}
}

// TestEnhCrawlingMirror: one that is hardly of any use is not waited for, wherever it
// stands, and what is asked for twice at the end is asked of the other one.
func TestEnhCrawlingMirror(t *testing.T) {
	t.Parallel()
	for slow := range 2 {
		for i, size := range []int64{6 * mib, 8 * mib, 12 * mib, 40 * mib} {
			for k, rate := range []int64{10 * kib, 40 * kib, 150 * kib} {
				if underRace && (slow+i+k)%2 > 0 { // each pair of them, in one place or the other
					continue
				}
				t.Run(fmt.Sprintf("%d of %d MiB at %d KiB/s", slow, size/mib, rate/kib), func(t *testing.T) {
					enhBubble(t, func(b *enhBed) {
						a, c := b.origin("m0.test"), b.origin("m1.test")
						b.rates["m0.test:80"], b.rates["m1.test:80"] = 3*mib, 3*mib
						b.rates[fmt.Sprintf("m%d.test:80", slow)] = rate
						f := a.File("f", faultserver.Size(size))
						c.File("f", faultserver.Size(size))
						b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, c)
						require.NoError(b, b.start())
						require.Less(b, b.took, 3*time.Second)
					})
				})
			}
		}
	}
}

// TestEnhCrawlingFirst: nor is one waited for whose connections crawl, each in its own
// way, before the other one is proven, with all slots in use or each other's hedges.
func TestEnhCrawlingFirst(t *testing.T) {
	t.Parallel()
	for i, rates := range [][]int64{
		{10 * kib, 200 * kib, 40 * kib, 40 * kib}, {40 * kib, 10 * kib, 150 * kib, 100 * kib},
		{30 * kib, 30 * kib, 30 * kib, 200 * kib}, {200 * kib, 10 * kib, 10 * kib, 10 * kib},
	} {
		for j, size := range []int64{8 * mib, 40 * mib} {
			for k, threads := range []int{4, 6, 15} {
				if underRace && (i+j+k)%2 > 0 { // each size with each number of threads, of two kinds of crawling
					continue
				}
				t.Run(fmt.Sprintf("%d, %d MiB, %d threads", i, size/mib, threads), func(t *testing.T) {
					enhBubble(t, func(b *enhBed) {
						a, c := b.origin("m0.test"), b.origin("m1.test")
						b.rates["m1.test:80"] = 3 * mib
						f := a.File("f", faultserver.Size(size), faultserver.Behave(faultserver.SlowConns(rates...)))
						c.File("f", faultserver.Size(size))
						b.option(littledl.WithTrustedMirrors(true), littledl.WithMaxTotalThreads(threads))
						id := b.mirrored("f", f.Content(), nil, a, c)
						require.NoError(b, b.start())
						require.Less(b, b.took, 10*time.Second, "alone it would take minutes")
						// Fifteen that crawl bring a MiB a second before the other one is proven.
						require.Less(b, b.task(id).Sources[0].Bytes, size*3/4)
					})
				})
			}
		}
	}
}

// TestEnhLiar: a source with other bytes of the same size is found out by the hash,
// wherever it stands, and the file is right.
func TestEnhLiar(t *testing.T) {
	t.Parallel()
	const size = 9 * mib
	for liar := range 3 {
		t.Run(fmt.Sprint(liar), func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				var servers []*faultserver.Server
				for i := range 3 {
					s := b.origin(fmt.Sprintf("m%d.test", i))
					s.File("f", faultserver.Size(size))
					servers = append(servers, s)
				}
				good := servers[(liar+1)%3].Content("f")
				servers[liar].File("f", enhOther("f", size))
				id := b.mirrored("f", good, []littledl.URLOption{enhHash(good)}, servers...)
				require.NoError(b, b.start())
				require.NotZero(b, b.task(id).Sources[liar].Bytes, "it did lie")
				require.Equal(b, []string{fmt.Sprintf("m%d.test", liar)}, b.dropped(id))
				require.True(b, b.task(id).LengthVerified)
			})
		})
	}
}

// TestEnhLonelyLiar: so it is where the liar alone has served: a small file, one
// without ranges, one of another size.
func TestEnhLonelyLiar(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		size int64
		lie  []faultserver.FileOption
	}{
		"small":     {mib, []faultserver.FileOption{enhOther("f", mib)}},
		"no ranges": {8 * mib, []faultserver.FileOption{enhOther("f", 8*mib), faultserver.Behave(faultserver.NoRange())}},
		"no length": {mib, []faultserver.FileOption{enhOther("f", mib), faultserver.Behave(faultserver.NoLength())}},
		"shorter":   {mib, []faultserver.FileOption{enhOther("f", mib-1)}},
		"longer":    {8 * mib, []faultserver.FileOption{enhOther("f", 9*mib)}},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				a, c2 := b.origin("a.test"), b.origin("b.test")
				a.File("f", c.lie...)
				f := c2.File("f", faultserver.Size(c.size))
				id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, c2)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.test"}, b.dropped(id))
				require.Equal(b, f.URL(), b.task(id).Source)
			})
		})
	}
}

// TestEnhAllLie: then it is the hash that nobody has.
func TestEnhAllLie(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(8*mib))
		c.File("f", faultserver.Size(8*mib))
		b.mirrored("f", nil, []littledl.URLOption{enhHash(faultserver.Generate("x", 1, 9))}, a, c)
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		require.Empty(b, b.list())
		require.LessOrEqual(b, a.BytesSent()+c.BytesSent(), 4*f.Content().Size())
	})
}

// TestEnhOneAtATime: without a digest no mirror is asked while the first one serves.
func TestEnhOneAtATime(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(12*mib))
		c.File("f", enhOther("f", 12*mib))
		b.mirrored("f", f.Content(), nil, a, c)
		require.NoError(b, b.start())
		require.Empty(b, c.Requests())
	})
}

// TestEnhSlowFirst: of two slots both go to the source that is much faster, though the
// other stands first.
func TestEnhSlowFirst(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMaxTotalThreads(2))
		b.conf.MinChunkSize = 256 * kib
		b.rates["a.test:80"], b.rates["b.test:80"] = 256*kib, 2*mib
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", faultserver.Size(16*mib))
		c.File("f", faultserver.Size(16*mib))
		id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, c)
		require.NoError(b, b.start())
		require.Equal(b, 2, c.MaxInFlight())
		require.Greater(b, b.task(id).Sources[1].Bytes, int64(12*mib))
		require.Less(b, b.took, 6*time.Second, "7 s with one slot each")
	})
}
