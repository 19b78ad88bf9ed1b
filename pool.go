package littledl

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/pace"
)

// pool is what all transfers of one Start share: connections, the budget of
// requests in flight, what is known about each host, buffers.
type pool struct {
	set     *settings
	client  *fetch.Client
	slots   *budget.Pool
	limiter *pace.Limiter
	buffers sync.Pool
	share   *sharing  // the global budget; nil: slots is it
	served  *sync.Map // the origins that have served in earlier Starts

	mu    sync.Mutex
	hosts map[string]*host  // by origin
	asked map[hostKey]*host // the same, by what URLs say
}

// hostKey is how a URL names its origin; another may name the same one otherwise.
type hostKey struct{ scheme, host string }

func newPool(set *settings, served *sync.Map) *pool {
	c := set.cfg
	p := &pool{
		set: set,
		client: fetch.New(fetch.Config{
			HTTPClient: c.HTTPClient, Proxy: c.Proxy, TLSConfig: c.TLSConfig, DialContext: c.DialContext,
			ConnectTimeout: c.ConnectTimeout, HeaderTimeout: c.HeaderTimeout, DenyPrivate: c.DenyPrivateNetworks,
			Connections: set.connections(), Header: c.Header, OriginHeaders: c.OriginHeaders, UserAgent: c.UserAgent,
		}),
		slots:   budget.New(set.slots()),
		limiter: pace.New(c.MaxSpeed),
		hosts:   map[string]*host{},
		asked:   map[hostKey]*host{},
		served:  served,
	}
	size := p.limiter.Burst(c.BufferSize)
	p.buffers.New = func() any { b := make([]byte, size); return &b }
	return p
}

// host returns what is known about the origin of u.
func (p *pool) host(u *url.URL) *host {
	key := hostKey{u.Scheme, u.Host}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.asked[key]
	if h == nil {
		h = p.hostLocked(fetch.Origin(u))
		p.asked[key] = h
	}
	return h
}

func (p *pool) hostLocked(origin string) *host {
	h := p.hosts[origin]
	if h == nil {
		limit := p.set.connections()
		if m := p.set.cfg.MaxConnectionsPerHost; m > 0 {
			limit = min(limit, m)
		}
		h = &host{origin: origin, group: p.slots.Group(limit), limit: limit, allowed: limit}
		_, h.served = p.served.Load(origin)
		p.hosts[origin] = h
	}
	return h
}

// remember keeps for later Starts which hosts have served: one that then ends connections
// without a word is no wrong address, but in an outage.
func (p *pool) remember() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for origin, h := range p.hosts {
		if served, _ := h.alive(); served {
			p.served.Store(origin, struct{}{})
		}
	}
}

// adapt moves every host's limit, when that is wanted.
func (p *pool) adapt(now time.Time) {
	if !p.set.adaptive {
		return
	}
	p.mu.Lock()
	hosts := make([]*host, 0, len(p.hosts))
	for _, h := range p.hosts {
		hosts = append(hosts, h)
	}
	p.mu.Unlock()
	for _, h := range hosts {
		h.adapt(now)
	}
}

// allowed is how many requests may be in flight now.
func (p *pool) allowed() int {
	most := p.set.connections()
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := 0
	for _, h := range p.hosts {
		h.mu.Lock()
		sum += h.allowed
		h.mu.Unlock()
	}
	if sum == 0 {
		return most
	}
	return min(most, sum)
}

// rank orders those who wait for a slot: by the task's priority, and within one
// priority every file's own progress before anybody's additional segments.
func rank(priority int32, additional bool) int64 {
	r := int64(priority) * 2
	if additional {
		r++
	}
	return r
}

// ticket admits the hops of one request: each holds a slot of the host that is
// asked, and of no other.
type ticket struct {
	pool     *pool
	url      *url.URL     // the first hop's
	from     *host        // its host
	f        *file        // who asks; nil: nobody's transfer
	slot     *budget.Slot // nil: none
	of       *host        // whose slot that is
	share    func()       // gives back what belongs to the slot of the global budget; nil: nothing does
	keep     bool         // another request follows at once, on the same slot
	rank     int64
	patience time.Duration // of a sample
	flight   *flight       // the hop in flight
	at       *host         // its host
}

// admit is asked before every hop.
func (k *ticket) admit(ctx context.Context, u *url.URL) (release func(), err error) {
	h := k.from
	if u != k.url {
		h = k.pool.host(u)
	}
	if k.slot == nil || h != k.of {
		k.giveBack()
		if err := k.acquire(ctx, h); err != nil {
			return nil, err
		}
	}
	k.flight, k.at = h.depart(time.Now()), h
	return k.land, nil
}

// land ends a hop.
func (k *ticket) land() {
	k.at.land(k.flight, time.Now())
	if !k.keep {
		k.giveBack()
	}
}

// acquire takes a slot of a host. Where a global budget is shared out between files
// it takes one of those, too, in this order everywhere.
func (k *ticket) acquire(ctx context.Context, h *host) (err error) {
	if k.slot, err = h.group.Acquire(ctx, k.rank); err != nil {
		k.slot = nil
		return err
	}
	k.of = h
	if k.pool.share != nil {
		if k.share, err = k.pool.share.acquire(ctx, k.f); err != nil {
			k.share = nil
			k.giveBack()
		}
	}
	return err
}

// try is acquire where all slots it takes are free at once; false: nothing was taken.
func (k *ticket) try(h *host) (ok bool) {
	if k.slot, ok = h.group.TryAcquire(); !ok {
		k.slot = nil
		return false
	}
	k.of = h
	if k.pool.share != nil {
		if k.share, ok = k.pool.share.try(k.f); !ok {
			k.share = nil
			k.giveBack()
		}
	}
	return ok
}

func (k *ticket) giveBack() {
	if k.share != nil {
		k.share()
		k.share = nil
	}
	if k.slot != nil {
		k.slot.Release()
		k.slot = nil
	}
}

// turnedAway is refused for a connection that was not let in, or ended at once.
func (k *ticket) turnedAway() {
	if k.pool.set.adaptive && k.flight != nil {
		k.at.turnAway(k.flight, time.Now())
	}
}

// refused lowers the host's number of requests in flight, after an answer that
// means too many; the request's slot is still held.
func (k *ticket) refused() {
	if k.pool.set.adaptive && k.flight != nil {
		k.at.refuse(k.flight, time.Now())
	}
}
