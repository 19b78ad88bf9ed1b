package cluster

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// A worker whose requests are led to another's host says, again and again, how many it has there and how
// many it wants: a claim, which the host's owner answers with how many it may have. A claim says all that
// there is to say, so one that is lost does no harm; and all workers hear all claims, so who owns a host
// next knows them.

const (
	claimSubject = "ld.claim"
	floor        = 20 * time.Millisecond   // between two claims
	repeat       = time.Second             // at most
	heard        = 1500 * time.Millisecond // after so long a worker that has come has heard them all
	stay         = 200 * time.Millisecond  // so long a guest may stay though others wait
)

type claim struct {
	Worker, Origin string
	Partition      int
	Held, Want     int
}

func (c claim) text() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // of numbers and strings
	}
	return text
}

// guest is what another has of a host.
type guest struct {
	claim
	at    time.Time // when it was heard of
	since time.Time // it has places, or waits for one
}

// waits reports whether it has nothing, and wants something, and lives: one that does says so.
func (v *guest) waits() bool { return v.Held == 0 && v.Want > 0 && time.Since(v.at) < 2*repeat }

// call has a host of another's be visited, if it is not yet. The lock is held.
func (g *gate) call(origin string) {
	if _, known := g.visits[origin]; !known && g.share(origin) == 0 {
		g.visits[origin] = 0
		g.all.Go(func() { g.visit(origin) })
	}
}

// visit makes claims on a host as long as we want something of it.
func (g *gate) visit(origin string) {
	for c := g.claim(origin); c.Want > 0; {
		last, begun := c, time.Now()
		ctx, cancel := context.WithTimeout(g.life, repeat)
		answer, err := g.c.nc.RequestWithContext(ctx, claimSubject, c.text())
		cancel()
		if err == nil { // else it has no owner now
			g.mu.Lock()
			g.visits[origin], _ = strconv.Atoi(string(answer.Data))
			g.admit(origin)
			g.mu.Unlock()
		}
		for satisfied := true; satisfied; {
			sleep(g.life, floor)
			c = g.claim(origin)
			satisfied = c.Held == c.Want && c == last && time.Since(begun) < repeat
		}
	}
}

// claim is what we want of a host. Nothing: that is said, and the visit is over; what is wanted later is
// another's, so it must be said before that can begin.
func (g *gate) claim(origin string) claim {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.state(origin)
	if c.Want == 0 || g.life.Err() != nil {
		c.Held, c.Want = 0, 0
		delete(g.visits, origin)
		_ = g.c.nc.Publish(claimSubject, c.text())
	} else {
		g.visits[origin] = min(g.visits[origin], c.Want)
	}
	return c
}

// state is what we have and want of another's host. The lock is held.
func (g *gate) state(origin string) claim {
	_, shares := g.split(origin)
	c := claim{Worker: g.lease.name, Origin: origin, Partition: g.c.partition(origin, int(hash64(g.lease.name)%uint64(shares)))}
	if q := g.at[origin]; q != nil && g.share(origin) == 0 {
		c.Want = q.used + len(q.waiting)
		c.Held = min(max(g.visits[origin], q.used), c.Want)
	}
	return c
}

// hear is called with the claims of all workers.
func (g *gate) hear(m *nats.Msg) {
	var c claim
	if json.Unmarshal(m.Data, &c) != nil || c.Worker == g.lease.name {
		return
	}
	if n, own := g.answer(c); own {
		_ = m.Respond([]byte(strconv.Itoa(n)))
	}
}

// answer is how many requests a guest may have; own: it is we who say that.
func (g *gate) answer(c claim) (n int, own bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.guests[c.Origin] == nil {
		g.guests[c.Origin] = map[string]*guest{}
	}
	v := g.guests[c.Origin][c.Worker]
	if v == nil {
		v = &guest{since: time.Now()}
		g.guests[c.Origin][c.Worker] = v
	}
	if (v.Held > 0) != (c.Held > 0) {
		v.since = time.Now()
	}
	v.claim, v.at = c, time.Now()
	g.admit(c.Origin) // who waits here comes before a guest that has been
	own, inviting := g.lease.owns(c.Partition)
	if own {
		if n = g.offer(v, inviting); n > 0 && v.Held == 0 {
			v.since = time.Now()
		}
		v.Held = max(v.Held, n)
	}
	if c.Want == 0 {
		delete(g.guests[c.Origin], c.Worker)
	}
	return n, own
}

// offer is how many requests a guest may have from now on. The lock is held.
func (g *gate) offer(v *guest, inviting bool) int {
	free, others := g.share(v.Origin), 0 // others have nothing, and come before it
	first := func(since time.Time) bool { return v.Held > 0 || since.Before(v.since) }
	if q := g.at[v.Origin]; q != nil {
		if free -= q.used; q.used == 0 && len(q.waiting) > 0 && first(q.waiting[0].since) {
			others++
		}
	}
	for w := range g.ours(v.Origin) {
		if free -= w.Held; w != v && w.waits() && first(w.since) {
			others++
		}
	}
	switch {
	case v.Held > 0 && others > 0 && time.Since(v.since) > stay:
		return 0
	case !inviting:
		return v.Held
	}
	return min(v.Want, v.Held+max(free-others, 0))
}

// tell says at once what we have of hosts that are ours no more, before they are another's.
func (g *gate) tell() {
	g.mu.Lock()
	for origin, q := range g.at {
		if q.used > 0 && g.share(origin) == 0 {
			_ = g.c.nc.Publish(claimSubject, g.state(origin).text())
			g.call(origin)
		}
	}
	g.mu.Unlock()
	_ = g.c.nc.FlushTimeout(repeat)
}

// tend has guests be gone that are not heard of, since they have stopped by now, and finds what has
// changed since other partitions are ours.
func (g *gate) tend() {
	g.mu.Lock()
	for origin, guests := range g.guests {
		for name, v := range guests {
			if time.Since(v.at) > g.c.silence {
				delete(guests, name)
			}
		}
		if len(guests) == 0 {
			delete(g.guests, origin)
		}
	}
	for origin := range g.at {
		g.call(origin)
	}
	g.mu.Unlock()
	g.admitAll()
}
