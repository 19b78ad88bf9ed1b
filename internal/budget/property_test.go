package budget

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// model is what a pool must do, one step at a time: the waiting in order, and who
// of them is served when something changes.
type model struct {
	size    int
	limits  []int
	used    []int
	waiting []*client
	holding []*client
}

type client struct {
	*ask
	group int
	rank  int64
}

func (m *model) total() (n int) {
	for _, u := range m.used {
		n += u
	}
	return n
}

func (m *model) free(group int) bool {
	return m.total() < m.size && (m.limits[group] == 0 || m.used[group] < m.limits[group])
}

// serve moves those who fit from the queue to the holders.
func (m *model) serve() {
	m.waiting = slices.DeleteFunc(m.waiting, func(c *client) bool {
		if !m.free(c.group) {
			return false
		}
		m.used[c.group]++
		m.holding = append(m.holding, c)
		return true
	})
}

func (m *model) enqueue(c *client) {
	i := 0
	for i < len(m.waiting) && m.waiting[i].rank <= c.rank {
		i++
	}
	m.waiting = slices.Insert(m.waiting, i, c)
}

func pluck(rnd *rand.Rand, from *[]*client) *client {
	i := rnd.IntN(len(*from))
	c := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return c
}

// TestAgainstModel does random things and compares the pool with the model after
// each: who holds a slot and who waits must be the same.
func TestAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 1))
	for range 30 {
		synctest.Test(t, func(t *testing.T) { compareWithModel(t, rnd) })
	}
}

func compareWithModel(t *testing.T, rnd *rand.Rand) {
	m := &model{size: 1 + rnd.IntN(6), limits: []int{0, 1 + rnd.IntN(3), rnd.IntN(4)}, used: make([]int, 3)}
	p := New(m.size)
	var groups []*Group
	for _, l := range m.limits {
		groups = append(groups, p.Group(l))
	}
	for step := range 200 {
		switch op := rnd.IntN(10); {
		case op < 4:
			c := &client{group: rnd.IntN(3), rank: int64(rnd.IntN(4))}
			c.ask = start(t, groups[c.group], c.rank)
			m.enqueue(c)
		case op < 7 && len(m.holding) > 0:
			c := pluck(rnd, &m.holding)
			c.slot.Release()
			c.slot.Release() // once is enough
			m.used[c.group]--
		case op == 7 && len(m.waiting) > 0:
			pluck(rnd, &m.waiting).cancel(context.Canceled)
		case op == 8:
			m.size = 1 + rnd.IntN(6)
			p.Resize(m.size)
		case op == 9:
			g := rnd.IntN(3)
			m.limits[g] = rnd.IntN(4)
			groups[g].Resize(m.limits[g])
		}
		m.serve()
		synctest.Wait()
		for _, c := range m.holding {
			require.True(t, c.over() && c.slot != nil, "step %d: a waiter was not served", step)
		}
		for _, c := range m.waiting {
			require.False(t, c.over(), "step %d: served out of turn", step)
		}
		require.Equal(t, Usage{Size: m.size, Used: m.total(), Waiting: len(m.waiting)}, p.Usage(), "step %d", step)
	}
}

// TestCrowd has many goroutines at it at once. Whoever holds a slot counts himself;
// above the size that number may only fall.
func TestCrowd(t *testing.T) {
	seed := replay.Seed(t)
	synctest.Test(t, func(t *testing.T) {
		p := New(5)
		groups := []*Group{p.Group(0), p.Group(2), p.Group(3)}
		var wg sync.WaitGroup
		for i := range 64 {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			wg.Go(func() {
				for range 40 {
					useSlot(groups[rnd.IntN(3)], rnd)
				}
			})
		}
		rnd := rand.New(rand.NewPCG(seed, 1000))
		for range 300 {
			p.Resize(1 + rnd.IntN(10))
			groups[1].Resize(1 + rnd.IntN(4))
			debt := p.Usage().Used
			for range 10 {
				u := p.Usage()
				require.LessOrEqual(t, u.Used, max(u.Size, debt), "a release in debt handed its slot on")
				debt = min(debt, u.Used)
				time.Sleep(time.Duration(rnd.IntN(300)) * time.Microsecond)
			}
		}
		p.Resize(5)
		wg.Wait() // a lost waiter would hang here, which the bubble finds
		require.Equal(t, Usage{Size: 5}, p.Usage())
	})
}

func useSlot(g *Group, rnd *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(5000))*time.Microsecond)
	defer cancel()
	s, err := g.Acquire(ctx, int64(rnd.IntN(3)), false)
	if err != nil {
		return
	}
	time.Sleep(time.Duration(rnd.IntN(2000)) * time.Microsecond)
	s.Release()
	if rnd.IntN(4) == 0 {
		s.Release()
	}
}
