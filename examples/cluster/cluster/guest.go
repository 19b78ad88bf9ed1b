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

// guest is a request of one worker at a host of another.
type guest struct {
	ID, Origin string
	partition  int
	expires    time.Time
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
			since := time.Now()
			return func() {
				late(since, func() {
					g.mu.Lock()
					delete(g.visits, v.ID)
					g.mu.Unlock()
					_ = g.c.nc.Publish(subject+".leave", request)
				})
			}, nil
		case err != nil && !sleep(ctx, patience/10): // it has no owner now
			return nil, context.Cause(ctx)
		}
	}
}

// patience is how long an owner keeps a guest waiting for an answer.
const patience = time.Second

func gateSubject(partition int) string { return "ld.gate." + strconv.Itoa(partition) }

// close has nobody be let in any more.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for _, s := range g.subs {
		_ = s.Unsubscribe()
	}
}

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
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.closed {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		g.waiting[v.ID] = cancel
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
