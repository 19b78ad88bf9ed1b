package recovery

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
)

// tiny are budgets that are used up at once, but for some.
func tiny(change func(l *Limits)) *Limits {
	l := &Limits{
		Limits:        health.Limits{Base: unit, MaxDelay: unit, MaxElapsed: unit},
		bytesPerRetry: 1000, minProgress: 1, goodProgress: 1, shortestRange: 1,
	}
	change(l)
	return l
}

// small are budgets of one, and time for two waits.
func small(change func(l *Limits)) *Limits {
	return tiny(func(l *Limits) {
		l.MaxDelay, l.MaxElapsed = 2*unit, 2*unit
		l.Retries, l.recalls, l.returns, l.companions, l.turnedAway, l.retryBudget, l.changes, l.displaced, l.patience = 1, 1, 1, 1, 1, 1, 2, 1, 1
		change(l)
	})
}

// but are all classes without some; only is the other way round.
func but(out ...fail.Class) []fail.Class { return out }

func only(in ...fail.Class) (out []fail.Class) {
	for c := range fail.Classes {
		if !slices.Contains(in, c) {
			out = append(out, c)
		}
	}
	return out
}

// outages are what concerns an origin, and what ends one.
var outages = only(fail.Interrupted, fail.Unreachable, fail.Closed, fail.Busy, fail.Permanent)

// places are what is gone through: near, in each test run for a moment, and to the end where that
// is asked for; then far, for as long as there is time.
var places = []struct {
	name      string
	near, far rules
}{
	{"one source",
		rules{lim: small(func(l *Limits) { l.displaced, l.changes = 0, 1 }), sources: 1, workers: 1, size: 2, news: 1},
		rules{lim: small(func(l *Limits) { l.Retries, l.retryBudget = 2, 2 }), sources: 1, workers: 1, size: 3, news: 2}},
	{"ranges that are refused",
		rules{lim: tiny(func(l *Limits) { l.forms, l.Retries = 3, 1 }), sources: 1, workers: 2, size: 3, without: but(fail.Shortage, fail.Local, fail.Busy, fail.Mismatched, fail.Expired)},
		rules{lim: tiny(func(l *Limits) { l.forms, l.changes = 2, 1 }), sources: 2, workers: 2, size: 3}},
	{"errors that are of a range",
		rules{lim: tiny(func(l *Limits) { l.forms, l.Retries, l.retryBudget, l.MaxElapsed = 3, 2, 2, 2*unit }), sources: 1, workers: 1, size: 3, without: only(fail.ServerError, fail.Interrupted, fail.Permanent)},
		rules{lim: tiny(func(l *Limits) { l.forms, l.Retries, l.retryBudget, l.MaxElapsed = 3, 3, 3, 2*unit }), sources: 1, workers: 2, size: 4, without: only(fail.ServerError, fail.Permanent)}},
	{"two sources",
		rules{lim: tiny(func(l *Limits) { l.changes = 1 }), sources: 2, workers: 1, size: 2},
		rules{lim: tiny(func(l *Limits) { l.changes, l.recalls, l.retryBudget, l.Retries = 1, 1, 1, 1 }), sources: 2, workers: 1, size: 2}},
	{"two that come back",
		rules{lim: tiny(func(l *Limits) { l.recalls = 1 }), sources: 2, workers: 1, size: 2},
		rules{lim: small(func(l *Limits) { l.changes = 1 }), sources: 2, workers: 1, size: 2, news: 1}},
	{"two in outages",
		rules{lim: tiny(func(l *Limits) { l.returns, l.MaxElapsed = 1, 2*unit }), sources: 2, workers: 1, size: 2, news: 1, without: outages},
		rules{lim: small(func(l *Limits) {}), sources: 2, workers: 1, size: 3, news: 2, without: outages}},
	{"two workers",
		rules{lim: tiny(func(l *Limits) { l.Retries, l.retryBudget, l.companions, l.MaxElapsed = 1, 1, 1, 2*unit }), sources: 1, workers: 2, size: 2, without: but(fail.Shortage, fail.Local, fail.ServerError, fail.Expired)},
		rules{lim: small(func(l *Limits) {}), sources: 1, workers: 2, size: 3, news: 1}},
	{"two workers, two sources",
		rules{lim: tiny(func(l *Limits) {}), sources: 2, workers: 2, size: 3, without: outages},
		rules{lim: tiny(func(l *Limits) { l.recalls, l.changes = 1, 1 }), sources: 2, workers: 2, size: 3}},
	{"side by side",
		rules{lim: tiny(func(l *Limits) {}), sources: 2, workers: 2, size: 3, parallel: true, digest: true, without: but(fail.Shortage, fail.Displaced, fail.Local, fail.ServerError, fail.Timeout)},
		rules{lim: tiny(func(l *Limits) { l.recalls, l.changes, l.retryBudget = 1, 1, 1 }), sources: 2, workers: 2, size: 3, parallel: true, digest: true}},
	{"mirrors that are trusted",
		rules{lim: tiny(func(l *Limits) {}), sources: 2, workers: 2, size: 3, parallel: true, without: but(fail.Shortage, fail.Local, fail.ServerError)},
		rules{lim: tiny(func(l *Limits) { l.recalls, l.Retries, l.retryBudget = 1, 1, 1 }), sources: 3, workers: 2, size: 3, parallel: true}},
	{"a wrong digest",
		rules{lim: tiny(func(l *Limits) {}), sources: 2, workers: 1, size: 2, parallel: true, digest: true},
		rules{lim: tiny(func(l *Limits) { l.changes = 1 }), sources: 3, workers: 2, size: 3, parallel: true, digest: true}},
	{"a wrong piece",
		rules{lim: tiny(func(l *Limits) {}), sources: 2, workers: 1, size: 2, parallel: true, digest: true, pieces: true},
		rules{lim: tiny(func(l *Limits) { l.changes = 1 }), sources: 3, workers: 2, size: 3, parallel: true, digest: true, pieces: true}},
	{"three sources",
		rules{lim: tiny(func(l *Limits) {}), sources: 3, workers: 1, size: 2, without: but(fail.Shortage, fail.Displaced, fail.Local, fail.ServerError, fail.Expired, fail.Mismatched)},
		rules{lim: tiny(func(l *Limits) { l.recalls = 1 }), sources: 3, workers: 1, size: 2}},
}

// exploring is for how long one is to look further than the tests do, if at all.
func exploring(t *testing.T) (time.Duration, bool) {
	s := os.Getenv("LITTLEDL_EXPLORE")
	if s == "" {
		return 0, false
	}
	all, err := time.ParseDuration(s)
	require.NoError(t, err)
	return all, true
}

// TestEveryWorldEnds: whatever happens to a small file, in any order, it comes nearer to its
// end, and is never given up while it could be had.
func TestEveryWorldEnds(t *testing.T) {
	long := 1200 * time.Millisecond
	if os.Getenv("PLANTED") != "" { // a fault of TestMutants is looked for until it is found
		long = time.Minute
	}
	all, far := exploring(t)
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			if far {
				require.True(t, explore(t, p.near, time.Now().Add(5*time.Minute)))
				explore(t, p.far, time.Now().Add(all/time.Duration(len(places))))
			} else {
				explore(t, p.near, time.Now().Add(long))
			}
		})
	}
}
