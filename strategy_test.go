package littledl_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

func selector(t *testing.T, opts ...littledl.SelectorOption) *littledl.StrategySelector {
	t.Helper()
	s, err := littledl.NewStrategySelector(opts...)
	require.NoError(t, err)
	return s
}

// TestSelectStyle: what is recommended for a file by its size and the options.
func TestSelectStyle(t *testing.T) {
	const (
		single   = littledl.StyleSingle
		multi    = littledl.StyleMulti
		adaptive = littledl.StyleAdaptive
	)
	opts := func(o ...littledl.SelectorOption) []littledl.SelectorOption { return o }
	for name, c := range map[string]struct {
		opts    []littledl.SelectorOption
		size    int64
		noRange bool
		style   littledl.DownloadStyle
		chunks  int
	}{
		"unknown":              {nil, -1, false, single, 1},
		"no ranges":            {nil, 1 << 30, true, single, 1},
		"empty":                {nil, 0, false, single, 1},
		"largest small":        {nil, 5*mib - 1, false, single, 1},
		"smallest medium":      {nil, 5 * mib, false, adaptive, 4},
		"largest medium":       {nil, 100 * mib, false, adaptive, 4},
		"smallest large":       {nil, 100*mib + 1, false, adaptive, 8},
		"huge":                 {nil, math.MaxInt64, false, adaptive, 8},
		"multi":                {opts(littledl.WithDefaultStyle(multi)), 1 << 30, false, multi, 8},
		"single by default":    {opts(littledl.WithDefaultStyle(single)), 1 << 30, false, single, 1},
		"at most 3":            {opts(littledl.WithMaxChunks(3)), 1 << 30, false, adaptive, 3},
		"at most 1":            {opts(littledl.WithMaxChunks(1)), 1 << 30, false, single, 1},
		"without multi":        {opts(littledl.WithMulti(false)), 1 << 30, false, single, 1},
		"without single":       {opts(littledl.WithSingle(false)), 1 << 30, false, adaptive, 8},
		"small without single": {opts(littledl.WithSingle(false)), 1, false, adaptive, 1},
		"neither range nor single": {
			opts(littledl.WithSingle(false), littledl.WithDefaultStyle(multi)), 1 << 30, true, multi, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := selector(t, c.opts...)
			d := s.SelectStyle(s.AnalyzeFile("http://h/f", c.size, !c.noRange))
			require.Equal(t, c.style, d.Style)
			require.Equal(t, c.chunks, d.RecommendedChunks)
			require.Equal(t, c.chunks > 1, d.EstimatedSpeedup > 1, "%+v", d)
			require.NotEmpty(t, d.Reason)
		})
	}
}

// TestAnalyzeFile: which sizes are small, medium and large.
func TestAnalyzeFile(t *testing.T) {
	s := selector(t)
	for size, class := range map[int64]littledl.SizeClass{
		-1: littledl.SizeUnknown, math.MinInt64: littledl.SizeUnknown, 0: littledl.SizeSmall, 5*mib - 1: littledl.SizeSmall,
		5 * mib: littledl.SizeMedium, 100 * mib: littledl.SizeMedium, 100*mib + 1: littledl.SizeLarge,
	} {
		require.Equal(t, littledl.FileProfile{URL: "u", Size: size, SizeClass: class, SupportsRange: true}, s.AnalyzeFile("u", size, true))
	}
}

// TestImpossibleSelector: options that leave no style, or contradict each other, are
// refused.
func TestImpossibleSelector(t *testing.T) {
	for name, opts := range map[string][]littledl.SelectorOption{
		"nothing left":   {littledl.WithSingle(false), littledl.WithMulti(false)},
		"single is off":  {littledl.WithDefaultStyle(littledl.StyleSingle), littledl.WithSingle(false)},
		"multi is off":   {littledl.WithMulti(false), littledl.WithDefaultStyle(littledl.StyleMulti)},
		"no such style":  {littledl.WithDefaultStyle("fastest")},
		"no style":       {littledl.WithDefaultStyle("")},
		"no chunk":       {littledl.WithMaxChunks(0)},
		"below no chunk": {littledl.WithMaxChunks(-1)},
		"nil":            {nil},
	} {
		_, err := littledl.NewStrategySelector(opts...)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
	}
	_, err := littledl.NewStrategySelector(littledl.WithDefaultStyle(littledl.StyleAdaptive), littledl.WithMulti(false))
	require.NoError(t, err, "what is the default may be said")
}

