package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/wait"
)

// tail is a plan whose last segment crawls, where others did better.
func tail(t *testing.T) (p *Plan, slow, hedge *Segment, stopped *error) {
	p, s := inParts(60, 1)
	slow, stopped = s[0], new(error)
	p.Begin(slow, 0, func(why error) { *stopped = why }, 0, at(0))
	p.Answered(slow, at(0))
	arrive(p, slow, 1, at(0))
	p.recentRate = 10_000
	for i := range time.Duration(20) {
		p.Tick(Now{Time: at(i * 100 * time.Millisecond)})
	}
	hedge = p.Take(Worker{}, at(2*time.Second))
	require.Equal(t, pairs{{1, 60}}, ranges(hedge), "all that is left, a second time")
	require.True(t, p.Hedged(slow))
	require.NoError(t, p.check())
	return p, slow, hedge, stopped
}

// TestHedgeWins: the one that is left behind is ended and out of the plan.
func TestHedgeWins(t *testing.T) {
	p, slow, hedge, stopped := tail(t)
	require.Nil(t, p.Take(Worker{}, at(4*time.Second)), "once is enough")
	p.Begin(hedge, 0, func(error) {}, 0, at(2*time.Second))
	arrive(p, hedge, 59, at(2*time.Second))
	require.False(t, p.End(hedge, at(2*time.Second)))
	p.Done(hedge)
	require.Equal(t, ErrCovered, *stopped)
	require.True(t, p.Finished(slow))
	require.True(t, p.Complete())
	require.NoError(t, p.check())

	require.True(t, p.End(slow, at(2*time.Second)), "it was stopped")
	p.Begin(slow, 0, func(error) {}, 0, at(2*time.Second))
	require.False(t, p.End(slow, at(2*time.Second)), "the next one was not")
	require.True(t, p.Failed(slow, false, at(2*time.Second)))
	p.Return(slow)
	require.Empty(t, p.pending, "whoever gives it back comes too late")
}

// TestHedgeFails: the other goes on, and is left alone for a moment.
func TestHedgeFails(t *testing.T) {
	p, slow, hedge, stopped := tail(t)
	p.Begin(hedge, 0, func(error) {}, 0, at(2*time.Second))
	p.End(hedge, at(2*time.Second))
	require.True(t, p.Failed(hedge, false, at(2*time.Second)))
	require.NoError(t, *stopped)
	require.False(t, p.Hedged(slow))
	require.False(t, p.Finished(slow))
	require.NoError(t, p.check())
	require.Nil(t, p.Take(Worker{}, at(2900*time.Millisecond)))
	require.NotNil(t, p.Take(Worker{}, at(3*time.Second)))
}

// TestHedgedOneFails: then the hedge is on its own.
func TestHedgedOneFails(t *testing.T) {
	for name, fails := range map[string]func(p *Plan, s *Segment){
		"fails":          func(p *Plan, s *Segment) { require.True(t, p.Failed(s, false, at(2*time.Second))) },
		"is given back":  func(p *Plan, s *Segment) { p.Return(s) },
		"is shed, waits": func(p *Plan, s *Segment) { p.Tried(s, wait.Tries{Until: time.Hour}); p.Return(s) },
	} {
		t.Run(name, func(t *testing.T) {
			p, slow, hedge, _ := tail(t)
			p.Begin(hedge, 0, func(error) { t.Error("ended") }, 0, at(2*time.Second))
			p.End(slow, at(2*time.Second))
			fails(p, slow)
			require.True(t, p.Finished(slow))
			require.Empty(t, p.pending)
			require.False(t, p.Hedged(hedge))
			require.False(t, p.Finished(hedge))
			require.NoError(t, p.check())
		})
	}
}

