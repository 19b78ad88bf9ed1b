package cluster

import (
	"context"
	"iter"
	"sync"
	"time"
)

// gate bounds how many requests a host has in flight, over all workers. The owner of a host's
// partition, and of each share of a hot one, counts its own requests and those of guests: workers whose
// redirects have led there. See guest.go for how they are let in.
type gate struct {
	turns // its lock is that of all that is not fixed
	c     *Cluster
	lease *lease
	limit func(origin string) int
	life  context.Context // of visits
	all   sync.WaitGroup  // they

	shares shares
	guests map[string]map[string]*guest // by origin and worker: what others have of a host
	visits map[string]int               // by origin: what we may have of others' hosts
}

func newGate(life context.Context, l *lease, limit func(string) int) *gate {
	g := &gate{c: l.c, lease: l, limit: limit, life: life, guests: map[string]map[string]*guest{}, visits: map[string]int{}}
	g.turns = turns{room: g.room, at: map[string]*queue{}}
	return g
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
	if err := g.enter(ctx, origin, 0); err != nil {
		return nil, err
	}
	since := time.Now()
	return func() {
		if time.Since(since) < 10*lag {
			g.leave(origin)
		} else {
			time.AfterFunc(lag, func() { g.leave(origin) })
		}
	}, nil
}

// lag is how much later than we a host learns that a request was cut short, as those of large files
// are when another connection takes the rest: until then it counts it beside the next. What was short
// was no such thing, and costs no time.
const lag = 10 * time.Millisecond

// split is the limit of a host, and into how many shares it is split. The lock is held.
func (g *gate) split(origin string) (limit, shares int) {
	limit = max(g.limit(origin), 1)
	return limit, min(g.shares.of(origin), limit)
}

// share is how many requests at a host are ours to grant, to us and to guests. The lock is held.
func (g *gate) share(origin string) (n int) {
	limit, shares := g.split(origin)
	for i := range shares {
		if own, _ := g.lease.owns(g.c.partition(origin, i)); own {
			n += limit / shares
			if i < limit%shares {
				n++
			}
		}
	}
	return n
}

// ours are the guests in shares of a host that are ours; inviting: they may come. The lock is held.
func (g *gate) ours(origin string) iter.Seq2[*guest, bool] {
	return func(yield func(*guest, bool) bool) {
		for _, v := range g.guests[origin] {
			if own, inviting := g.lease.owns(v.Partition); own && !yield(v, inviting) {
				return
			}
		}
	}
}

// room is how many requests at a host we may have: guests that have waited longer come first. The lock is held.
func (g *gate) room(origin string) int {
	n := g.share(origin)
	if n == 0 {
		g.call(origin)
		return g.visits[origin]
	}
	waiting := g.at[origin].waiting
	for v, inviting := range g.ours(origin) {
		if n -= v.Held; inviting && v.waits() && v.since.Before(waiting[0].since) {
			n--
		}
	}
	return n
}

// files is how many files of a host may be begun: as many as it may have requests in flight, and a
// few more, since one that waits for its turn holds a place in the downloader.
func (g *gate) files(origin string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.share(origin) // guests may have all of it
	if n == 0 {
		n, _ = g.split(origin)
	}
	return n + 2
}

func (g *gate) setShares(s shares) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shares = s
}
