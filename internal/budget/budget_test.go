package budget

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// ask acquires in a goroutine of its own and reports what it got.
type ask struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	slot   *Slot
	err    error
}

func start(t *testing.T, g *Group, rank int64) *ask {
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &ask{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.slot, a.err = g.Acquire(ctx, rank, false)
	}()
	synctest.Wait() // so that it stands in the queue before the next one comes
	return a
}

func (a *ask) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

func take(t *testing.T, g *Group, n int) []*Slot {
	t.Helper()
	var slots []*Slot
	for range n {
		s, ok := g.TryAcquire(false)
		require.True(t, ok)
		slots = append(slots, s)
	}
	return slots
}

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// TestShrink is the bug of semaphores that let 10 run at capacity 5: a release
// above the size must hand nothing on.
func TestShrink(t *testing.T) {
	bubble(t, "debt is paid before anybody is served", func(t *testing.T) {
		p := New(10)
		g := p.Group(0)
		slots := take(t, g, 10)
		p.Resize(5)
		var waiting []*ask
		for range 10 {
			waiting = append(waiting, start(t, g, 0))
		}
		for i, s := range slots[:5] {
			s.Release()
			synctest.Wait()
			require.Equal(t, Usage{Size: 5, Used: 9 - i, Waiting: 10}, p.Usage())
		}
		for i, s := range slots[5:] {
			s.Release()
			synctest.Wait()
			require.Equal(t, Usage{Size: 5, Used: 5, Waiting: 9 - i}, p.Usage())
			require.True(t, waiting[i].over(), "first come, first served")
		}
		for _, a := range waiting { // each release now serves one
			<-a.done
			a.slot.Release()
		}
		require.Equal(t, Usage{Size: 5}, p.Usage())
	})
	bubble(t, "shrinking and growing back makes no slot", func(t *testing.T) {
		p := New(10)
		g := p.Group(0)
		slots := take(t, g, 10)
		waiting := start(t, g, 0)
		p.Resize(5)
		p.Resize(10)
		synctest.Wait()
		require.False(t, waiting.over())
		for _, s := range slots {
			s.Release()
		}
		<-waiting.done
		waiting.slot.Release()
		take(t, g, 10)
		_, ok := g.TryAcquire(false)
		require.False(t, ok)
	})
	bubble(t, "of a group", func(t *testing.T) {
		p := New(10)
		g := p.Group(4)
		slots := take(t, g, 4)
		waiting := start(t, g, 0)
		g.Resize(2)
		slots[0].Release()
		slots[1].Release()
		synctest.Wait()
		require.False(t, waiting.over())
		slots[2].Release()
		<-waiting.done
		require.Equal(t, Usage{Size: 2, Used: 2}, g.Usage())
	})
}

func TestGrowWakesAsManyAsFit(t *testing.T) {
	bubble(t, "pool", func(t *testing.T) {
		p := New(1)
		g := p.Group(0)
		take(t, g, 1)
		for range 5 {
			start(t, g, 0)
		}
		p.Resize(4)
		synctest.Wait()
		require.Equal(t, Usage{Size: 4, Used: 4, Waiting: 2}, p.Usage())
	})
	bubble(t, "group", func(t *testing.T) {
		p := New(9)
		g := p.Group(1)
		take(t, g, 1)
		for range 5 {
			start(t, g, 0)
		}
		g.Resize(0) // no limit of its own any more
		synctest.Wait()
		require.Equal(t, Usage{Used: 6}, g.Usage())
	})
}

// TestGrantedWhileCancelled is the other bug: the slot of a waiter that gives up
// at the moment it is served must not be lost.
func TestGrantedWhileCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1)
		g := p.Group(0)
		held := take(t, g, 1)[0]
		first, second := start(t, g, 0), start(t, g, 0)

		p.mu.Lock() // so that first has seen its context end, but stands in the queue yet
		first.cancel(errors.New("given up"))
		held.released.Store(true)
		g.used--
		p.used--
		p.grantLocked()
		require.NotNil(t, p.queue)
		p.mu.Unlock()

		<-first.done
		require.EqualError(t, first.err, "given up")
		require.Nil(t, first.slot)
		<-second.done
		require.NoError(t, second.err)
		require.Equal(t, Usage{Size: 1, Used: 1}, p.Usage())
	})
}

func TestOrder(t *testing.T) {
	bubble(t, "rank, then arrival", func(t *testing.T) {
		p := New(1)
		g := p.Group(0)
		held := take(t, g, 1)[0]
		var order []string
		for _, w := range []struct {
			name string
			rank int64
		}{{"c", 2}, {"a", 1}, {"d", 2}, {"b", 1}} {
			go func() {
				s, err := g.Acquire(context.Background(), w.rank, false)
				if err == nil {
					order = append(order, w.name) // one slot: one at a time
					s.Release()
				}
			}()
			synctest.Wait()
		}
		held.Release()
		synctest.Wait()
		require.Equal(t, []string{"a", "b", "c", "d"}, order)
	})
	bubble(t, "a newcomer does not jump the queue", func(t *testing.T) {
		p := New(2)
		full, free := p.Group(1), p.Group(0)
		take(t, full, 1)
		blocked := start(t, full, 0)
		_, ok := free.TryAcquire(false)
		require.True(t, ok, "who waits for another group is in nobody's way")
		waiting := start(t, free, 3)
		p.Resize(1)
		p.Resize(3)
		synctest.Wait()
		require.True(t, waiting.over())
		require.False(t, blocked.over())
	})
	bubble(t, "a better rank goes ahead of those who wait in vain", func(t *testing.T) {
		p := New(3)
		g := p.Group(0)
		slots := take(t, g, 3)
		late := start(t, g, 9)
		urgent := start(t, g, 1)
		slots[0].Release()
		synctest.Wait()
		require.True(t, urgent.over())
		require.False(t, late.over())
	})
}

func TestCancel(t *testing.T) {
	bubble(t, "before it begins", func(t *testing.T) {
		p := New(1)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("too late"))
		_, err := p.Group(0).Acquire(ctx, 0, false)
		require.EqualError(t, err, "too late")
		require.Equal(t, Usage{Size: 1}, p.Usage())
	})
	bubble(t, "while it waits", func(t *testing.T) {
		p := New(1)
		g := p.Group(0)
		take(t, g, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := g.Acquire(ctx, 0, false)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, p.Usage().Waiting)
	})
}

func TestReleaseTwice(t *testing.T) {
	p := New(2)
	g := p.Group(0)
	slots := take(t, g, 2)
	for range 3 {
		slots[0].Release()
	}
	require.Equal(t, Usage{Size: 2, Used: 1}, p.Usage())
	require.Equal(t, 1, p.Usage().Idle())
}

func TestIdle(t *testing.T) {
	require.Equal(t, 3, Usage{Size: 4, Used: 1}.Idle())
	require.Zero(t, Usage{Size: 4, Used: 6}.Idle(), "in debt")
	require.Zero(t, Usage{Size: 4, Used: 1, Waiting: 1}.Idle())
	require.Equal(t, Usage{Size: 1}, New(-3).Usage(), "there is always one")
}
