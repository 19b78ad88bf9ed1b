package origin

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/fail"
)

// guarded is a table with an interval at x.test, whose caller is asked.
func guarded(t *testing.T, slots int, enter Enter) bed {
	rules, err := NewRules(map[string]Rule{"x.test": {Interval: time.Second}})
	require.NoError(t, err)
	return bed{NewTable(Config{
		Slots: budget.New(slots), Most: slots, Limits: limits, Served: new(Served), Rules: rules, Enter: enter,
	}), t}
}

// TestOrder: the turn, the caller's grant and the slot are had in this order, and each is given
// back whatever comes of the next.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, refuses := 0, error(nil)
		b := guarded(t, 1, func(_ context.Context, origin string) (func(), error) {
			require.Equal(t, "http://x.test:80", origin)
			if refuses != nil {
				return nil, refuses
			}
			held++
			return func() { held-- }, nil
		})
		o := b.of("http://x.test/")
		l := o.Lease(Claim{})
		require.False(t, l.TryAcquire(), "it may take long")

		elsewhere, ok := b.of("http://other.test/").group.TryAcquire(false) // the only slot
		require.True(t, ok)
		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- l.Acquire(ctx) }()
		synctest.Wait()
		require.Equal(t, 1, held)
		require.Zero(t, o.group.Usage().Used)
		cancel(errTest)
		require.ErrorIs(t, <-failed, errTest)
		require.Zero(t, held)

		refuses = errTest
		var e *fail.Error
		require.ErrorAs(t, l.Acquire(t.Context()), &e)
		require.Equal(t, fail.Local, e.Class)
		refuses = nil
		elsewhere.Release()
		require.NoError(t, l.Acquire(t.Context()))
		require.Equal(t, []int{1}, b.used(o))
		_, err := l.Admit(t.Context(), b.url("http://x.test/"))
		require.NoError(t, err)
		began := time.Now()
		l.Leave()
		require.Equal(t, []int{0}, b.used(o))
		require.Zero(t, held)
		require.NoError(t, l.Acquire(t.Context()))
		require.Equal(t, time.Second, time.Since(began))
		l.Release()
		require.NoError(t, l.Acquire(t.Context()), "nothing was begun")
		require.Equal(t, time.Second, time.Since(began))
		l.Release()
		require.Zero(t, held)
	})
}

// TestTurnsByRank: the most urgent has the next turn, and who gives up leaves it to others.
func TestTurnsByRank(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := guarded(t, 10, nil)
		o := b.of("http://x.test/")
		begin := func(ctx context.Context, rank int64, done func()) {
			l := o.Lease(Claim{Rank: rank})
			if l.Acquire(ctx) != nil {
				return
			}
			_, err := l.Admit(ctx, b.url("http://x.test/"))
			require.NoError(t, err)
			done()
			l.Leave()
		}
		var mu sync.Mutex
		var order []int64
		begin(t.Context(), 0, func() {})
		ctx, cancel := context.WithCancel(t.Context())
		for _, rank := range []int64{5, 4, 3, 2, 1} {
			c := t.Context()
			if rank == 4 {
				c = ctx
			}
			go begin(c, rank, func() {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, rank)
			})
			synctest.Wait()
		}
		cancel()
		time.Sleep(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []int64{5, 1, 2, 3}, order, "the first had its turn already")
	})
}

// TestQuotas: an origin's rule counts more than its host's, and is its own alone.
func TestQuotas(t *testing.T) {
	rules, err := NewRules(map[string]Rule{"x.test": {Most: 3}, "https://x.test": {Most: 5, NoHead: true}, "[::1]": {NoRange: true}})
	require.NoError(t, err)
	b := bed{NewTable(Config{Slots: budget.New(20), Most: 4, InAll: 20, Limits: limits, Served: new(Served), Rules: rules}), t}
	one, two, own := b.of("http://x.test/"), b.of("http://x.test:81/"), b.of("https://x.test/")
	require.Same(t, one.quota, two.quota)
	require.NotSame(t, one.quota, own.quota)
	require.Equal(t, []int{3, 3, 5, 4}, []int{one.Capacity(), two.Capacity(), own.Capacity(), b.of("http://y.test").Capacity()})
	require.True(t, own.NoHead() && !one.NoHead())
	require.True(t, b.of("https://[::1]:99/").NoRange())
	b.SetMost(Most{Each: 2, InAll: 4})
	require.Equal(t, []int{3, 3, 4, 2}, []int{one.Capacity(), two.Capacity(), own.Capacity(), b.of("http://y.test").Capacity()})
}
