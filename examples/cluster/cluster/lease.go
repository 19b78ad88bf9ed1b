package cluster

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Who owns which partition. A worker is alive while its row lives, which it writes again and again
// with a time to live; a partition's row names its owner, and whoever finds it dead may put itself
// there. Nobody compares clocks of two machines.

const (
	workerRow = "worker."
	partRow   = "part."
	guestRow  = "guest." // of a partition: workers of others may be at its hosts
)

// lease is what a worker knows of its partitions.
type lease struct {
	c    *Cluster
	name string
	ttl  time.Duration

	mu    sync.Mutex
	seen  time.Time // when the servers were last asked what they have confirmed since
	held  map[int]*part
	alive int // workers
}

// part is a partition of ours.
type part struct {
	revision uint64
	closing  bool      // nothing new is taken: it is to be another's
	opens    time.Time // what guests have of its hosts is known by then
}

func newLease(c *Cluster, name string) *lease {
	return &lease{c: c, name: name, ttl: c.Silence, held: map[int]*part{}, alive: 1}
}

// silent reports whether others may take our work for theirs by now: also after a sleep of the
// whole machine, which the monotonic clock does not count.
func (l *lease) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(time.Since(l.seen), time.Now().Round(0).Sub(l.seen.Round(0))) > l.ttl*3/4
}

// mine are the partitions from which new work may be taken, or in which requests may be made.
func (l *lease) mine(taking bool) (all []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, h := range l.held {
		if !taking || !h.closing {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// closing reports whether something is to be another's.
func (l *lease) closing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.held {
		if h.closing {
			return true
		}
	}
	return false
}

// open reports whether we decide who is at the hosts of a partition.
func (l *lease) open(partition int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[partition]
	return h != nil && !time.Now().Before(h.opens)
}

// lose has nothing be ours any more.
func (l *lease) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.held)
}

// renew says that we live, and brings the partitions nearer to an even share. busy is how much is
// under way in each; leaving: our share is none. It returns those that were lost to others.
func (l *lease) renew(ctx context.Context, busy map[int]int, leaving bool) (lost []int, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.ttl/4)
	defer cancel()
	asked := time.Now()
	l.mu.Lock()
	come := l.seen.IsZero()
	l.mu.Unlock()
	if _, err := l.c.write(ctx, leases, workerRow+l.name, l.name, ttl(l.ttl)); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.seen = asked
	l.mu.Unlock()
	if come {
		_ = l.c.nc.Publish(evenOut, nil)
	}
	rows, err := l.c.table(ctx, leases)
	if err != nil {
		return nil, err
	}
	alive := map[string]bool{l.name: true}
	for key, r := range rows {
		if strings.HasPrefix(key, workerRow) && r.value != "" {
			alive[r.value] = true
		}
	}
	l.mu.Lock()
	l.alive = len(alive)
	for p := range l.held {
		if r := rows[partRow+strconv.Itoa(p)]; r.value != l.name && r.revision > l.held[p].revision {
			delete(l.held, p)
			lost = append(lost, p)
		}
	}
	l.mu.Unlock()
	share := (l.c.Partitions + len(alive) - 1) / len(alive)
	if leaving {
		share = 0
	}
	return lost, l.balance(ctx, rows, alive, busy, share)
}

// balance takes free partitions up to our share, and gives away what is above it.
func (l *lease) balance(ctx context.Context, rows map[string]row, alive map[string]bool, busy map[int]int, share int) error {
	idle := l.excess(share, busy)
	for _, p := range idle {
		if err := l.release(ctx, p); err != nil {
			return err
		}
	}
	if len(idle) > 0 {
		_ = l.c.nc.Publish(evenOut, nil)
	}
	free := func(p int) bool {
		owner := rows[partRow+strconv.Itoa(p)].value
		return !alive[owner] || owner == l.name
	}
	from := int(hash64(l.name) % uint64(l.c.Partitions)) // so that not all begin with the same one
	for i := range l.c.Partitions {
		p := (from + i) % l.c.Partitions
		l.mu.Lock()
		full, ours := len(l.held) >= share, l.held[p] != nil
		l.mu.Unlock()
		if full {
			return nil
		}
		if ours || !free(p) {
			continue
		}
		r := rows[partRow+strconv.Itoa(p)]
		revision, err := l.c.put(ctx, leases, partRow+strconv.Itoa(p), l.name, r.revision, 0)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			continue // another was faster
		}
		h := &part{revision: revision, opens: time.Now()}
		if rows[guestRow+strconv.Itoa(p)].value != "" {
			h.opens = h.opens.Add(l.ttl / 3)
		}
		l.mu.Lock()
		l.held[p] = h
		l.mu.Unlock()
	}
	return nil
}

// excess marks what is to be given away, what was marked before and the idlest first, and returns
// what can be now.
func (l *lease) excess(share int, busy map[int]int) (idle []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []int
	for p := range l.held {
		all = append(all, p)
	}
	closing := func(p int) int { return map[bool]int{true: 0, false: 1}[l.held[p].closing] }
	slices.SortFunc(all, func(a, b int) int { return cmp.Or(closing(a)-closing(b), busy[a]-busy[b], a-b) })
	for i, p := range all {
		h, was := l.held[p], l.held[p].closing
		h.closing = i < len(all)-share
		if h.closing && was && busy[p] == 0 { // marked since the last time: nothing has been taken since
			idle = append(idle, p)
		}
	}
	return idle
}

// release gives a partition away.
func (l *lease) release(ctx context.Context, p int) error {
	l.mu.Lock()
	h := l.held[p]
	delete(l.held, p)
	l.mu.Unlock()
	if h == nil {
		return nil
	}
	_, err := l.c.put(ctx, leases, partRow+strconv.Itoa(p), "", h.revision, 0)
	return err
}

// leave gives everything away.
func (l *lease) leave(ctx context.Context) {
	for _, p := range l.mine(false) {
		_ = l.release(ctx, p) // it will be found dead
	}
	_, _ = l.c.write(ctx, leases, workerRow+l.name, "", ttl(l.ttl))
}
