package origin

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/share"
)

var limits = health.Limits{Base: 500 * time.Millisecond, MaxDelay: 30 * time.Second, MaxElapsed: time.Minute}

// bed is a table of origins that bear as many requests as there are slots, and bear less
// once they refuse some.
type bed struct {
	*Table
	t testing.TB
}

func newBed(t testing.TB, slots int, shared *share.Pool) bed {
	return bed{NewTable(Config{
		Slots: budget.New(slots), Most: slots, Adaptive: true, Limits: limits, Share: shared, Served: new(Served),
	}), t}
}

func (b bed) url(raw string) *url.URL {
	b.t.Helper()
	u, err := fetch.ParseURL(raw)
	require.NoError(b.t, err)
	return u
}

func (b bed) of(raw string) *Origin {
	b.t.Helper()
	return b.Of(b.url(raw))
}

// used is how many slots of origins are out, one by one.
func (b bed) used(of ...*Origin) (n []int) {
	for _, o := range of {
		n = append(n, o.group.Usage().Used)
	}
	return n
}

// ServedSince is the Health's, for a request begun at a time.
func (o *Origin) ServedSince(began time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.health.ServedSince(o.table.At(began), o.table.At(time.Now()), o.roundTrip)
}