// TestBothSilent: of two that say nothing one ends with the other, which is tried again.
func TestBothSilent(t *testing.T) {
	p, slow, hedge, _ := tail(t)
	var stopped error
	p.Begin(hedge, 0, func(why error) { stopped = why }, 0, at(2*time.Second))
	p.End(slow, at(3*time.Second))
	require.False(t, p.Failed(slow, true, at(3*time.Second)))
	require.Equal(t, ErrCovered, stopped)
	require.False(t, p.Finished(slow))
	require.True(t, p.Finished(hedge))
	require.NoError(t, p.check())
}

// TestSilentInTurns: of two that have stood still, one after the other, for long one ends with the
// other; one that stood still a moment ago goes on.
func TestSilentInTurns(t *testing.T) {
	for _, still := range []time.Duration{config.Stall/3 - 1, config.Stall / 3} {
		p, slow, hedge, _ := tail(t)
		p.Begin(hedge, 0, func(error) {}, 0, at(2*time.Second))
		arrive(p, hedge, 1, at(2*time.Second))
		p.Tick(Now{Time: at(2 * time.Second)})
		p.End(slow, at(2*time.Second+still))
		require.Equal(t, still < config.Stall/3, p.Failed(slow, true, at(2*time.Second+still)))
		require.Equal(t, still < config.Stall/3, p.Finished(slow))
		require.NoError(t, p.check())
	}
}

// TestNoHedge: a second request is made only where it would be done in half the time.
func TestNoHedge(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(s *Segment)
		latency time.Duration
		want    bool
	}{
		"it crawls":                   {func(*Segment) {}, 0, true},
		"it is nearly done":           {func(s *Segment) { s.pos = 197 }, 0, false},
		"much is left":                {func(s *Segment) { s.end = 300 }, 0, false},
		"it is throttled":             {func(s *Segment) { s.throttled = true }, 0, false},
		"it was asked just now":       {func(s *Segment) { s.asked = at(-50 * time.Millisecond) }, 0, false},
		"another one would take long": {func(*Segment) {}, time.Minute, false},
		"the last one failed":         {func(s *Segment) { s.hedged = at(-time.Millisecond) }, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := sized(200)
			s := &Segment{end: 200, rate: 10, firstByte: at(-time.Second), asked: at(-time.Minute)}
			c.change(s)
			require.Equal(t, c.want, p.newHedge(s, at(0), 10_000, c.latency) != nil)
		})
	}
}

// TestFutile: a hedge that does no better than the one it was to relieve ends, so that
// another can be one; the first of the two never.
func TestFutile(t *testing.T) {
	p, slow, hedge, _ := tail(t)
	slow.rate, slow.firstByte = 10, at(0)
	hedge.rate, hedge.firstByte = 20, at(2*time.Second)
	now := freely(3 * time.Second)
	require.True(t, p.futile(hedge, now))
	require.False(t, p.futile(slow, now))
	require.False(t, p.futile(hedge, freely(2300*time.Millisecond)), "it has just begun")

	p.recentRate = 50
	require.False(t, p.futile(hedge, now), "nobody does better")
	p.SetSources(2)
	p.Expect(1, 10_000)
	now.Capacity = []int{1, 0}
	require.False(t, p.futile(hedge, now), "who does may not be asked")
	now.Capacity[1] = 1
	require.True(t, p.futile(hedge, now))
}

// TestUrgentFirst: who has nothing to do helps with what is urgent before all else, though more can be
// gained elsewhere.
func TestUrgentFirst(t *testing.T) {
	p, s := inParts(100_000, 2)
	for i, rate := range []float64{10, 100} {
		s[i].rate, s[i].firstByte, s[i].sampled, s[i].asked = rate, at(-2*time.Second), at(0), at(-2*time.Second)
	}
	p.recentRate = 10_000
	s[1].pos, s[1].urgent = s[1].end-200, true
	require.Equal(t, ranges(s[1]), ranges(p.Take(Worker{}, at(0))))
	require.True(t, p.Hedged(s[1]))
	require.NotNil(t, p.Take(Worker{}, at(0)), "then with the rest")
	require.Less(t, s[0].end, int64(50_000))
}
