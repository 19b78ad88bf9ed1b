package cluster

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/littledl/littledl"
	"github.com/stretchr/testify/require"
)

// TestSpeed: 5,000 × 16 KiB by one worker, and by one process without a queue, in turn.
func TestSpeed(t *testing.T) {
	large(t)
	sites := []*site{newSite(t), newSite(t), newSite(t), newSite(t)}
	const n, size = 5000, 16 << 10
	measure := func(f func(dir string)) (took, used time.Duration) {
		dir, err := os.MkdirTemp("", "speed") // gone before the next round: a full disk is a slow one
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		begun, before := time.Now(), cpu()
		f(dir)
		return time.Since(begun), cpu() - before
	}
	single := func(dir string) {
		d, err := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(64), littledl.WithMaxConcurrentChunksPerFile(1))
		require.NoError(t, err)
		i := 0
		for j := range list(n, size, sites...) {
			_, err := d.AddURL(j.URL, littledl.WithSavePath(fmt.Sprintf("%s/%06d", dir, i/1000)), littledl.WithFilename(fmt.Sprintf("%09d", i)))
			require.NoError(t, err)
			i++
		}
		require.NoError(t, d.Start(t.Context()))
	}
	for _, noSync := range []bool{true, false} {
		var ratios []float64
		var alone, together, cpuAlone, cpuTogether time.Duration
		for round := range rounds(t, 7) {
			took, used := measure(single)
			c := start(t, Config{Dir: t.TempDir(), NoSync: noSync})
			name := fmt.Sprint("speed", round)
			_, err := c.Enqueue(t.Context(), name, list(n, size, sites...))
			require.NoError(t, err)
			tookHere, usedHere := measure(func(dir string) {
				stop := work(t, c, Worker{Scratch: dir + "/scratch", Sink: Dir{Path: dir + "/store"}, HostLimit: func(string) int { return 16 }})
				require.EqualValues(t, n, finish(t, c, name, time.Minute).Done)
				stop()
			})
			ratios = append(ratios, tookHere.Seconds()/took.Seconds())
			alone, together, cpuAlone, cpuTogether = alone+took, together+tookHere, cpuAlone+used, cpuTogether+usedHere
		}
		slices.Sort(ratios)
		k := time.Duration(len(ratios))
		t.Logf("fsync %v: one process %v, one worker %v: %.2f times, median of %.2f; cpu with origin and server %v, %v",
			!noSync, alone/k, together/k, ratios[len(ratios)/2], ratios, cpuAlone/k, cpuTogether/k)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
