package cluster

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
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
	lately  map[int]time.Time             // when others were told that a partition has guests
	subs    map[int]*nats.Subscription    // of partitions; serve's alone
}

// place is an origin.
type place struct {
	used  int
	queue []chan struct{}
}

// guest is a request of one worker at a host of another.
type guest struct {
	ID, Origin string
	partition  int
	expires    time.Time
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
	return func() { g.leave(origin) }, nil
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

// visit asks the owner of one of an origin's shares.
func (g *gate) visit(ctx context.Context, origin string) (release func(), err error) {
	v := &guest{ID: nuid.Next(), Origin: origin}
	request, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	shares := min(g.shares.of(origin), max(g.limit(origin), 1))
	g.mu.Unlock()
	v.partition = g.c.partition(origin, int(hash64(v.ID)%uint64(shares)))
	subject := gateSubject(v.partition)
	for {
		call, cancel := context.WithTimeout(ctx, 2*patience)
		answer, err := g.c.nc.RequestWithContext(call, subject+".enter", request)
		cancel()
		switch {
		case ctx.Err() != nil:
			_ = g.c.nc.Publish(subject+".leave", request)
			return nil, context.Cause(ctx)
		case g.lease.silent():
			return nil, errFenced{}
		case err == nil && string(answer.Data) == "yes":
			g.mu.Lock()
			g.visits[v.ID] = v
			g.mu.Unlock()
			return func() {
				g.mu.Lock()
				delete(g.visits, v.ID)
				g.mu.Unlock()
				_ = g.c.nc.Publish(subject+".leave", request)
			}, nil
		case err != nil && !sleep(ctx, patience/10): // it has no owner now
			return nil, context.Cause(ctx)
		}
	}
}

// patience is how long an owner keeps a guest waiting for an answer.
const patience = time.Second

func gateSubject(partition int) string { return "ld.gate." + strconv.Itoa(partition) }

// serve answers guests of the partitions that are ours now. ctx and wait are for its goroutines.
func (g *gate) serve(ctx context.Context, wait *sync.WaitGroup) error {
	mine := g.lease.mine(false)
	for p, s := range g.subs {
		if !slices.Contains(mine, p) {
			_ = s.Unsubscribe()
			delete(g.subs, p)
		}
	}
	for _, p := range mine {
		if g.subs[p] != nil {
			continue
		}
		s, err := g.c.nc.Subscribe(gateSubject(p)+".*", func(m *nats.Msg) { g.answer(ctx, wait, p, m) })
		if err != nil {
			return err
		}
		g.subs[p] = s
	}
	return nil
}

func (g *gate) answer(ctx context.Context, wait *sync.WaitGroup, partition int, m *nats.Msg) {
	v := &guest{partition: partition, expires: time.Now().Add(g.lease.ttl)}
	if json.Unmarshal(m.Data, v) != nil || ctx.Err() != nil || !g.lease.open(partition) {
		return
	}
	switch m.Subject[strings.LastIndexByte(m.Subject, '.')+1:] {
	case "enter":
		ctx, cancel := context.WithTimeout(ctx, patience)
		g.mu.Lock()
		g.waiting[v.ID] = cancel
		g.mu.Unlock()
		wait.Go(func() { g.receive(ctx, v, m) })
	case "keep":
		g.keep(v)
	case "leave":
		g.gone(v.ID)
	}
}

// receive lets a guest in, or says in time that it has to ask again.
func (g *gate) receive(ctx context.Context, v *guest, m *nats.Msg) {
	in := g.tell(ctx, v.partition) && g.enter(ctx, v.Origin)
	g.mu.Lock()
	g.waiting[v.ID]()
	delete(g.waiting, v.ID)
	if !in {
		g.mu.Unlock()
		_ = m.Respond([]byte("later"))
		return
	}
	_, known := g.guests[v.ID] // an answer of ours was lost
	g.guests[v.ID] = v
	g.mu.Unlock()
	if known {
		g.leave(v.Origin)
	}
	if m.Respond([]byte("yes")) != nil {
		g.gone(v.ID)
	}
}

// tell has whoever will own the partition know that it has guests.
func (g *gate) tell(ctx context.Context, partition int) bool {
	g.mu.Lock()
	fresh := time.Since(g.lately[partition]) < g.lease.ttl
	g.mu.Unlock()
	if fresh {
		return true
	}
	_, err := g.c.write(ctx, leases, guestRow+strconv.Itoa(partition), "here", ttl(3*g.lease.ttl))
	if err == nil {
		g.mu.Lock()
		g.lately[partition] = time.Now()
		g.mu.Unlock()
	}
	return err == nil
}

// keep has a guest stay, also one that an earlier owner has let in.
func (g *gate) keep(v *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.guests[v.ID]; !known {
		if g.places[v.Origin] == nil {
			g.places[v.Origin] = &place{}
		}
		g.places[v.Origin].used++
	}
	g.guests[v.ID] = v
}

func (g *gate) gone(id string) {
	g.mu.Lock()
	v := g.guests[id]
	delete(g.guests, id)
	if cancel := g.waiting[id]; cancel != nil {
		cancel()
	}
	g.mu.Unlock()
	if v != nil {
		g.leave(v.Origin)
	}
}

// beat says that our visits go on, ends those of guests that are silent, and admits whoever may
// come in now that other partitions are ours.
func (g *gate) beat() {
	g.mu.Lock()
	var silent, origins []string
	for id, v := range g.guests {
		if time.Now().After(v.expires) || !g.lease.open(v.partition) {
			silent = append(silent, id)
		}
	}
	visits := slices.Collect(maps.Values(g.visits))
	for origin := range g.places {
		origins = append(origins, origin)
	}
	g.mu.Unlock()
	for _, v := range visits {
		if data, err := json.Marshal(v); err == nil {
			_ = g.c.nc.Publish(gateSubject(v.partition)+".keep", data)
		}
	}
	for _, id := range silent {
		g.gone(id)
	}
	for _, origin := range origins {
		g.admit(origin)
	}
}

func (g *gate) setShares(s shares) {
	g.mu.Lock()
	g.shares = s
	g.mu.Unlock()
}
