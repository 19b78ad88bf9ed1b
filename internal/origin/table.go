package origin

import (
	"cmp"
	"math"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/concurrency"
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/share"
)

// Config is what the origins of a batch have in common.
type Config struct {
	Slots    *budget.Pool // requests in flight, over all origins
	Most     int          // requests in flight at one of them, at most
	InAll    int          // over all of them; 0: no fewer than Most
	Rules    Rules
	Enter    Enter // nil: nobody else is asked
	Adaptive bool  // one that refuses requests gets fewer
	Streams  int   // requests that may ride on one connection of HTTP/2, and count as one
	Limits   health.Limits
	Share    *share.Pool // a budget that files share, beside Slots; nil: there is none
	Served   *Served
	Events   event.Sink
}

// Served remembers from one Start to the next which origins have served: one that then ends
// connections without a word is no wrong address, but in an outage. The zero value is empty.
type Served struct{ names sync.Map }

func (s *Served) add(name string) { s.names.Store(name, struct{}{}) }

func (s *Served) has(name string) bool {
	_, ok := s.names.Load(name)
	return ok
}

func (s *Served) forget(name string) { s.names.Delete(name) }

// Table is the origins of one Start. Make it with NewTable.
type Table struct {
	conf   Config
	begun  time.Time
	spaced bool         // some requests are to be kept apart in time
	guards bool         // more than slots is waited for, at some
	before *budget.Pool // lanes of those that wait for more than slots

	mu     sync.Mutex
	most   Most
	quotas map[string]*quota // by the keys of their rules
	byURL  map[key]*Origin
	byName map[string]*Origin
	all    []*Origin // appended to, and replaced
	looked time.Time // for those to be forgotten
}

// key is how a URL names its origin; another may name the same one otherwise.
type key struct{ scheme, host string }

// NewTable makes a table, and begins the batch's clock.
func NewTable(c Config) *Table {
	t := &Table{conf: c, begun: time.Now(), byURL: map[key]*Origin{}, byName: map[string]*Origin{}, quotas: map[string]*quota{}}
	t.before, t.most = budget.New(math.MaxInt32), Most{Each: c.Most, InAll: cmp.Or(c.InAll, c.Most)}
	for _, r := range c.Rules {
		t.spaced = t.spaced || r.Interval > 0
	}
	t.guards = t.spaced || c.Enter != nil
	return t
}

// At is a time on the batch's clock.
func (t *Table) At(when time.Time) time.Duration { return when.Sub(t.begun) }

// Of is the origin of a URL.
func (t *Table) Of(u *url.URL) *Origin {
	k := key{u.Scheme, u.Host}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.byURL[k]
	if o == nil {
		o = t.namedLocked(fetch.Origin(u))
		t.byURL[k] = o
	}
	return o
}

// OfRaw is the origin of a URL that fetch.ParseURL accepts. One with the host of a URL before it,
// as that is sent, need not be taken apart.
func (t *Table) OfRaw(raw string) (*Origin, error) {
	if scheme, rest, ok := strings.Cut(raw, "://"); ok {
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			rest = rest[:i]
		}
		t.mu.Lock()
		o := t.byURL[key{scheme, rest}]
		t.mu.Unlock()
		if o != nil {
			return o, nil
		}
	}
	u, err := fetch.ParseURL(raw)
	if err != nil {
		return nil, err
	}
	return t.Of(u), nil
}

func (t *Table) namedLocked(name string) *Origin {
	o := t.byName[name]
	if o == nil {
		c, q := t.conf, t.quotaLocked(name)
		most := t.most.of(q)
		o = &Origin{table: t, name: name, quota: q, group: c.Slots.Under(q.bound, most), limit: concurrency.New(most), health: health.New(c.Served.has(name))}
		o.asked = time.Now()
		o.told = told{o.health.State, most}
		if o.lanes = o.group; c.Enter != nil || q.turns != nil {
			o.lanes = t.before.Group(most)
		}
		t.byName[name] = o
		t.all = append(t.all, o)
	}
	return o
}

// Capacity is how many requests all origins that were asked for may have in flight.
func (t *Table) Capacity() (sum int) {
	for _, o := range t.origins() {
		sum += o.Capacity()
	}
	return sum
}

// Tick lets limits grow again, and forgets who has long been idle where there are many. It may be called as often as one likes.
func (t *Table) Tick(now time.Time) {
	t.forgetIdle(now)
	for _, o := range t.origins() {
		o.sample(now)
		if t.conf.Adaptive {
			o.tick(now)
		}
	}
}

func (t *Table) origins() []*Origin {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all
}
