package origin

import (
	"slices"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/meter"
)

// Stats are what callers may know of an origin.
type Stats struct {
	Name      string
	State     health.State
	Until     time.Time // it is not asked before; zero: it may be
	Allowed   int       // requests in flight
	InFlight  int
	Speed     float64 // bytes/s
	Bytes     int64
	RoundTrip time.Duration
	Protocol  string
}

// Stats are those of all origins, by their names.
func (t *Table) Stats() []Stats {
	all := t.origins()
	out := make([]Stats, len(all))
	for i, o := range all {
		out[i] = o.stats(time.Now())
	}
	slices.SortFunc(out, func(a, b Stats) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (o *Origin) stats(now time.Time) Stats {
	allowed := o.group.Usage().Size
	o.mu.Lock()
	defer o.mu.Unlock()
	s := Stats{
		Name: o.name, State: o.health.State, Allowed: allowed, InFlight: o.health.InFlight,
		Bytes: o.received.Load(), RoundTrip: o.roundTrip, Protocol: o.protocol,
	}
	if o.health.Until > o.table.At(now) {
		s.Until = o.table.begun.Add(o.health.Until)
	}
	if o.speed != nil {
		s.Speed = o.speed.Speed()
	}
	return s
}

// speedHalfLife is how quickly the speed follows.
const speedHalfLife = 2 * time.Second

// sample smooths the speed.
func (o *Origin) sample(now time.Time) {
	n := o.received.Load()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.speed == nil {
		if n == 0 { // as most of very many
			return
		}
		o.speed = meter.New(speedHalfLife)
	}
	o.speed.Sample(now, n)
}
