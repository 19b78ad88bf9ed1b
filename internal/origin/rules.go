package origin

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/pace"
)

// Rule is what the caller wants to hold for an origin, or for all of a host's together.
type Rule struct {
	Most     int           // requests in flight; 0: as many as at any other
	Speed    int64         // bytes/s; 0: any
	Interval time.Duration // least time between the beginnings of two requests
	NoRange  bool          // no part of a file is asked for
	NoHead   bool
}

// Rules are those of a batch, by their canonical keys.
type Rules map[string]Rule

// NewRules brings keys into their canonical form, which no two may have in common.
func NewRules(given map[string]Rule) (Rules, error) {
	rules := make(Rules, len(given))
	for raw, r := range given {
		key, err := fetch.Key(raw)
		if err != nil {
			return nil, err
		}
		if _, twice := rules[key]; twice {
			return nil, fmt.Errorf("several keys for %s", key)
		}
		rules[key] = r
	}
	return rules, nil
}

// key is that of the rule for an origin: its own counts more than its host's. "": there is none.
func (r Rules) key(name string) string {
	if len(r) == 0 {
		return ""
	}
	for _, key := range []string{name, fetch.HostOf(name)} {
		if _, ok := r[key]; ok {
			return key
		}
	}
	return ""
}

// Of is the rule for an origin.
func (r Rules) Of(name string) Rule { return r[r.key(name)] }

// Forbids says of a URL what it is not to be asked for; nil: there is no such rule.
func (r Rules) Forbids() func(*url.URL) (ranges, heads bool) {
	if len(r) == 0 {
		return nil
	}
	return func(u *url.URL) (ranges, heads bool) {
		of := r.Of(fetch.Origin(u))
		return of.NoRange, of.NoHead
	}
}

// quota is what the origins under one rule have in common. Its zero value limits nothing.
type quota struct {
	Rule
	bound *budget.Bound // nil: there is none
	speed *pace.Limiter
	turns *turns // nil: there need not be time between two
}

func newQuota(r Rule) *quota {
	q := &quota{Rule: r}
	if r.Most > 0 {
		q.bound = budget.NewBound(r.Most)
	}
	if r.Speed > 0 {
		q.speed = pace.New(r.Speed)
	}
	if r.Interval > 0 {
		q.turns = newTurns(r.Interval)
	}
	return q
}

// NoRange reports whether no part of a file is to be asked for.
func (o *Origin) NoRange() bool { return o.quota.NoRange }

// NoHead reports whether it is not to be asked by HEAD.
func (o *Origin) NoHead() bool { return o.quota.NoHead }

// Speed is what its bytes are to be taken of; nil: as fast as they come.
func (o *Origin) Speed() *pace.Limiter { return o.quota.speed }

// Enter asks the caller for the right to ask an origin, and returns what gives it back.
type Enter func(ctx context.Context, origin string) (leave func(), err error)

// guarded reports whether more than slots is waited for: that must hold none of them up.
func (o *Origin) guarded() bool { return o.lanes != o.group }

// Granted reports whether the caller is asked before each request, who is not to be asked in vain.
func (t *Table) Granted() bool { return t.conf.Enter != nil }

// Guarded reports whether there are origins for which more than slots is waited for.
func (t *Table) Guarded() bool { return t.guards }
