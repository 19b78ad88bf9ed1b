package littledl_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// budget is what a caller shares out: so many at a time of each origin.
type budget struct {
	places map[string]chan struct{} // by origin
	t      *testing.T

	mu       sync.Mutex
	granted  []string // origins, in order
	held     map[string]int
	most     int // of all origins together
	released int
}

func newBudget(t *testing.T, each int, origins ...string) *budget {
	g := &budget{places: map[string]chan struct{}{}, t: t, held: map[string]int{}}
	for _, o := range origins {
		g.places[o] = make(chan struct{}, each)
	}
	return g
}

func (g *budget) acquire(ctx context.Context, origin string) (func(), error) {
	places, known := g.places[origin]
	require.True(g.t, known, origin)
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted = append(g.granted, origin)
	g.held[origin]++
	g.most = max(g.most, g.sum())
	once := false
	return func() {
		<-places
		g.mu.Lock()
		defer g.mu.Unlock()
		require.False(g.t, once, "it is released twice")
		once = true
		g.held[origin]--
		g.released++
	}, nil
}

func (g *budget) sum() (n int) {
	for _, h := range g.held {
		n += h
	}
	return n
}

// TestAcquireHost: each request, HEADs and hops included, is granted, by the origin that it goes
// to, and its grant is given back once, when its body has ended.
func TestAcquireHost(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		g := newBudget(b.T, 3, "http://files.test:80", "http://files.test:81", "http://xn--bcher-kva.test:8080")
		b.conf.AcquireHost = g.acquire
		b.files = 8
		one, two := b.origin("files.test:81"), b.origin("xn--bcher-kva.test:8080")
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(100*kib)))
		}
		b.add(b.srv.File("large", faultserver.Size(20*mib)))
		target := two.File("led", faultserver.Size(kib))
		via := one.File("via", faultserver.Behave(faultserver.RedirectTo("http://BÜCHER.test:8080/led", 302)))
		b.addURL(via.URL(), target.Content())
		f := b.srv.File("flaky", faultserver.Size(kib), faultserver.Behave(faultserver.First(2, faultserver.Status(500))))
		b.add(f)
		require.NoError(b, b.d.Start(b.Context()))
		require.Equal(b, b.d.GetStats().TotalFiles, b.d.GetStats().CompletedFiles)
		count := map[string]int{}
		for _, o := range g.granted {
			count[o]++
		}
		require.Equal(b, map[string]int{
			"http://files.test:80": len(b.srv.Requests()), "http://files.test:81": len(one.Requests()), "http://xn--bcher-kva.test:8080": len(two.Requests()),
		}, count)
		require.Equal(b, len(g.granted), g.released)
		require.LessOrEqual(b, b.srv.MaxInFlight(), 3)
	})
}

// TestAcquireHostOnTheWay: a hop gives its grant back before it gets the next.
func TestAcquireHostOnTheWay(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		g := newBudget(b.T, 1, "http://files.test:80", "http://other.test:80")
		b.conf.AcquireHost = g.acquire
		other := faultserver.Start(b, faultserver.On(b.net, "other.test:80"))
		target := other.File("led", faultserver.Size(12*mib))
		b.srv.File("via", faultserver.Behave(faultserver.RedirectTo(target.URL(), 302)))
		b.add(b.srv.Lookup("via"))
		b.want = nil
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, 1, g.most, "of both")
		require.Equal(b, []string{"http://files.test:80", "http://other.test:80"}, g.granted[:2])
	})
}

