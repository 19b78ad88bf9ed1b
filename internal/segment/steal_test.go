package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/wait"
)

// TestTakeInOrder: what nobody has begun goes first, but for a source it could not be had
// from.
func TestTakeInOrder(t *testing.T) {
	p := sized(4000)
	p.LayOut(Layout{Segments: 4, Workers: 4}, nil, freely(0))
	one, two := p.Take(Worker{}, at(0)), p.Take(Worker{}, at(0))
	require.Equal(t, pairs{{0, 1000}, {1000, 2000}}, ranges(one, two))
	p.Tried(one, wait.Tries{Until: time.Second})
	p.Return(one)
	require.Equal(t, pairs{{2000, 3000}}, ranges(p.Take(Worker{}, at(0))))
	require.Same(t, one, p.Take(Worker{At: time.Second}, at(time.Second)), "it is the first again")
	p.Tried(one, wait.Tries{Until: 3 * time.Second})
	p.Return(one)
	require.Same(t, one, p.Take(Worker{Source: 1, At: 2 * time.Second}, at(2*time.Second)), "another source may have it")
	require.NoError(t, p.check())
}

// TestTooMany: who is one too many gets nothing, the file's own worker always.
func TestTooMany(t *testing.T) {
	p := sized(4000)
	p.LayOut(Layout{Segments: 4, Workers: 2}, nil, freely(0))
	p.target = 1
	require.Nil(t, p.Take(Worker{Additional: true}, at(0)))
	require.NotNil(t, p.Take(Worker{}, at(0)))
	p.Quit()
	require.NotNil(t, p.Take(Worker{Additional: true}, at(0)))
}

// TestSteal: a worker with nothing to do gets a part of what takes longest, whose
// connection finds its end moved.
func TestSteal(t *testing.T) {
	p, s := inParts(20_000, 2)
	for i := range time.Duration(10) {
		arrive(p, s[0], 100, at(i*100*time.Millisecond))
		arrive(p, s[1], 900, at(i*100*time.Millisecond))
		p.Tick(Now{Time: at(i * 100 * time.Millisecond), Limit: 2})
	}
	arrive(p, s[1], 1000, at(time.Second)) // all is there
	p.End(s[1], at(time.Second))
	p.Done(s[1])
	stolen := p.Take(Worker{Latency: 10 * time.Millisecond}, at(time.Second))
	require.EqualValues(t, 10_000, stolen.end)
	_, end := p.Range(s[0])
	require.Equal(t, stolen.pos, end)
	require.InDelta(t, 2000, end, 500, "it is ten times as slow")
	require.Equal(t, end-1000, p.Room(s[0], 1000))
	require.NoError(t, p.check())
}

// TestNothingMeasured: without a speed to go by nothing is stolen.
func TestNothingMeasured(t *testing.T) {
	p, _ := inParts(20_000, 2)
	require.Nil(t, p.Take(Worker{}, at(0)))
}

// TestStealFromASlowerSource: where sources differ, what counts is how fast the thief's is.
func TestStealFromASlowerSource(t *testing.T) {
	for _, mixed := range []bool{false, true} {
		p, s := inParts(20_000, 1)
		p.SetSources(2)
		p.Expect(1, 100)
		s[0].rate, s[0].firstByte, s[0].sampled = 1000, at(0), at(time.Second)
		stolen := p.Take(Worker{Source: 1, Mixed: mixed}, at(time.Second))
		if mixed {
			require.InDelta(t, 20_000*10/11, stolen.pos, 1)
		} else {
			require.EqualValues(t, 10_000, stolen.pos)
		}
	}
}

// TestManyCome: while more workers join for a trial, each gets an equal share of the rest.
func TestManyCome(t *testing.T) {
	p, _ := inParts(16_000, 1)
	p.target, p.growth = 4, growth{late: true}
	require.Equal(t, pairs{{12_000, 16_000}}, ranges(p.Take(Worker{}, at(0))))
	require.Equal(t, pairs{{8000, 12_000}}, ranges(p.Take(Worker{}, at(0))))
	require.NoError(t, p.check())
}

// TestExpectedRate: where all that is left crawls, what went before is the measure.
func TestExpectedRate(t *testing.T) {
	now := at(0)
	p := sized(1000)
	p.recentRate = 4e6
	p.running = []*Segment{{rate: 1e5, firstByte: now}, {rate: 2e5, firstByte: now}}
	require.EqualValues(t, 4e6, p.expectedRate())
	p.running[0].rate, p.running[1].rate = 6e6, 6e6
	require.EqualValues(t, 6e6, p.expectedRate())
}

// TestRecentRate: a slow segment tells less of what can be had than a quick one before it.
func TestRecentRate(t *testing.T) {
	p, s := inParts(4000, 3)
	for i, rate := range []float64{1000, 100, 5000} {
		s[i].rate = rate
		p.Done(s[i])
		require.EqualValues(t, []float64{1000, 800, 5000}[i], p.recentRate)
	}
	p.Resume()
	require.Zero(t, p.recentRate)
}
