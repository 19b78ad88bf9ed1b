package cluster

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// door is what a worker has of hosts, and nothing else of it.
func door(t *testing.T, c *Cluster, name string, limit int, owned ...int) *gate {
	l := newLease(c, name)
	l.seen = time.Now()
	for _, p := range owned {
		l.held[p] = &part{}
	}
	life, end := context.WithCancel(t.Context())
	g := newGate(life, l, func(string) int { return limit })
	l.tell = g.tell
	sub, err := c.nc.Subscribe(claimSubject, g.hear)
	require.NoError(t, err)
	t.Cleanup(func() {
		end()
		g.all.Wait()
		require.NoError(t, sub.Unsubscribe())
	})
	return g
}

// TestGuests: an owner and two guests who all want a host without end take turns, and are never more
// than it bears.
func TestGuests(t *testing.T) {
	for _, limit := range []int{1, 2, 6} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			c := start(t, Config{})
			const origin = "http://host:80"
			gates := []*gate{door(t, c, "owner", limit, c.partition(origin, 0)), door(t, c, "a", limit), door(t, c, "b", limit)}
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			var now, peak, over atomic.Int64
			var turns [3]atomic.Int64
			var all sync.WaitGroup
			for i, g := range gates {
				for range 8 {
					all.Go(func() {
						for ctx.Err() == nil {
							release, err := g.acquire(ctx, origin)
							if err != nil {
								return
							}
							if n := now.Add(1); n > int64(limit) {
								over.Add(1)
							} else if n > peak.Load() {
								peak.Store(n)
							}
							time.Sleep(5 * time.Millisecond)
							now.Add(-1)
							release()
							turns[i].Add(1)
						}
					})
				}
			}
			all.Wait()
			t.Log(turns[0].Load(), turns[1].Load(), turns[2].Load())
			require.Zero(t, over.Load())
			require.EqualValues(t, limit, peak.Load())
			sum := int64(0)
			for i := range turns {
				require.NotZero(t, turns[i].Load(), i)
				sum += turns[i].Load()
			}
			require.Greater(t, sum, int64(limit)*4*100, "half of what it bears")
		})
	}
}

// TestNewOwner: who owns a host next knows what guests have there.
func TestNewOwner(t *testing.T) {
	c := start(t, Config{})
	const origin = "http://host:80"
	p := c.partition(origin, 0)
	old, guest, next := door(t, c, "old", 2, p), door(t, c, "guest", 2), door(t, c, "next", 2)
	_, err := guest.acquire(t.Context(), origin)
	require.NoError(t, err)
	release, err := guest.acquire(t.Context(), origin)
	require.NoError(t, err)
	time.Sleep(200 * time.Millisecond) // so many are told to all
	old.lease.lose()
	next.lease.mu.Lock()
	next.lease.held[p] = &part{}
	next.lease.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = next.acquire(ctx, origin)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	release()
	_, err = next.acquire(t.Context(), origin)
	require.NoError(t, err)
}
