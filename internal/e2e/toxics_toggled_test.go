//go:build linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestToxicsToggled: what befalls a line in the course of a batch costs it that time
// and no file.
func TestToxicsToggled(t *testing.T) {
	t.Parallel()
	// Of one connection each: a connection that the client ends while a toxic is put on it
	// can lock toxiproxy up.
	files := folder(t, 60, mib, 2*mib, mib, 2*mib)
	for _, c := range []struct {
		name   string
		toxics []string // come together
		lasts  time.Duration
		took   time.Duration // at most
		least  int           // retries
	}{
		// Connections that are reset beside others may mean that there are too many: for a
		// while there are fewer then.
		{"reset", []string{`reset_peer "timeout":0`}, time.Second, 10 * time.Second, 1},
		{"reset after a while", []string{`reset_peer "timeout":300`}, time.Second, 10 * time.Second, 1},
		{"black hole", []string{`timeout "timeout":0`}, 2500 * time.Millisecond, 8 * time.Second, 1},
		{"black hole that closes", []string{`timeout "timeout":400`}, 1500 * time.Millisecond, 7 * time.Second, 1},
		{"far away", []string{`latency "latency":500,"jitter":100`}, time.Second, 6 * time.Second, 0},
		{"narrow, far and in slices", []string{`bandwidth "rate":500`, `latency "latency":100`, `slicer "average_size":5000,"size_variation":2000,"delay":10`}, time.Second, 6 * time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startNginxWith(t, files.root, "limit_rate 1m;")
			l := newLine(t, server.plain)
			j := newJob(t, littledl.WithSmallFilePriority(false))
			j.addAll(t, files, l.base)
			j.run(t, j.bytesDone(mib),
				func() { l.addAll(t, c.toxics) }, j.pass(c.lasts), func() { l.reset() })
			j.checkComplete(t, files.files, c.took)
			require.GreaterOrEqual(t, j.took, c.lasts)
			require.GreaterOrEqual(t, j.retries(), c.least, "nobody noticed")
			gets, _ := counted(server.requests(t), 0)
			t.Logf("%d GETs", gets)
			require.LessOrEqual(t, gets, 2*len(files.files))
		})
	}
}

// TestLineGoesAndComes: the line is cut twice, in the middle of everything, and nobody
// answers for a while.
func TestLineGoesAndComes(t *testing.T) {
	t.Parallel()
	files := folder(t, 60, 6*mib, 10*mib)
	server := startNginxWith(t, files.root, "limit_rate 1m;")
	l := newLine(t, server.plain)
	j := newJob(t, littledl.WithSmallFilePriority(false))
	j.addAll(t, files, l.base)
	j.run(t,
		j.bytesDone(2*mib), l.Stop, j.pass(1200*time.Millisecond), func() { _ = l.Start() },
		j.bytesDone(11*mib), l.Stop, j.pass(800*time.Millisecond), func() { _ = l.Start() })
	j.checkComplete(t, files.files, 12*time.Second)
	require.NotZero(t, j.retries())
	log := server.requests(t)
	gets, _ := counted(log, 0)
	t.Logf("%d GETs", gets)
	require.LessOrEqual(t, gets, 3*len(files.files))
}

// TestStorm: a line that changes all the time, but breaks no connection, costs no
// retries.
func TestStorm(t *testing.T) {
	t.Parallel()
	files := folder(t, 80, 3*mib, 3*mib, 3*mib)
	server := startNginxWith(t, files.root, "limit_rate 1m;")
	l := newLine(t, server.plain)
	j := newJob(t, littledl.WithSmallFilePriority(false))
	j.addAll(t, files, l.base)
	var events []func()
	for _, toxic := range []string{`latency "latency":40,"jitter":40`, `slicer "average_size":3000,"size_variation":1000,"delay":10`, `bandwidth "rate":1500`, `slow_close "delay":100`, `upstream latency "latency":30`} {
		events = append(events, func() { l.add(t, toxic) }, j.pass(150*time.Millisecond))
	}
	events = append(events, func() { l.reset() }, j.pass(100*time.Millisecond))
	j.run(t, append(events, events...)...)
	j.checkComplete(t, files.files, 8*time.Second)
	require.Zero(t, j.retries())
	gets, _ := counted(server.requests(t), 0)
	require.Equal(t, len(files.files), gets)
}
