package cluster

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// busiest is how much more the busiest of the workers has to do than the average one: 1,000 hosts, whose
// jobs are distributed as Zipf says, in partitions that are dealt out evenly. Hosts with more
// than half a worker's part are split if that is wished.
func busiest(partitions, workers int, split bool, seed uint64) float64 {
	const hosts = 1000
	r := rand.New(rand.NewPCG(seed, 1))
	c := &Cluster{partitions: partitions}
	weights, sum := make([]float64, hosts), 0.0
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -1.1)
		sum += weights[i]
	}
	parts := make([]float64, partitions)
	for i, w := range weights {
		w /= sum
		shares := 1
		if split {
			shares = min(max(int(math.Ceil(w*2*float64(workers))), 1), partitions)
		}
		origin := fmt.Sprintf("https://host-%d-%d.example:443", i, r.Uint64())
		for s := range shares {
			parts[c.partition(origin, s)] += w / float64(shares)
		}
	}
	r.Shuffle(partitions, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	loads := make([]float64, workers)
	for i, p := range parts {
		loads[i%workers] += p
	}
	return slices.Max(loads) * float64(workers)
}

func median(partitions, workers int, split bool) float64 {
	var all []float64
	for seed := range uint64(25) {
		all = append(all, busiest(partitions, workers, split, seed))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// TestBalance: hot hosts that are split leave no worker with much more than the others, given
// some partitions for each; LITTLEDL_CLUSTER=measure draws balance.svg.
func TestBalance(t *testing.T) {
	require.Less(t, median(128, 3, true), 1.5)
	require.Less(t, median(256, 10, true), 1.8)
	require.Greater(t, median(256, 30, false), 3.0, "one host alone is more than a worker's part")
	measured(t)
	p := plot.New()
	p.Title.Text = "Load of the busiest worker (1: all have the same), 1,000 hosts after Zipf"
	p.X.Label.Text, p.Y.Label.Text, p.Y.Min = "partitions", "times the average", 1
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks{{Value: 16, Label: "16"}, {Value: 32, Label: "32"}, {Value: 64, Label: "64"}, {Value: 128, Label: "128"}, {Value: 256, Label: "256"}}
	p.Legend.Top = true
	i := 0
	for _, workers := range []int{3, 10, 30} {
		for _, split := range []bool{false, true} {
			var line plotter.XYs
			for _, partitions := range []int{16, 32, 64, 128, 256} {
				line = append(line, plotter.XY{X: float64(partitions), Y: median(partitions, workers, split)})
			}
			t.Log(workers, split, line)
			l, points, err := plotter.NewLinePoints(line)
			require.NoError(t, err)
			l.Color, points.Color = plotutil.Color(i/2), plotutil.Color(i/2)
			if split {
				l.Dashes = plotutil.Dashes(1)
			}
			p.Add(l, points)
			p.Legend.Add(fmt.Sprintf("%d workers%s", workers, map[bool]string{true: ", hot hosts split"}[split]), l, points)
			i++
		}
	}
	require.NoError(t, p.Save(7*vg.Inch, 4*vg.Inch, "../balance.svg"))
}
