package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStalls: a request that stands still is ended, before an answer later than after.
func TestStalls(t *testing.T) {
	const look = 100 * time.Millisecond
	for name, c := range map[string]struct {
		happens func(p *Plan, s *Segment)
		after   time.Duration
	}{
		"no answer":         {func(*Plan, *Segment) {}, config.Opening},
		"no byte of it":     {func(p *Plan, s *Segment) { p.Answered(s, at(0)) }, config.Stall},
		"no more":           {func(p *Plan, s *Segment) { p.Answered(s, at(0)); arrive(p, s, 1, at(0)) }, config.Stall + look},
		"throttled until 5": {func(p *Plan, s *Segment) { p.Throttle(s, true, at(0)); p.Throttle(s, false, at(5)) }, config.Opening + 5},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(&config)
			p.SetSources(1)
			p.Round()
			p.Ask(0, 5000)
			s := p.Take(Worker{}, at(0))
			var stopped error
			p.Begin(s, 0, func(why error) { stopped = why }, 0, at(0))
			c.happens(p, s)
			p.Tick(Now{Time: at(look)}) // which finds out what has arrived
			p.Tick(Now{Time: at(c.after - 1)})
			require.NoError(t, stopped)
			p.Tick(Now{Time: at(c.after)})
			require.Equal(t, config.Stalled, stopped)
		})
	}
}

// TestWaitsForTheLimit: whoever waits for the speed limit does not stall.
func TestWaitsForTheLimit(t *testing.T) {
	p, s := inParts(500, 1)
	p.Begin(s[0], 0, func(error) { t.Error("ended") }, 0, at(0))
	p.Throttle(s[0], true, at(0))
	p.Tick(Now{Time: at(time.Hour)})
	p.End(s[0], at(time.Hour))
	p.Throttle(s[0], false, at(time.Hour))
	p.Tick(Now{Time: at(2 * time.Hour)}) // and one without a request neither
}

// crew is a plan on which connections of different speeds work, of several sources. The
// first one crawls.
func crew(rates map[int][]float64) (p *Plan, s []*Segment, ended map[int]error) {
	total := 0
	for _, of := range rates {
		total += len(of)
	}
	p, s = inParts(1<<30, total)
	p.SetSources(len(rates))
	ended = map[int]error{}
	n := 0
	for source := range len(rates) {
		for _, rate := range rates[source] {
			i := n
			p.Join(source)
			p.Begin(s[i], source, func(why error) { ended[i] = why }, 0, at(0))
			p.Answered(s[i], at(0))
			s[i].rate, s[i].firstByte, s[i].sampled, s[i].moved = rate, at(-2*time.Second), at(0), at(0)
			n++
		}
	}
	return p, s, ended
}

// TestReplaces: one straggler at a time, so often at most.
func TestReplaces(t *testing.T) {
	p, s, ended := crew(map[int][]float64{0: {10, 20, 1000, 1000, 1000, 1000}})
	now := Now{Time: at(0), Limit: 6}
	p.Tick(now)
	require.Equal(t, map[int]error{0: ErrStraggler}, ended)
	require.EqualValues(t, 10, p.Latest(0))
	require.Zero(t, s[0].rate, "what another one makes of it is not known")
	p.End(s[0], at(0))
	p.Tick(now)
	require.Equal(t, map[int]error{0: ErrStraggler, 1: ErrStraggler}, ended)

	p.replaced = 2*now.Limit + 8
	s[0].begin(0, func(error) { t.Error("ended") }, 0, at(0))
	s[0].rate, s[0].firstByte, s[0].sampled = 10, at(-2*time.Second), at(0)
	p.End(s[1], at(0))
	p.Tick(now)
	p.Resume()
	require.Zero(t, p.replaced)
}

// TestSiblings: where several sources serve, a connection is measured by those of its own.
func TestSiblings(t *testing.T) {
	rates := map[int][]float64{0: {100, 100, 100}, 1: {1000, 1000, 1000}}
	p, _, ended := crew(rates)
	p.Tick(Now{Time: at(0), Limit: 6, Idle: 1, Capacity: []int{3, 3}})
	require.Empty(t, ended)
	p, _, ended = crew(rates)
	p.Tick(Now{Time: at(0), Limit: 6, Idle: 1})
	require.Len(t, ended, 1)
}

