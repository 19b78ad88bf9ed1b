package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nuid"
)

// lease is which partitions are this worker's. A worker is alive while its row lives, which it writes
// again and again with a time to live; a partition's row names its owner, and whoever finds it dead may
// put itself there. Nobody compares clocks of two machines.
type lease struct {
	c    *Cluster
	name string
	id   string // of this life: two workers of one name are one too many
	tell func() // before partitions are given away, when they are ours no more

	mu    sync.Mutex
	seen  time.Time // when the servers were last asked what they have confirmed since
	opens time.Time // until then nothing is ours: what guests have of our hosts is not known
	held  map[int]*part
	said  bool // that we live
}

func newLease(c *Cluster, name string) *lease {
	return &lease{c: c, name: name, id: nuid.Next(), tell: func() {}, held: map[int]*part{}}
}

// part is a partition of ours.
type part struct {
	revision uint64
	closing  bool // nothing new is taken: it is to be another's
}

func partKey(p int) string { return fmt.Sprint(partRow, p) }

// silent reports whether others may take our work for theirs by now: also after a sleep of the
// whole machine, which the monotonic clock does not count.
func (l *lease) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(time.Since(l.seen), time.Now().Round(0).Sub(l.seen.Round(0))) > l.c.silence*3/4
}

// taking are the partitions from which new work may be taken; closing: others are to be another's.
func (l *lease) taking() (all []int, closing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range slices.Sorted(maps.Keys(l.held)) {
		if l.held[p].closing {
			closing = true
		} else if !time.Now().Before(l.opens) {
			all = append(all, p)
		}
	}
	return all, closing
}

// owns reports whether we decide who is at the hosts of a partition; inviting: others may come, too.
func (l *lease) owns(partition int) (own, inviting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[partition]
	own = h != nil && !time.Now().Before(l.opens)
	return own, own && !h.closing
}

// lose has nothing be ours any more.
func (l *lease) lose() (some bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	some, l.seen = len(l.held) > 0, time.Time{} // and nothing is known of guests
	clear(l.held)
	return some
}

// renew says that we live, and brings the partitions nearer to an even share. busy is how much is
// under way in each; leaving: our share is none. It returns those that were lost to others.
func (l *lease) renew(ctx context.Context, busy map[int]int, leaving bool) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, l.c.silence/4)
	defer cancel()
	asked := time.Now()
	if err := l.live(ctx, leaving); err != nil {
		return nil, err
	}
	rows, err := l.c.rows(ctx, liveRow+"*", partRow+"*")
	if err != nil {
		return nil, err
	}
	alive, staying := map[string]bool{l.name: true}, 0
	for key, r := range rows {
		if name, ok := strings.CutPrefix(key, liveRow); ok && r.value != "" {
			alive[name] = true
			if !strings.HasPrefix(r.value, leavingMark) {
				staying++
			}
		}
	}
	lost, came := l.compare(asked, rows, len(alive) > 1)
	if came {
		_ = l.c.nc.Publish(evenSubject, nil)
	}
	share := 0
	if !leaving {
		share = (l.c.partitions + max(staying, 1) - 1) / max(staying, 1)
	}
	if err := l.give(ctx, l.excess(share, busy)); err != nil {
		return lost, err
	}
	return lost, l.fill(ctx, rows, alive, share)
}

const leavingMark = "-" // in a row: who leaves is alive, but others share what there is

var errTwice = errors.New("another worker has this one's name")

// live says that we live; of two workers of a name the earlier one is told so.
func (l *lease) live(ctx context.Context, leaving bool) error {
	value := l.id
	if leaving {
		value = leavingMark + l.id
	}
	l.mu.Lock()
	said := l.said
	l.mu.Unlock()
	rows, err := l.c.rows(ctx, liveRow+l.name)
	if err != nil {
		return err
	}
	if r := rows[liveRow+l.name]; said && r.value != "" && strings.TrimPrefix(r.value, leavingMark) != l.id {
		return fmt.Errorf("%w: give each a name of its own", errTwice)
	}
	_, err = l.c.write(ctx, liveRow+l.name, value, lives(l.c.silence))
	l.mu.Lock()
	l.said = l.said || err == nil
	l.mu.Unlock()
	return err
}

// compare finds what is ours no more. came: we have just come, or have been away.
func (l *lease) compare(asked time.Time, rows map[string]row, others bool) (lost []int, came bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if came = l.seen.IsZero(); came && others {
		l.opens = asked.Add(heard)
	}
	l.seen = asked
	for p, h := range l.held {
		if r := rows[partKey(p)]; r.value != l.name && r.revision > h.revision {
			delete(l.held, p)
			lost = append(lost, p)
		}
	}
	return lost, came
}

// fill takes free partitions up to our share, and all that have our name from an earlier life: nobody else
// would.
func (l *lease) fill(ctx context.Context, rows map[string]row, alive map[string]bool, share int) error {
	from := int(hash64(l.name) % uint64(l.c.partitions)) // so that not all begin with the same one
	for i := range l.c.partitions {
		p := (from + i) % l.c.partitions
		r := rows[partKey(p)]
		l.mu.Lock()
		full, ours := len(l.held) >= share, l.held[p] != nil
		l.mu.Unlock()
		if ours || r.value != l.name && (full || alive[r.value]) {
			continue
		}
		revision, err := l.c.put(ctx, partKey(p), l.name, r.revision)
		if ctx.Err() != nil {
			return err
		}
		if err == nil { // else another was faster
			l.mu.Lock()
			l.held[p] = &part{revision: revision}
			l.mu.Unlock()
		}
	}
	return nil
}

// excess marks what is to be given away, what was marked before and the idlest first, and returns
// what can be now.
func (l *lease) excess(share int, busy map[int]int) (idle []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := func(p int) int { return map[bool]int{true: 0, false: 1}[l.held[p].closing] }
	all := slices.SortedFunc(maps.Keys(l.held), func(a, b int) int { return cmp.Or(open(a)-open(b), busy[a]-busy[b], a-b) })
	for i, p := range all {
		h, was := l.held[p], l.held[p].closing
		h.closing = i < len(all)-share
		if h.closing && was && busy[p] == 0 { // marked since the last time: nothing has been taken since
			idle = append(idle, p)
		}
	}
	return idle
}

// give gives partitions away.
func (l *lease) give(ctx context.Context, partitions []int) (err error) {
	if len(partitions) == 0 {
		return nil
	}
	revisions := map[int]uint64{}
	l.mu.Lock()
	for _, p := range partitions {
		if h := l.held[p]; h != nil { // else it was lost meanwhile
			revisions[p] = h.revision
			delete(l.held, p)
		}
	}
	l.mu.Unlock()
	l.tell()
	for p, revision := range revisions {
		_, failed := l.c.put(ctx, partKey(p), "", revision)
		err = errors.Join(err, failed) // it will be found to be ours still, or its owner dead
	}
	_ = l.c.nc.Publish(evenSubject, nil)
	return err
}

// leave gives everything away.
func (l *lease) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	l.mu.Lock()
	all := slices.Collect(maps.Keys(l.held))
	l.mu.Unlock()
	_ = l.give(ctx, all)
	_, _ = l.c.write(ctx, liveRow+l.name, "", lives(l.c.silence))
	l.mu.Lock()
	l.said = false
	l.mu.Unlock()
	_ = l.c.nc.Publish(evenSubject, nil)
}
