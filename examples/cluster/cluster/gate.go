package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// How many requests a host has in flight, over all workers. The owner of a host's partition, and
// of each share of a hot one, counts its own requests and those of guests: workers whose redirects
// have led there, who ask it for a place and say again and again that they still need it.

type gate struct {
	c     *Cluster
	lease *lease
	limit func(origin string) int

	mu      sync.Mutex
	shares  shares
	places  map[string]*place
	guests  map[string]*guest             // that we have let in
	visits  map[string]*guest             // that we make
	waiting map[string]context.CancelFunc // guests who are told in time that they have to ask again
	closed  bool
	lately  map[int]time.Time          // when others were told that a partition has guests
	subs    map[int]*nats.Subscription // of partitions; serve's alone
}

// place is an origin.
type place struct {
	used  int
	queue []chan struct{}
}

func newGate(c *Cluster, l *lease, limit func(string) int) *gate {
	return &gate{c: c, lease: l, limit: limit, places: map[string]*place{}, guests: map[string]*guest{},
		visits: map[string]*guest{}, lately: map[int]time.Time{}, waiting: map[string]context.CancelFunc{}, subs: map[int]*nats.Subscription{}}
}

// capacity is how many requests at an origin are ours to grant.
func (g *gate) capacity(origin string) (n int) {
	g.mu.Lock()
	shares := g.shares.of(origin)
	g.mu.Unlock()
	limit := max(g.limit(origin), 1)
	shares = min(shares, limit)
	for i := range shares {
		if g.lease.open(g.c.partition(origin, i)) {
			n += limit / shares
			if i < limit%shares {
				n++
			}
		}
	}
	return n
}

// errFenced is of requests that others may make instead of us by now.
type errFenced struct{}

func (errFenced) Error() string   { return "cluster: this worker was not heard of for too long" }
func (errFenced) Retryable() bool { return true }

// acquire is DownloadConfig.AcquireHost.
func (g *gate) acquire(ctx context.Context, origin string) (release func(), err error) {
	if g.lease.silent() {
		return nil, errFenced{}
	}
	if g.capacity(origin) == 0 {
		return g.visit(ctx, origin)
	}
	if !g.enter(ctx, origin) {
		return nil, context.Cause(ctx)
	}
	since := time.Now()
	return func() { late(since, func() { g.leave(origin) }) }, nil
}

// lag is how much later than we a host learns that a request was cut short, as those of large files
// are when another connection takes the rest: until then it counts it beside the next.
const lag = 10 * time.Millisecond

// late ends a request, for its host too. What was short was no such thing, and costs no time.
func late(since time.Time, leave func()) {
	if time.Since(since) < 10*lag {
		leave()
		return
	}
	time.AfterFunc(lag, leave)
}

// enter waits for a place.
func (g *gate) enter(ctx context.Context, origin string) bool {
	turn := make(chan struct{})
	g.mu.Lock()
	p := g.places[origin]
	if p == nil {
		p = &place{}
		g.places[origin] = p
	}
	p.queue = append(p.queue, turn)
	g.mu.Unlock()
	g.admit(origin)
	select {
	case <-turn:
		return true
	case <-ctx.Done():
	}
	g.mu.Lock()
	for i, t := range p.queue {
		if t == turn {
			p.queue = append(p.queue[:i], p.queue[i+1:]...)
			g.mu.Unlock()
			return false
		}
	}
	g.mu.Unlock()
	g.leave(origin) // it was granted in this moment
	return false
}

func (g *gate) leave(origin string) {
	g.mu.Lock()
	g.places[origin].used--
	g.mu.Unlock()
	g.admit(origin)
}

// admit lets in whoever there is room for.
func (g *gate) admit(origin string) {
	capacity := g.capacity(origin)
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[origin]
	if p == nil {
		return
	}
	for len(p.queue) > 0 && p.used < capacity {
		close(p.queue[0])
		p.queue = p.queue[1:]
		p.used++
	}
	if p.used == 0 && len(p.queue) == 0 {
		delete(g.places, origin)
	}
}

func (g *gate) setShares(s shares) {
	g.mu.Lock()
	g.shares = s
	g.mu.Unlock()
}