// TestMisplaced: a connection moves where requests are scarce, and another source has room
// and is much faster.
func TestMisplaced(t *testing.T) {
	for name, c := range map[string]struct {
		fast float64
		now  Now
		want bool
	}{
		"much faster":       {1000, Now{Capacity: []int{1, 2}}, true},
		"not so much":       {390, Now{Capacity: []int{1, 2}}, false},
		"full":              {1000, Now{Capacity: []int{1, 1}}, false},
		"may not be asked":  {1000, Now{Capacity: []int{1, 0}}, false},
		"one may join it":   {1000, Now{Capacity: []int{1, 2}, Idle: 1}, false},
		"one serves at all": {1000, Now{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, s, _ := crew(map[int][]float64{0: {100}, 1: {c.fast}})
			c.now.Time = at(0)
			require.Equal(t, c.want, p.misplaced(s[0], c.now))
			require.False(t, p.misplaced(s[1], c.now))
		})
	}
}

// TestRelieve: slow ones are joined by as many as there is room for, all at once.
func TestRelieve(t *testing.T) {
	p, _, _ := crew(map[int][]float64{0: {1000, 1000}})
	p.growth.over, p.target = true, 4
	now := freely(0)
	now.Limit, now.Others = 4, 2
	require.Zero(t, p.Relieve(now), "the places are another's")
	now.Others = 1
	require.Equal(t, Scaling{Extra: 1}, p.Relieve(now))
	now.Others = 0
	require.Equal(t, Scaling{Extra: 1}, p.Tick(now))
	require.Equal(t, 4, p.Workers())
	require.Zero(t, p.Relieve(freely(0)))

	p, s, _ := crew(map[int][]float64{0: {1000, 1000, 1000, 1000}})
	p.target, s[1].stop = 16, nil
	require.Zero(t, p.Relieve(freely(0)), "one has nobody who serves it")
	s[1].stop = func(error) {}
	p.growth.over, p.target = true, 16
	s[0].end = s[0].pos + 399
	require.Equal(t, Scaling{Extra: 3}, p.Tick(freely(0)), "one is nearly done")
}

// TestScale: no more workers than there is work.
func TestScale(t *testing.T) {
	p := sized(4000)
	require.Zero(t, p.Scale(freely(0)))
	require.Equal(t, Scaling{Regular: 3}, p.LayOut(Layout{Segments: 4, Workers: 8}, nil, freely(0)))
	p.Quit()
	now := freely(0)
	now.MayGrow = false
	require.Zero(t, p.Scale(now))
	require.Equal(t, Scaling{Regular: 1}, p.Tick(freely(0)))
}

// TestEndedRound: nobody is sent to a file that its last worker has left.
func TestEndedRound(t *testing.T) {
	p, _, _ := crew(map[int][]float64{0: {1000, 1000}})
	p.growth.over, p.target = true, 4
	p.Quit()
	p.Quit()
	require.Zero(t, p.Tick(freely(0)))
	require.Zero(t, p.Scale(freely(0)))
	require.Zero(t, p.Relieve(freely(0)))
}

// TestMeasured: connections that have flowed for a while are what is known of a network.
func TestMeasured(t *testing.T) {
	p, s, _ := crew(map[int][]float64{0: {1000, 3000}})
	p.growth.over = true
	p.Tick(freely(0))
	require.Equal(t, Measure{Connections: 2, Total: 4000, Fastest: 3000}, p.Measured())
	require.EqualValues(t, 4000, p.Speed())

	s[1].rate, s[0].firstByte = 2000, at(0)
	p.Tick(freely(time.Millisecond))
	require.Equal(t, Measure{Connections: 2, Total: 4000, Fastest: 3000}, p.Measured(), "one has just begun")
	p.Resume()
	now := freely(time.Second)
	now.Capacity = []int{1}
	p.Tick(now)
	require.Zero(t, p.Measured(), "of several hosts")
}

// TestShed: of a source that is given up only what flows goes on.
func TestShed(t *testing.T) {
	p, s, ended := crew(map[int][]float64{0: {1000, 1000}, 1: {1000}})
	s[1].firstByte, s[2].firstByte = time.Time{}, time.Time{}
	p.Shed(0)
	require.Equal(t, map[int]error{1: ErrShed}, ended)
}