// TestTwoBudgets: two downloaders with few connections each share a budget of one request to each
// of two hosts that redirect to each other, and come to an end.
func TestTwoBudgets(t *testing.T) {
	t.Parallel()
	for _, enhanced := range []bool{false, true} {
		t.Run(fmt.Sprint(enhanced), func(t *testing.T) {
			inGround(t, func(g *ground) {
				shared := newBudget(g.T, 1, "http://a.test:80", "http://b.test:80")
				a := faultserver.Start(g, faultserver.On(g.net, "a.test:80"))
				c := faultserver.Start(g, faultserver.On(g.net, "b.test:80"))
				g.net.Shape(faultserver.Same(line(8 * mib)))
				g.conf.AcquireHost, g.conf.MaxConnections = shared.acquire, 2
				g.conf.Hosts = map[string]littledl.HostConfig{"a.test": {Interval: 10 * time.Millisecond}}
				var all sync.WaitGroup
				for n := range 2 {
					opts := []littledl.Option{littledl.WithConfig(g.conf), littledl.WithMaxConcurrentFiles(4)}
					d, err := littledl.NewBatchDownloader(opts...)
					if enhanced {
						var e *littledl.EnhancedBatchDownloader
						e, err = littledl.NewEnhancedBatchDownloader(opts...)
						d = e.BatchDownloader
					}
					require.NoError(g, err)
					for i := range 10 {
						x, y := a, c
						if i%2 == 0 {
							x, y = c, a
						}
						name := fmt.Sprint(n, i)
						f := x.File(name, faultserver.Size(int64(i%4)*3*mib+kib))
						y.File("via"+name, faultserver.Behave(faultserver.RedirectTo(f.URL(), 302)))
						_, err := d.AddURL(y.URL("via"+name), littledl.WithSavePath(g.dir))
						require.NoError(g, err)
					}
					all.Go(func() {
						require.NoError(g, d.Start(g.Context()))
						require.NoError(g, d.Stop())
					})
				}
				all.Wait()
				require.Equal(g, len(shared.granted), shared.released)
				require.LessOrEqual(g, max(a.MaxInFlight(), c.MaxInFlight()), 1)
			})
		})
	}
}

// TestAcquireHostWaits: who waits for a grant holds no connection that others could use, and no
// time of its own, or of a HEAD's, or of a hop's, runs meanwhile.
func TestAcquireHostWaits(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.files, b.chunks, b.conf.MaxConnections = 4, 1, 2
		b.conf.StallTimeout, b.conf.HeaderTimeout, b.conf.ConnectTimeout = 2*time.Second, 2*time.Second, 2*time.Second
		free := time.Now().Add(time.Minute)
		b.conf.AcquireHost = func(ctx context.Context, origin string) (func(), error) {
			if origin == "http://slow.test:80" {
				select {
				case <-time.After(time.Until(free)):
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			}
			return nil, nil
		}
		slow := b.origin("slow.test:80")
		for i := range 2 {
			b.addURL(slow.File(fmt.Sprint(i), faultserver.Size(kib)).URL(), slow.Content(fmt.Sprint(i)))
		}
		led := slow.File("led", faultserver.Size(kib))
		b.addURL(b.srv.File("via", faultserver.Behave(faultserver.RedirectTo(led.URL(), 302))).URL(), led.Content())
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(100*kib)))
		}
		time.AfterFunc(10*time.Second, func() { require.Equal(b, 20, b.d.GetStats().CompletedFiles) })
		require.NoError(b, b.start())
		require.InDelta(b, 60, b.took.Seconds(), 3)
		require.Equal(b, 3, len(slow.GETs()))
		require.Len(b, b.srv.GETs("via"), 1)
		for _, task := range b.d.GetAllTasks() {
			require.Zero(b, task.RetryCount)
		}
	})
}

// TestAcquireHostStreams: over HTTP/2 each request has its own grant, but those that ride on one
// connection have one together.
func TestAcquireHostStreams(t *testing.T) {
	t.Parallel()
	for _, per := range []int{1, 4} {
		t.Run(fmt.Sprint(per), func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				g := newBudget(b.T, 2, "https://secure.test:443")
				b.conf.AcquireHost, b.conf.StreamsPerConnection, b.conf.MaxConnections = g.acquire, per, 2
				b.opts = append(b.opts, littledl.WithMaxConcurrentFiles(20))
				srv := b.secure(100)
				require.NoError(b, b.start())
				require.LessOrEqual(b, srv.MaxInFlight(), 2*per)
				require.Equal(b, len(g.granted), g.released)
				if per == 1 {
					require.Len(b, g.granted, 100)
					return
				}
				require.Greater(b, srv.MaxInFlight(), 4)
				require.Less(b, len(g.granted), 60)
			})
		})
	}
}

// TestAcquireHostIsNotHoarded: as many grants are held as there are requests, not as there are
// files that wait for a connection.
func TestAcquireHostIsNotHoarded(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		g := newBudget(b.T, 100, "http://files.test:80", "http://other.test:80")
		b.conf.AcquireHost, b.conf.MaxConnections, b.conf.MaxConnectionsPerHost = g.acquire, 3, 2
		b.files, b.chunks = 10, 4
		other := b.origin("other.test:80")
		for i := range 30 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(100*kib)))
			b.add(other.File(fmt.Sprint(i, "o"), faultserver.Size(6*mib)))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, g.most, 4)
	})
}
