package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/span"
)

// pairs are ranges, shorter.
type pairs [][2]int64

func (p pairs) spans() (out []span.Range) {
	for _, r := range p {
		out = append(out, span.Range{Lo: r[0], Hi: r[1]})
	}
	return out
}

func ranges(segments ...*Segment) (out pairs) {
	for _, s := range segments {
		out = append(out, [2]int64{s.pos, s.end})
	}
	return out
}

func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		gaps  pairs
		n     int
		least int64
		want  pairs
	}{
		"nothing":                  {nil, 4, 10, nil},
		"equal":                    {pairs{{0, 100}}, 4, 10, pairs{{0, 25}, {25, 50}, {50, 75}, {75, 100}}},
		"none too short":           {pairs{{0, 100}}, 50, 30, pairs{{0, 30}, {30, 60}, {60, 100}}},
		"as short as the gap":      {pairs{{0, 5}, {50, 60}}, 1, 30, pairs{{0, 5}, {50, 60}}},
		"of several gaps":          {pairs{{0, 60}, {100, 140}}, 2, 20, pairs{{0, 60}, {100, 140}}},
		"not across gaps":          {pairs{{0, 30}, {40, 110}}, 2, 1, pairs{{0, 30}, {40, 90}, {90, 110}}},
		"a rest that is too short": {pairs{{0, 102}}, 4, 20, pairs{{0, 26}, {26, 52}, {52, 78}, {78, 102}}},
		"a byte":                   {pairs{{7, 8}}, 8, 64, pairs{{7, 8}}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, ranges(cut(c.gaps.spans(), c.n, c.least)...)) })
	}
}

// TestSplitAt: both shall end together, and it must be worth a reconnect.
func TestSplitAt(t *testing.T) {
	since := at(-time.Second)
	for name, c := range map[string]struct {
		victim  Segment
		speed   float64
		latency time.Duration
		at      int64
		gain    float64
	}{
		"equal":               {Segment{end: 10_000, rate: 1000, firstByte: since}, 1000, 0, 5000, 5},
		"the thief is faster": {Segment{end: 10_000, rate: 1000, firstByte: since}, 4000, 0, 2000, 8},
		"and begins later":    {Segment{end: 10_000, rate: 1000, firstByte: since}, 1000, 2 * time.Second, 6000, 4},
		"too late":            {Segment{end: 10_000, rate: 1000, firstByte: since}, 1000, 10 * time.Second, 0, 0},
		"not worth it":        {Segment{end: 1000, rate: 10_000, firstByte: since}, 10_000, 20 * time.Millisecond, 0, 0},
		"too short":           {Segment{end: 100, rate: 10, firstByte: since}, 10, 0, 0, 0},
		"stuck":               {Segment{end: 1000, firstByte: since}, 1000, 0, 91, 9.09},
		"a remnant is left":   {Segment{end: 1000, rate: 10, firstByte: since}, 10_000, 0, 64, 93.6},
		"speed unknown":       {Segment{end: 10_000, rate: 1000, firstByte: since}, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n, gain := splitAt(&c.victim, at(0), c.speed, c.latency, 64)
			require.Equal(t, c.at, n)
			require.InDelta(t, c.gain, gain, 0.01)
		})
	}
}

func TestPeel(t *testing.T) {
	s := &Segment{pos: 1000, end: 2000}
	require.Equal(t, pairs{{1700, 2000}}, ranges(peel(s, 300, 64)))
	require.Equal(t, pairs{{1350, 1700}}, ranges(peel(s, 5000, 64)), "half at most")
	require.Equal(t, pairs{{1286, 1350}}, ranges(peel(s, 1, 64)), "no remnant")
	require.Nil(t, peel(s, 100, 200), "less than two of the least")
	require.Equal(t, pairs{{1000, 1286}}, ranges(s))
}
