package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClosingOwner: a host of limit 1 goes on though its owner is to give its partition away.
func TestClosingOwner(t *testing.T) {
	c := start(t, Config{})
	const origin = "http://host:80"
	p := c.partition(origin, 0)
	owner, guest := door(t, c, "owner", 1, p), door(t, c, "guest", 1)
	release, err := owner.acquire(t.Context(), origin)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	come := make(chan string, 2)
	enter := func(g *gate, name string) {
		if r, err := g.acquire(ctx, origin); err == nil {
			come <- name
			time.Sleep(10 * time.Millisecond)
			r()
		}
	}
	go enter(guest, "guest")
	time.Sleep(100 * time.Millisecond)
	owner.lease.mu.Lock()
	owner.lease.held[p].closing = true
	owner.lease.mu.Unlock()
	go enter(owner, "owner")
	time.Sleep(100 * time.Millisecond)
	release()
	for {
		select {
		case <-come:
			return
		case <-time.After(500 * time.Millisecond):
			owner.tend()
			guest.tend()
		case <-ctx.Done():
			t.Fatal("nobody is let in for 5 s, and the host is idle")
		}
	}
}

// TestRestartedOwner: an owner that comes back knows what guests have.
func TestRestartedOwner(t *testing.T) {
	c := start(t, Config{})
	const origin = "http://host:80"
	p := c.partition(origin, 0)
	old, guest := door(t, c, "old", 2, p), door(t, c, "guest", 2)
	for range 2 {
		_, err := guest.acquire(t.Context(), origin)
		require.NoError(t, err)
	}
	time.Sleep(300 * time.Millisecond)
	claims, err := c.nc.SubscribeSync(claimSubject)
	require.NoError(t, err)
	old.lease.lose() // killed
	for range 2 {
		_, err = claims.NextMsg(5 * time.Second)
		require.NoError(t, err)
	}
	next := door(t, c, "next", 2) // restarted, in the moment after a claim
	next.lease.mu.Lock()
	next.lease.held[p], next.lease.opens = &part{}, time.Now().Add(heard)
	next.lease.mu.Unlock()
	time.Sleep(heard + 50*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = next.acquire(ctx, origin)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the guest has both places; the host sees 3 of 2")
}

// TestGivenWithRequests: who gives a partition away and has requests at its hosts, since redirects
// led there, is reckoned with by the next owner.
func TestGivenWithRequests(t *testing.T) {
	c := start(t, Config{Dir: t.TempDir()})
	o := door(t, c, "o", 6)
	_, err := o.lease.renew(t.Context(), nil, false)
	require.NoError(t, err)
	origin := ""
	for i := 0; ; i++ {
		if origin = fmt.Sprintf("http://h%d:80", i); c.partition(origin, 0) == 0 {
			break
		}
	}
	for range 6 {
		_, err := o.acquire(t.Context(), origin)
		require.NoError(t, err)
	}
	w := door(t, c, "w", 6)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	var over atomic.Int64
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := w.acquire(ctx, origin); err == nil {
				over.Add(1)
			}
		})
	}
	all.Go(func() { // its beats, as it is woken
		for ctx.Err() == nil {
			_, _ = w.lease.renew(ctx, nil, false)
			w.tend()
		}
	})
	time.Sleep(2 * time.Second) // it has heard all
	for range 3 {
		_, err = o.lease.renew(t.Context(), nil, false)
		require.NoError(t, err)
		o.tend()
	}
	time.Sleep(time.Second)
	cancel()
	all.Wait()
	require.Zero(t, over.Load(), "requests beside the six that are under way; of 6")
}

// TestDeadGuest: a guest that was killed while it waited, and had nothing, keeps nobody from the host.
func TestDeadGuest(t *testing.T) {
	c := start(t, Config{})
	const origin = "http://host:80"
	p := c.partition(origin, 0)
	owner := door(t, c, "owner", 1, p)
	release, err := owner.acquire(t.Context(), origin)
	require.NoError(t, err)
	require.NoError(t, c.nc.Publish(claimSubject, claim{Worker: "killed", Origin: origin, Partition: p, Want: 1}.text()))
	require.NoError(t, c.nc.Flush())
	time.Sleep(100 * time.Millisecond)
	go func() {
		for sleep(t.Context(), 500*time.Millisecond) {
			owner.tend()
		}
	}()
	time.AfterFunc(100*time.Millisecond, release)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = owner.acquire(ctx, origin)
	require.NoError(t, err, "the host is idle for as long as the silence, of 30 s")
}

// TestVisits: a guest whose visit ends in the moment in which it wants something again has no more than
// the owner knows of.
func TestVisits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	c := start(t, Config{})
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	owned := make([]int, c.partitions)
	for p := range owned {
		owned[p] = p
	}
	owner, guest := door(t, c, "owner", 1, owned...), door(t, c, "guest", 1)
	var over, visits atomic.Int64
	for i := range 200 {
		origin := fmt.Sprintf("http://h%d:80", i)
		var now atomic.Int64
		use := func(g *gate, d time.Duration) {
			release, err := g.acquire(ctx, origin)
			if err != nil {
				return
			}
			if now.Add(1) > 1 {
				over.Add(1)
			}
			time.Sleep(d)
			now.Add(-1)
			release()
		}
		all.Go(func() {
			for ctx.Err() == nil {
				use(guest, time.Duration(rand.N(30))*time.Millisecond)
				visits.Add(1)
				time.Sleep(time.Duration(rand.N(30)) * time.Millisecond)
			}
		})
		all.Go(func() {
			for ctx.Err() == nil {
				use(owner, time.Duration(rand.N(10))*time.Millisecond)
				time.Sleep(time.Duration(rand.N(10)) * time.Millisecond)
			}
		})
	}
	all.Wait()
	t.Log(visits.Load(), "visits")
	require.Zero(t, over.Load(), "requests beside another, of 1")
}
