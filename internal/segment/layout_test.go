package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLayOut: what is there or under way is nobody's again.
func TestLayOut(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Adopt(10_000, pairs{{0, 1000}, {5000, 6000}}.spans())
	p.Round()
	p.Ask(1000, 2000) // whether it is still the same file
	s := p.Take(Worker{}, at(0))
	require.Nil(t, p.Take(Worker{}, at(0)), "one request has all")
	p.Sized(10_000, true)
	out := p.LayOut(Layout{Segments: 2, Workers: 3}, nil, freely(0))
	require.Equal(t, Scaling{Regular: 2}, out)
	require.Equal(t, 3, p.Workers())
	require.Equal(t, pairs{{1000, 2000}}, ranges(s))
	require.Equal(t, pairs{{2000, 5000}, {6000, 9500}, {9500, 10_000}}, ranges(p.pending...))
	require.NoError(t, p.check())
}

// TestLayOutBesideTheFirst: the request that found out the size keeps its share, of which
// it may have asked for less or more than that.
func TestLayOutBesideTheFirst(t *testing.T) {
	for name, c := range map[string]struct {
		asked, size int64
		layout      Layout
		first       int64
		pending     pairs
	}{
		"asked for less": {1000, 8000, Layout{Segments: 4}, 2000, pairs{{2000, 4000}, {4000, 6000}, {6000, 8000}}},
		"asked for more": {5000, 8000, Layout{Segments: 4}, 5000, pairs{{5000, 6000}, {6000, 7000}, {7000, 8000}}},
		"alone":          {1000, 8000, Layout{Segments: 1}, 8000, nil},
		"all but a rest": {7950, 8000, Layout{Segments: 2}, 8000, nil},
		"probing down":   {5000, 8000, Layout{Segments: 4, Down: true}, 5000, pairs{{5000, 6000}, {6000, 7000}, {7000, 8000}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(&config)
			p.SetSources(1)
			p.Round()
			p.Ask(0, c.asked)
			s := p.Take(Worker{}, at(0))
			p.Sized(c.size, true)
			p.LayOut(c.layout, s, freely(0))
			require.Equal(t, c.first, s.end)
			require.Equal(t, c.pending, ranges(p.pending...))
			require.NoError(t, p.check())
		})
	}
}

// TestAllBegin: the rest is cut into equal shares of the whole though the first request has asked for
// more than that, of which those get some that join later.
func TestAllBegin(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Round()
	p.Ask(0, 5000)
	s := p.Take(Worker{}, at(0))
	p.Sized(8000, true)
	now := freely(0)
	now.Limit = 4
	p.LayOut(Layout{Segments: 2, Workers: 2, Most: 8}, s, now)
	require.Equal(t, pairs{{0, 5000}, {5000, 6500}, {6500, 8000}}, ranges(append([]*Segment{s}, p.pending...)...))
	require.NoError(t, p.check())
}

// TestSizedEndsWhatWasAsked: who asked for more than there is has all that there is.
func TestSizedEndsWhatWasAsked(t *testing.T) {
	p := New(&config)
	p.SetSources(1)
	p.Round()
	p.Ask(0, 5000)
	s := p.Take(Worker{}, at(0))
	p.Sized(700, true)
	_, end := p.Range(s)
	require.EqualValues(t, 700, end)
	require.EqualValues(t, 700, p.Room(s, 0))
}

// TestUrgent: what is urgent is cut out and goes first, with no more workers than that
// needs, for a moment.
func TestUrgent(t *testing.T) {
	p := sized(8000)
	urgent := pairs{{0, 100}, {3950, 4050}, {7900, 8000}}
	out := p.LayOut(Layout{Segments: 2, Workers: 8, Urgent: urgent.spans()}, nil, freely(0))
	require.Equal(t, 4, out.Regular, "four pieces are urgent, and one worker is there")
	require.Equal(t, pairs{{0, 100}, {3950, 4000}, {4000, 4050}, {7900, 8000}, {100, 3950}, {4050, 7900}}, ranges(p.pending...))
	require.NoError(t, p.check())

	require.Zero(t, p.Scale(freely(urgentTime-1)).Regular)
	require.Equal(t, 1, p.Scale(freely(urgentTime)).Regular, "six pieces in all, for six workers")
}

// TestUrgentIsThere: the rest is begun as soon as what is urgent is there.
func TestUrgentIsThere(t *testing.T) {
	p := sized(8000)
	p.LayOut(Layout{Segments: 4, Workers: 4, Urgent: pairs{{0, 100}}.spans()}, nil, freely(0))
	require.Equal(t, 2, p.Workers())
	s := p.Take(Worker{}, at(0))
	p.Begin(s, 0, func(error) {}, 0, at(0))
	arrive(p, s, 100, at(0))
	p.End(s, at(0))
	require.True(t, p.Done(s))
	require.Equal(t, 2, p.Scale(freely(0)).Regular)
}

// TestBeginsWithMore than is wanted in any case, where nobody waits for the places that they need
// and each has work for itself, and leaves as much for those that join later.
func TestBeginsWithMore(t *testing.T) {
	for name, c := range map[string]struct {
		size    int64
		now     func(*Now)
		workers int
		pieces  int
	}{
		"all are idle":            {16_000, func(*Now) {}, 16, 16},
		"some are":                {16_000, func(n *Now) { n.Idle = 5 }, 6, 6},
		"and others want it":      {16_000, func(n *Now) { n.Idle, n.Files = 15, 3 }, 6, 6},
		"none is":                 {16_000, func(n *Now) { n.Idle = 0 }, 4, 4},
		"a limit":                 {16_000, func(n *Now) { n.Limit = 7 }, 7, 7},
		"its host is to be tried": {16_000, func(n *Now) { n.Room = 7 }, 8, 16},
		"others try it":           {16_000, func(n *Now) { n.Room = 0 }, 4, 16},
		"a short file":            {1000, func(*Now) {}, 15, 15},
		"too short":               {config.Whole - 1, func(*Now) {}, 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, now := sized(c.size), freely(0)
			c.now(&now)
			out := p.LayOut(Layout{Segments: 4, Workers: 4, Most: 16}, nil, now)
			require.Equal(t, c.workers, 1+out.Regular)
			require.Len(t, p.pending, c.pieces)
		})
	}
	p, now := sized(16_000), freely(0)
	now.MayGrow = false
	require.Zero(t, p.LayOut(Layout{Segments: 4, Workers: 4, Most: 8}, nil, now), "others go first")
	require.Len(t, p.pending, 4)
}
