//go:build unix

package littledl_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// threeProcesses: three processes want one file, begin and are killed at random. Never
// is a wrong byte under the final name, nor a part of the file; who loses is told that
// another is at it, or finds the file there. Where locks lie the nonces do what they are
// for.
func threeProcesses(t *testing.T, lie bool) {
	rounds := 5
	if underRace {
		rounds = 3
	}
	if all {
		rounds = 50
	}
	o := newOrigin(t, seeded(t))
	ends := map[int]int{}
	for i := range rounds {
		size := int64(6*mib + o.r.IntN(6*mib))
		g := o.target(fmt.Sprintf("%d.bin", i), size, 4_000_000)
		var all []*running
		begin := time.Now()
		for range 3 {
			c := child{Lie: lie}
			if o.r.IntN(3) > 0 {
				c.After = time.Duration(o.r.Int64N(int64(600 * time.Millisecond)))
			}
			all = append(all, g.begin(c))
			g.wait(time.Duration(o.r.Int64N(int64(300*time.Millisecond))), nil)
		}
		for _, run := range all {
			done := make(chan struct{})
			go func() { defer close(done); _ = run.cmd.Wait() }()
			g.wait(time.Minute, done)
			code := run.cmd.ProcessState.ExitCode()
			ends[code]++
			require.NotEqual(t, childFailed, code, "%s", run.out.String())
		}
		g.looks()
		g.complete()
		require.Less(t, time.Since(begin), time.Minute)
	}
	t.Logf("%d completed, %d were locked out, %d killed", ends[childDone], ends[childLocked], ends[-1])
}

// wait looks at the final name until something is done, or time is over.
func (g *target) wait(d time.Duration, done <-chan struct{}) {
	g.Helper()
	over := time.After(d)
	for {
		select {
		case <-done:
			return
		case <-over:
			require.Nil(g, done, "it does not end")
			return
		case <-time.After(10 * time.Millisecond):
			g.looks()
			g.strangers()
		}
	}
}

// strangers: nothing is there but the file, and what becomes it.
func (g *target) strangers() {
	g.Helper()
	entries, err := os.ReadDir(g.dir)
	require.NoError(g, err)
	for _, e := range entries {
		require.True(g, strings.HasPrefix(e.Name(), g.f.Name()), "%s", e.Name())
	}
}
