//go:build unix

package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killedAtEveryOperation: a process kills itself before its nth operation on a real
// disk, whatever that is, and another one completes the file. Before the nth is after
// the one before it.
func killedAtEveryOperation(t *testing.T) {
	o := newOrigin(t, seeded(t))
	const size = 6 * mib
	whole := o.target("whole.bin", size, 0).begin(child{})
	require.Equal(t, childDone, whole.end(), "%s", whole.out.String())
	total := whole.operations()
	every := int64(10)
	if all {
		every = 1
	}
	killed := 0
	for nth := 1 + o.r.Int64N(every); nth <= total; nth += every {
		g := o.target(fmt.Sprintf("%d.bin", nth), size, 0)
		run := g.begin(child{KillAt: nth})
		if run.end() == -1 { // else it needed fewer this time
			killed++
		}
		g.looks()
		g.complete()
	}
	require.Positive(t, killed)
	t.Logf("%d operations, %d kills", total, killed)
}

// killedAtAnyTime: killed at any moment of a download at
// 30 MB/s, a process has lost no more than 4 MiB a connection, what was still in the
// buffers of sockets included.
func killedAtAnyTime(t *testing.T) {
	size, times := int64(16*mib), 20
	if underRace {
		times = 8
	}
	if all {
		size, times = 64*mib, 200
	}
	o := newOrigin(t, seeded(t))
	const rate = 30_000_000
	takes := time.Duration(size * int64(time.Second) / rate)
	results := make(chan int64, times)
	t.Run("at once", func(t *testing.T) {
		for i := range times {
			after := time.Duration(o.r.Int64N(int64(takes) + int64(takes)/10))
			t.Run(after.Round(time.Millisecond).String(), func(t *testing.T) {
				t.Parallel()
				g := (&crashOrigin{t, o.srv, nil}).target(fmt.Sprintf("%d.bin", i), size, rate/childConns)
				g.begin(child{After: after}).end()
				g.looks()
				g.complete()
				twice := o.srv.BytesSent(g.f.Name()) - size
				require.LessOrEqual(t, twice, int64(childConns*4*mib))
				results <- twice
			})
		}
	})
	close(results)
	var sum, most int64
	for n := range results {
		sum += n
		most = max(most, n)
	}
	t.Logf("sent twice: at most %.1f MiB, %.1f MiB on average", float64(most)/mib, float64(sum)/float64(times)/mib)
}

// killedAgainAndAgain: a process that never lives longer than 300 ms gets there.
func killedAgainAndAgain(t *testing.T) {
	size := int64(16 * mib)
	if all {
		size = 128 * mib
	}
	o := newOrigin(t, seeded(t))
	g := o.target("a.bin", size, 30_000_000/childConns)
	kills := int64(0)
	for !g.looks() {
		kills++
		require.Less(t, kills, 20+size/mib, "it gets nowhere")
		g.begin(child{After: 100*time.Millisecond + time.Duration(o.r.Int64N(int64(200*time.Millisecond)))}).end()
	}
	g.complete()
	sent := o.srv.BytesSent(g.f.Name())
	t.Logf("%d lives for %d MiB, %.1f MiB sent", kills, size/mib, float64(sent)/mib)
	require.Less(t, sent, size+kills*childConns*4*mib)
}

// 88 and 95, with processes that are killed.
func TestKilled(t *testing.T) {
	t.Run("88 at every operation", killedAtEveryOperation)
	t.Run("88 at any time", killedAtAnyTime)
	t.Run("88 again and again", killedAgainAndAgain)
	t.Run("95 three processes", func(t *testing.T) { threeProcesses(t, false) })
	t.Run("95 three processes whose locks lie", func(t *testing.T) { threeProcesses(t, true) })
}
