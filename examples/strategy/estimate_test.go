package main

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/examples/bench/line"
)

// courses differ in what limits a connection: the line, which is fat or thin, what it loses,
// or how far it goes. No queue is so short that a machine that is busy overfills it, and Reno
// takes no jitter of its for a line that is full, as Cubic does when it begins.
func courses() (all []course) {
	const ms = time.Millisecond
	all = []course{
		{name: "fat", line: line.Config{RTT: 60 * ms, Rate: 12.5e6, Queue: 1000}, size: 52 * mib, fewest: 1, max: 2},
		{name: "thin", line: line.Config{RTT: 30 * ms, Rate: 3e6, Queue: 128}, size: 14 * mib, fewest: 1, max: 2},
		{name: "lossy", line: line.Config{RTT: 8 * ms, Rate: 25e6, Queue: 1000, Loss: 0.01}, size: 16 * mib, fewest: 2, max: 3},
		{name: "far", line: line.Config{RTT: 100 * ms, Rate: 12.5e6, Queue: 1000}, window: 192 << 10, size: 16 * mib, fewest: 2, max: 3},
	}
	for i := range all {
		all[i].line.Control = "reno"
	}
	return all
}

// demand is how near a promise has to come, as the median of several trials.
type demand struct {
	accuracy float64       // as a share of what was measured
	enough   int           // trials, where the median of these is accurate
	time     time.Duration // else more, while there is time for them
}

// TestEstimatedSpeedupOverLines: what the selector promises of a line that was measured is
// what a file over it then shows, with the system's own TCP in between. What a single trial
// shows depends on which packet is lost and on what else the machine does: beside other tests
// two lines show that the promise is of the right kind; LITTLEDL_LINES=all, on a machine that
// does nothing else, that it holds within a quarter over all of them.
func TestEstimatedSpeedupOverLines(t *testing.T) {
	all, wanted, dir := courses(), demand{accuracy: 0.25, enough: 3, time: 55 * time.Second}, t.TempDir()
	if os.Getenv("LITTLEDL_LINES") != "all" {
		wanted = demand{accuracy: 1, enough: 1, time: 40 * time.Second}
		all = slices.DeleteFunc(all, func(c course) bool { return c.name != "thin" && c.name != "far" })
	}
	trials, errs := make([][]trial, len(all)), make([]error, len(all))
	ctx, cancel := context.WithTimeout(t.Context(), 2*wanted.time)
	defer cancel()
	begun := time.Now()
	var running sync.WaitGroup
	for i, c := range all {
		running.Go(func() {
			for last := time.Duration(0); time.Since(begun)+last < wanted.time; {
				c.line.Seed = uint64(len(trials[i]))
				since := time.Now()
				got, err := c.run(ctx, dir)
				if err != nil {
					errs[i] = err
					return
				}
				if trials[i] = append(trials[i], got); len(trials[i]) >= wanted.enough && wanted.met(trials[i]) {
					return
				}
				last = time.Since(since)
			}
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		require.ErrorIs(t, err, line.ErrUnavailable)
		t.Skip(err)
	}
	for i, c := range all {
		for _, one := range trials[i] {
			t.Logf("%s: %v", c.name, one)
		}
		assert.True(t, wanted.met(trials[i]), "%s: the median is off by %.0f %%", c.name, 100*medianOf(trials[i], trial.off))
		recommended := int(medianOf(trials[i], func(t trial) float64 { return float64(t.decision.RecommendedChunks) }))
		assert.GreaterOrEqual(t, recommended, c.fewest, c.name)
		assert.LessOrEqual(t, recommended, c.max, c.name)
	}
}

// met also holds where less was promised than came of it, by the same factor.
func (d demand) met(trials []trial) bool {
	return math.Abs(math.Log1p(medianOf(trials, trial.off))) <= math.Log1p(d.accuracy)
}

// medianOf is the lower of two in the middle.
func medianOf(trials []trial, of func(trial) float64) float64 {
	var all []float64
	for _, t := range trials {
		all = append(all, of(t))
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
