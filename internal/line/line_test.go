package line

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

func of(t *testing.T, m Measure) Line {
	t.Helper()
	l, ok := Of(m)
	require.True(t, ok, "%+v", m)
	return l
}

func TestNothingMeasured(t *testing.T) {
	for _, speed := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, ok := Of(Measure{RTT: time.Second, Connections: 4, TotalSpeed: speed, MaxSpeed: speed, Stability: 1})
		require.False(t, ok, speed)
	}
}

func TestLimitOneByOneOrInSum(t *testing.T) {
	apart := of(t, Measure{Connections: 4, TotalSpeed: 8, MaxSpeed: 2})
	require.Equal(t, Line{One: 2, Each: 2, All: math.Inf(1), Connections: 4}, apart)
	noisy := of(t, Measure{Connections: 4, TotalSpeed: 7, MaxSpeed: 2})
	require.Equal(t, Line{One: 2, Each: 1.75, All: math.Inf(1), Connections: 4}, noisy)
	shared := of(t, Measure{Connections: 4, TotalSpeed: 6, MaxSpeed: 2})
	require.Equal(t, Line{One: 2, Each: 2, All: 6, Connections: 4}, shared)
}

func TestImpossibleMeasure(t *testing.T) {
	for name, c := range map[string]struct {
		measure Measure
		line    Line
	}{
		"no sum is one connection":       {Measure{Connections: 4, MaxSpeed: 2}, Line{One: 2, Each: 2, All: math.Inf(1), Connections: 1}},
		"the fastest slower than usual":  {Measure{Connections: 2, TotalSpeed: 8, MaxSpeed: 1}, Line{One: 4, Each: 4, All: math.Inf(1), Connections: 2}},
		"the fastest faster than all":    {Measure{Connections: 2, TotalSpeed: 8, MaxSpeed: 9}, Line{One: 8, Each: 8, All: 8, Connections: 2}},
		"no connection":                  {Measure{TotalSpeed: 8}, Line{One: 8, Each: 8, All: math.Inf(1), Connections: 1}},
		"answered before it was asked":   {Measure{RTT: -1, Connections: 1, TotalSpeed: 8}, Line{One: 8, Each: 8, All: math.Inf(1), Connections: 1}},
		"steadier than steady, plunging": {Measure{Connections: 1, TotalSpeed: 8, Stability: 2, Trend: -3}, Line{One: 8, Each: 8, All: math.Inf(1), Connections: 1, Stability: 1, Trend: -1}},
		"no numbers":                     {Measure{Connections: 1, TotalSpeed: 8, Stability: math.NaN(), Trend: math.NaN()}, Line{One: 8, Each: 8, All: math.Inf(1), Connections: 1, Trend: -1}},
	} {
		require.Equal(t, c.line, of(t, c.measure), name)
	}
}

// TestSeconds is worked out by hand.
func TestSeconds(t *testing.T) {
	apart := Line{RTT: 0.1, One: mib, Each: mib, All: math.Inf(1), Connections: 4}
	shared := apart
	shared.All = 2 * mib
	for name, c := range map[string]struct {
		line    Line
		mib     int64
		k       int
		seconds float64
	}{
		"one stream":                      {apart, 10, 1, 0.3 + 10},
		"four side by side":               {apart, 40, 4, 0.5 + 39.9/4},
		"four that share a limit":         {shared, 40, 4, 0.5 + 39.9/2},
		"less each than is asked for":     {apart, 16, 4, 0.5 + 14.9/4 + 1},
		"less in all than a round trip's": {Line{RTT: 2, One: mib, Each: mib, All: math.Inf(1)}, 1, 4, 10},
	} {
		require.InDelta(t, c.seconds, c.line.Seconds(c.mib*mib, c.k), 1e-9, name)
	}
	require.InDelta(t, 10.3/(0.5+9.9/2), shared.Speedup(10*mib, 2), 1e-9)
}

func TestSecondsProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	for range 5_000 {
		m := Measure{
			RTT: time.Duration(rnd.ExpFloat64() * 1e8), Connections: 1 + rnd.IntN(20), MaxSpeed: rnd.ExpFloat64() * 4 * mib,
			Trend: 2*rnd.Float64() - 1, Stability: rnd.Float64(),
		}
		m.TotalSpeed = m.MaxSpeed * (1 + rnd.Float64()*float64(m.Connections-1))
		l, size, k := of(t, m), int64(rnd.ExpFloat64()*100*mib), 1+rnd.IntN(32)
		took := l.Seconds(size, k)
		require.Positive(t, took, "%+v, %d, %d", l, size, k)
		require.LessOrEqual(t, took, l.Seconds(size+int64(rnd.ExpFloat64()*mib), k)*(1+1e-9), "more bytes: %+v, %d, %d", l, size, k)
		further := l
		further.RTT += 0.1
		require.Less(t, took, further.Seconds(size, k), "further away: %+v, %d, %d", l, size, k)
		if s := l.Speedup(size, k); !(s >= 1 && s <= float64(k)) {
			require.Fail(t, "speedup", "%v: %+v, %d, %d", s, l, size, k)
		}
		if c := l.Confidence(k); !(c > 0 && c < 1) {
			require.Fail(t, "confidence", "%v: %+v, %d", c, l, k)
		}
	}
}

func TestConfidence(t *testing.T) {
	l := Line{Connections: 4, Stability: 1}
	one := Line{Connections: 1, Stability: 1}
	require.Less(t, one.Confidence(4), l.Confidence(8), "of one nothing is known of several")
	require.Less(t, l.Confidence(8), l.Confidence(4), "more than was measured is a guess")
	require.Equal(t, l.Confidence(4), one.Confidence(1))
	unsteady, falling := l, l
	unsteady.Stability, falling.Trend = 0.5, -0.5
	require.Less(t, unsteady.Confidence(4), l.Confidence(4))
	require.Less(t, falling.Confidence(4), l.Confidence(4))
}
