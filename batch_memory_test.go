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

// TestManyQueued: a million URLs that wait cost at most 300 bytes each beyond their strings,
// and are added in under 5 s where nothing else runs; a look at all of them costs next to
// nothing.
func TestManyQueued(t *testing.T) {
	urls := make([]string, queued)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://files.example.test/archive/2026/%03d/%032d.bin", i%1000, i)
	}
	require.LessOrEqual(t, len(urls[queued-1]), 80)
	d, each, took := queue(t, urls, inOneGo)
	t.Logf("%d URLs: %d bytes each, %v", queued, each, took)
	require.LessOrEqual(t, each, int64(300))
	require.Less(t, took, 10*time.Second, "on a quiet machine it takes 3 s")

	began := time.Now()
	for range 1000 {
		require.Equal(t, queued, d.GetStats().PendingFiles)
		require.Equal(t, queued, d.GetProgress().TotalFiles)
	}
	require.Less(t, time.Since(began), time.Second)
	for name, add := range waysToQueue {
		_, each, _ := queue(t, urls[:queued/8], add)
		t.Logf("%s: %d bytes each", name, each)
		require.LessOrEqual(t, each, int64(300), name)
	}
	runtime.KeepAlive(urls)
}

func inOneGo(d *littledl.BatchDownloader, urls []string) error {
	_, err := d.AddURLs(urls, "downloads")
	return err
}

// waysToQueue are others to queue a list of URLs.
var waysToQueue = map[string]func(d *littledl.BatchDownloader, urls []string) error{
	"one by one": func(d *littledl.BatchDownloader, urls []string) error {
		for _, u := range urls {
			if _, err := d.AddURL(u, littledl.WithSavePath("downloads")); err != nil {
				return err
			}
		}
		return nil
	},
	"here and there, some sooner": func(d *littledl.BatchDownloader, urls []string) error {
		dirs := []string{"a", "b", "c"}
		for i, u := range urls {
			if _, err := d.AddURL(u, littledl.WithSavePath(dirs[i%3]), littledl.WithPriority(i%5)); err != nil {
				return err
			}
		}
		return nil
	},
	"under names of their own": func(d *littledl.BatchDownloader, urls []string) error {
		for _, u := range urls {
			if _, err := d.AddURL(u, littledl.WithSavePath("downloads"), littledl.WithFilename(u[len(u)-36:])); err != nil {
				return err
			}
		}
		return nil
	},
	"twice each": func(d *littledl.BatchDownloader, urls []string) error {
		if err := inOneGo(d, urls[:len(urls)/2]); err != nil {
			return err
		}
		return inOneGo(d, urls[:len(urls)/2])
	},
}

// queue adds all of the URLs, and returns what one has cost.
func queue(t *testing.T, urls []string, add func(*littledl.BatchDownloader, []string) error) (d *littledl.BatchDownloader, each int64, took time.Duration) {
	t.Helper()
	d, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	before, began, used := heap(), time.Now(), processorTime()
	require.NoError(t, add(d, urls))
	took = min(time.Since(began), processorTime()-used) // what else the machine does is not ours
	return d, (heap() - before) / int64(len(urls)), took
}
