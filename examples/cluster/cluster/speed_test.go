package cluster

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/littledl/littledl"
	"github.com/stretchr/testify/require"
)

// TestSpeed: 5,000 × 16 KiB by one worker, and by one process without a queue.
func TestSpeed(t *testing.T) {
	large(t)
	sites := []*site{newSite(t), newSite(t), newSite(t), newSite(t)}
	const n, size = 5000, 16 << 10
	single := func() time.Duration {
		begun, dir := time.Now(), t.TempDir()
		d, err := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(64), littledl.WithMaxConcurrentChunksPerFile(1))
		require.NoError(t, err)
		i := 0
		for j := range list(n, size, sites...) {
			_, err := d.AddURL(j.URL, littledl.WithSavePath(fmt.Sprintf("%s/%06d", dir, i/1000)), littledl.WithFilename(fmt.Sprintf("%09d", i)))
			require.NoError(t, err)
			i++
		}
		require.NoError(t, d.Start(t.Context()))
		return time.Since(begun)
	}
	for _, noSync := range []bool{true, false} {
		var alone, together time.Duration
		for round := range 3 {
			c0 := cpu()
			alone += single()
			c1 := cpu()
			c := start(t, Config{Dir: t.TempDir(), NoSync: noSync})
			store, name := t.TempDir(), fmt.Sprint("speed", round)
			begun := time.Now()
			_, err := c.Enqueue(t.Context(), name, list(n, size, sites...))
			require.NoError(t, err)
			queued := time.Now()
			c2 := cpu()
			stop := work(t, c, Worker{Sink: Dir{Path: store}, HostLimit: func(string) int { return 16 }})
			require.EqualValues(t, n, finish(t, c, name, time.Minute).Done)
			t.Logf("fsync %v: queued in %v, worked in %v; cpu, with origin and server: one process %v, one worker %v",
				!noSync, queued.Sub(begun), time.Since(queued), c1-c0, cpu()-c2)
			together += time.Since(queued)
			stop()
		}
		t.Logf("fsync %v: one process %v, one worker %v: %.2f times", !noSync, alone/3, together/3, float64(together)/float64(alone))
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
