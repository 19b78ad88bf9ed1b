package budget

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// rider is one that wants a part of a slot, or all of it.
type rider struct {
	shares bool
	ctx    context.Context
	cancel context.CancelFunc
	slot   *Slot
}

// crowd is riders of one group of a pool.
type crowd struct {
	*testing.T
	pool    *Pool
	group   *Group
	most    int
	riders  []*rider
	offered map[*Slot]bool
	freed   map[int]int // by lane, how often it was free after an offer
	offers  map[int]int
}

func (c *crowd) board(shares bool) {
	r := &rider{shares: shares}
	r.ctx, r.cancel = context.WithCancel(c.Context())
	c.riders = append(c.riders, r)
	go func() { r.slot, _ = c.group.Acquire(r.ctx, 0, shares) }()
}

// lanes are the riders of each.
func (c *crowd) lanes() map[int][]*rider {
	all := map[int][]*rider{}
	for _, r := range c.riders {
		if r.slot != nil {
			all[r.slot.Lane()] = append(all[r.slot.Lane()], r)
		}
	}
	return all
}

// check compares who is where with what may be.
func (c *crowd) check() {
	lanes, waiting, room := c.lanes(), 0, false
	for n, on := range lanes {
		first := 0
		for _, r := range on {
			if !r.slot.Rides() {
				first++
			}
			require.True(c, r.shares || len(on) == 1, "who does not share has a lane alone")
		}
		require.LessOrEqual(c, first, 1, "all but the first ride")
		room = room || c.offers[n] > c.freed[n] && len(on) < c.most
	}
	use := c.pool.Usage()
	require.Equal(c, len(lanes), use.Used, "a lane counts as one")
	for _, r := range c.riders {
		if r.slot == nil {
			waiting++
			require.GreaterOrEqual(c, use.Used, use.Size, "somebody waits though a slot is free")
			require.False(c, r.shares && room, "somebody waits though there is room on a lane")
		}
	}
	require.Equal(c, waiting, use.Waiting)
}

func (c *crowd) remove(i int) {
	r := c.riders[i]
	c.riders = append(c.riders[:i], c.riders[i+1:]...)
	if r.slot != nil {
		r.slot.Release()
	}
	r.cancel()
}

// TestLanes: whoever shares boards a lane that is offered once there is no slot left, up to so
// many on each; a lane is free, and who offered it told so, when the last has left it.
func TestLanes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 7))
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			c := &crowd{T: t, pool: New(1 + rnd.IntN(3)), most: 1, offered: map[*Slot]bool{}, freed: map[int]int{}, offers: map[int]int{}}
			c.group = c.pool.Group(0)
			for range 100 {
				switch i := rnd.IntN(len(c.riders) + 1); rnd.IntN(6) {
				case 0, 1:
					c.board(rnd.IntN(4) > 0)
				case 2:
					c.most = 1 + rnd.IntN(4)
					c.group.Share(c.most)
				case 3, 4:
					if i < len(c.riders) {
						if s := c.riders[i].slot; s != nil && c.riders[i].shares && !s.Rides() && !c.offered[s] {
							c.offered[s] = true
							c.offers[s.Lane()]++
							s.Offer(func() { c.freed[s.Lane()]++ })
						}
					}
				default:
					if i < len(c.riders) {
						c.remove(i)
					}
				}
				synctest.Wait()
				c.check()
			}
			for len(c.riders) > 0 {
				c.remove(0)
				synctest.Wait()
			}
			require.Equal(t, c.offers, c.freed)
			require.Zero(t, c.pool.Usage().Used)
		})
	}
}

// TestFewest: each goes where the fewest are.
func TestFewest(t *testing.T) {
	p := New(3)
	g := p.Group(0)
	g.Share(3)
	on := map[int]int{}
	for range 9 {
		s, ok := g.TryAcquire(true)
		require.True(t, ok)
		if !s.Rides() {
			s.Offer(nil)
		}
		on[s.Lane()]++
	}
	require.Equal(t, map[int]int{0: 3, 1: 3, 2: 3}, on)
	_, ok := g.TryAcquire(true)
	require.False(t, ok)
}
