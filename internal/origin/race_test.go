package origin

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// TestManyAtOnce: whatever many leases do at once, nobody is asked by more than may, and in
// the end nothing is held.
func TestManyAtOnce(t *testing.T) {
	seed := replay.Seed(t)
	const slots, ofFiles = 3, 4
	files := shared(t, ofFiles)
	b := newBed(t, slots, files)
	b.conf.Slots.Resize(100)
	var inAll atomic.Int32
	var at [3]atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			raw := func() (int, string) { n := rnd.IntN(3); return n, fmt.Sprintf("http://%d.test/", n) }
			for range 100 {
				_, home := raw()
				o := b.of(home)
				l := o.Lease(Claim{Rank: rnd.Int64N(3), File: []string{"a", "b"}[i%2]})
				if rnd.IntN(2) == 0 {
					l.Keep()
				}
				if rnd.IntN(2) == 0 {
					l.TryAcquire()
				}
				for range rnd.IntN(4) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(1000))*time.Microsecond)
					n, next := raw()
					if _, err := l.Admit(ctx, b.url(next)); err == nil {
						if inAll.Add(1) > ofFiles || at[n].Add(1) > slots {
							t.Error("too many")
						}
						events(rnd, l)
						inAll.Add(-1)
						at[n].Add(-1)
						l.Leave()
					}
					cancel()
				}
				l.Release()
			}
		})
	}
	wg.Wait()
	require.Zero(t, files.Usage().Used)
	require.Zero(t, b.conf.Slots.Usage().Used)
	for _, o := range b.origins() {
		require.Zero(t, o.Health().InFlight)
		require.Zero(t, o.Health().Serving)
		require.Zero(t, o.limit.InFlight())
	}
}

// events is one of the things that become of a request.
func events(rnd *rand.Rand, l *Lease) {
	o, began := l.At(), time.Now()
	switch rnd.IntN(8) {
	case 0:
		l.Refused()
		o.Refused(began, time.Second, errTest)
	case 1:
		l.TurnedAway()
		o.Closed(began, errTest)
	case 2:
		l.Interrupted()
	case 3:
		o.Unreachable(began, errTest)
	case 4:
		o.Silent(began)
		o.GaveUp()
	case 5:
		o.table.Tick(began)
		_ = o.table.Capacity()
	default:
		l.Answered(began, []string{"HTTP/1.1", "HTTP/2.0"}[rnd.IntN(2)])
		o.Received(1)
		o.Done()
	}
}