// TestMeasuredNetwork asks for a file of a GiB, so that only the network decides.
func TestMeasuredNetwork(t *testing.T) {
	s := selector(t)
	network := func(connections int, total, fastest, stability float64) littledl.NetworkProfile {
		return littledl.NetworkProfile{
			RTT: 50 * time.Millisecond, Connections: connections, TotalSpeed: total * mib, MaxSpeed: fastest * mib, Stability: stability,
		}
	}
	decide := func(size int64, n littledl.NetworkProfile) littledl.StyleDecision {
		return s.SelectStyleFor(s.AnalyzeFile("", size, true), n)
	}
	const gib = 1 << 30

	oneByOne := decide(gib, network(4, 8, 2, 1))
	require.Equal(t, 16, oneByOne.RecommendedChunks, "more than unmeasured")
	require.InDelta(t, 16, oneByOne.EstimatedSpeedup, 1)

	inSum := decide(gib, network(4, 8, 8, 1))
	require.Equal(t, 2, inSum.RecommendedChunks, "one fills the line")
	require.InDelta(t, 1, inSum.EstimatedSpeedup, 0.1)
	require.Equal(t, littledl.StyleAdaptive, inSum.Style)

	between := decide(gib, network(8, 8, 2.6, 1))
	require.Equal(t, 3, between.RecommendedChunks, "three fill the line")
	require.InDelta(t, 3, between.EstimatedSpeedup, 0.2)

	one := decide(gib, network(1, 2, 2, 1))
	require.Equal(t, 8, one.RecommendedChunks, "as unmeasured")
	require.Less(t, one.Confidence, oneByOne.Confidence)
	require.Less(t, oneByOne.Confidence, between.Confidence, "more than was measured is a guess")

	unsteady := decide(gib, network(4, 8, 2, 0.2))
	require.Less(t, unsteady.RecommendedChunks, oneByOne.RecommendedChunks)
	require.Less(t, unsteady.Confidence, oneByOne.Confidence)
	changing := network(4, 8, 2, 1)
	changing.Trend = -0.5
	require.Less(t, decide(gib, changing).Confidence, oneByOne.Confidence)

	quick := decide(100*mib, network(4, 160, 40, 1))
	require.Equal(t, littledl.StyleSingle, quick.Style, "as good as there")
	require.Equal(t, 3, decide(250*mib, network(4, 160, 40, 1)).RecommendedChunks, "two seconds each")

	far := network(4, 8, 8, 1)
	far.RTT = 10 * time.Second
	require.Equal(t, littledl.StyleSingle, decide(40*mib, far).Style, "opening connections costs more than they save")
}

// TestStrategyProperties holds for any options, file and network, possible or not.
func TestStrategyProperties(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	odd := func(usual float64) float64 {
		values := []float64{0, -1, 1, 5e-324, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
		if i := rnd.IntN(8 * len(values)); i < len(values) {
			return values[i]
		}
		return usual
	}
	for range 4_000 {
		most := 1 + rnd.IntN(32)
		if rnd.IntN(50) == 0 {
			most = math.MaxInt
		}
		style := []littledl.DownloadStyle{littledl.StyleMulti, littledl.StyleAdaptive}[rnd.IntN(2)]
		s := selector(t, littledl.WithMaxChunks(most), littledl.WithDefaultStyle(style), littledl.WithSingle(rnd.IntN(4) > 0))
		n := littledl.NetworkProfile{
			RTT: time.Duration(odd(rnd.ExpFloat64() * 1e8)), Connections: 1 + rnd.IntN(20),
			MaxSpeed: odd(rnd.ExpFloat64() * 4 * mib), Trend: odd(2*rnd.Float64() - 1), Stability: odd(rnd.Float64()),
		}
		n.TotalSpeed = odd(n.MaxSpeed * (1 + rnd.Float64()*float64(n.Connections-1)))
		if rnd.IntN(20) == 0 {
			n.Connections = []int{0, -1, math.MinInt, math.MaxInt}[rnd.IntN(4)]
		}
		size := int64(rnd.ExpFloat64() * 200 * mib)
		for _, size := range []int64{math.MinInt64, -1, 0, size, 2 * size, 2*size + 5*mib, math.MaxInt64} {
			p := s.AnalyzeFile("", size, rnd.IntN(10) > 0)
			plausible(t, s.SelectStyle(p), most)
			d := s.SelectStyleFor(p, n)
			plausible(t, d, most)
			require.Equal(t, d, s.SelectStyleFor(p, n), "the same answer to the same question")
			require.Equal(t, s.SelectStyle(p), s.SelectStyleFor(p, littledl.NetworkProfile{}), "nothing is measured")
			if n.MaxSpeed >= 1 && n.MaxSpeed <= n.TotalSpeed && n.TotalSpeed < math.MaxFloat64 && d.RecommendedChunks > 1 {
				chunk := float64(size) / float64(d.RecommendedChunks)
				require.GreaterOrEqual(t, chunk/n.MaxSpeed, 0.2499, "seconds of a chunk: %d, %+v, %+v", size, n, d)
			}
		}
		a, b := s.AnalyzeFile("", size, true), s.AnalyzeFile("", size+int64(rnd.ExpFloat64()*20*mib), true)
		require.LessOrEqual(t, s.SelectStyleFor(a, n).RecommendedChunks, s.SelectStyleFor(b, n).RecommendedChunks, "%d, %d, %+v", a.Size, b.Size, n)
		steadier := n
		steadier.Stability = min(max(n.Stability, 0)+0.3, 1)
		require.LessOrEqual(t, s.SelectStyleFor(a, n).RecommendedChunks, s.SelectStyleFor(a, steadier).RecommendedChunks, "%d, %+v", a.Size, n)
	}
}

func plausible(t *testing.T, d littledl.StyleDecision, most int) {
	t.Helper()
	if d.RecommendedChunks < 1 || d.RecommendedChunks > most ||
		!(d.EstimatedSpeedup >= 1 && d.EstimatedSpeedup <= float64(d.RecommendedChunks)) ||
		!(d.Confidence >= 0 && d.Confidence <= 1) || d.Reason == "" ||
		d.Style == littledl.StyleSingle && d.RecommendedChunks != 1 {
		require.Fail(t, "implausible", "%+v, at most %d", d, most)
	}
}
