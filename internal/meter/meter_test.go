package meter_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/meter"
	"github.com/littledl/littledl/internal/replay"
)

var start = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

func TestSpeedNeedsTwoSamples(t *testing.T) {
	m := meter.New(3 * time.Second)
	require.Zero(t, m.Speed())
	m.Sample(start, 1<<30) // bytes of an earlier run
	require.Zero(t, m.Speed())
	m.Sample(start.Add(time.Second), 1<<30+500)
	require.InDelta(t, 500, m.Speed(), 1e-6, "no bias to zero while warming up")
}

func TestConstantSpeedIsTold(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	m := meter.New(2 * time.Second)
	now := start
	m.Sample(now, 0)
	for range 1000 {
		now = now.Add(time.Duration(1 + rnd.Int64N(int64(5*time.Second))))
		m.Sample(now, int64(now.Sub(start))) // a byte a nanosecond
		require.InEpsilon(t, 1e9, m.Speed(), 1e-6)
	}
}

func TestSpeedStaysWithinWhatWasSeen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	m := meter.New(time.Second)
	now, total := start, int64(0)
	m.Sample(now, total)
	low, high := math.Inf(1), 0.0
	for range 1000 {
		dt := time.Duration(1+rnd.IntN(3000)) * time.Millisecond
		n := rnd.Int64N(1 << 20)
		now, total = now.Add(dt), total+n
		low, high = min(low, float64(n)/dt.Seconds()), max(high, float64(n)/dt.Seconds())
		m.Sample(now, total)
		require.GreaterOrEqual(t, m.Speed(), low*(1-1e-9))
		require.LessOrEqual(t, m.Speed(), high*(1+1e-9))
	}
}

func TestHalfLife(t *testing.T) {
	m := meter.New(4 * time.Second)
	now, total := start, int64(0)
	for range 100 { // long enough that the warm-up no longer counts
		m.Sample(now, total)
		now, total = now.Add(time.Second), total+1000
	}
	last := now.Add(-time.Second)
	m.Sample(last.Add(4*time.Second), total-1000)
	require.InDelta(t, 500, m.Speed(), 1, "half is left after one half-life without a byte")
}

func TestLongIntervalWeighsAsManyShortOnes(t *testing.T) {
	short, long := meter.New(3*time.Second), meter.New(3*time.Second)
	for _, m := range []*meter.Meter{short, long} {
		m.Sample(start, 0)
		m.Sample(start.Add(time.Second), 10_000)
	}
	for i := range int64(50) {
		short.Sample(start.Add(time.Second+time.Duration(i+1)*100*time.Millisecond), 10_000+(i+1)*100)
	}
	long.Sample(start.Add(6*time.Second), 10_000+50*100)
	require.InEpsilon(t, long.Speed(), short.Speed(), 1e-6)
}

func TestFallingTotalIsNoProgress(t *testing.T) {
	m := meter.New(0)
	m.Sample(start, 0)
	m.Sample(start.Add(time.Second), 5000)
	m.Sample(start.Add(2*time.Second), 100)
	require.Zero(t, m.Speed())
	m.Sample(start.Add(3*time.Second), 300)
	require.InDelta(t, 200, m.Speed(), 1e-6, "measured from where it fell to")
}

func TestTimeThatStandsStillIsIgnored(t *testing.T) {
	m := meter.New(time.Second)
	m.Sample(start, 0)
	m.Sample(start, 700)
	require.Zero(t, m.Speed())
	m.Sample(start.Add(-time.Hour), 800)
	require.Zero(t, m.Speed())
	m.Sample(start.Add(time.Second), 1000)
	require.InDelta(t, 1000, m.Speed(), 1e-6, "the bytes count with the next sample")
}

func TestNoSmoothing(t *testing.T) {
	for _, m := range []*meter.Meter{meter.New(0), meter.New(-time.Second), {}} {
		m.Sample(start, 0)
		m.Sample(start.Add(time.Second), 1000)
		m.Sample(start.Add(2*time.Second), 1010)
		require.InDelta(t, 10, m.Speed(), 1e-9)
	}
}

func TestETA(t *testing.T) {
	for _, c := range []struct {
		remaining int64
		speed     float64
		want      time.Duration
	}{
		{1000, 100, 10 * time.Second},
		{1, 4, 250 * time.Millisecond},
		{0, 0, 0},
		{0, math.NaN(), 0},
		{1, 0, -1},
		{1, -5, -1},
		{-1, 100, -1},
		{1, math.NaN(), -1},
		{1, math.Inf(1), 0},
		{math.MaxInt64, 1e-300, -1},
		{math.MaxInt64, 1, -1},
		{1 << 40, 1 << 40, time.Second},
	} {
		require.Equal(t, c.want, meter.ETA(c.remaining, c.speed), "%d at %g", c.remaining, c.speed)
	}
}

func FuzzMeter(f *testing.F) {
	f.Add(int64(time.Second), int64(1), int64(100), int64(5), int64(50))
	f.Add(int64(-1), int64(-7), int64(math.MinInt64), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(1), int64(math.MaxInt64), int64(0), int64(1), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, halfLife, dt1, total1, dt2, total2 int64) {
		m := meter.New(time.Duration(halfLife))
		m.Sample(start, 0)
		m.Sample(start.Add(time.Duration(dt1)), total1)
		m.Sample(start.Add(time.Duration(dt1)).Add(time.Duration(dt2)), total2)
		speed := m.Speed()
		require.False(t, math.IsNaN(speed) || math.IsInf(speed, 0) || speed < 0, "speed %g", speed)
		require.GreaterOrEqual(t, meter.ETA(total1, speed), time.Duration(-1))
	})
}
