package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measured is for what takes minutes and judges little: LITTLEDL_CLUSTER=measure.
func measured(t *testing.T) {
	if os.Getenv("LITTLEDL_CLUSTER") != "measure" {
		t.Skip("LITTLEDL_CLUSTER is not measure")
	}
}

func hosts(n, hosts int) func(func(Job, error) bool) {
	bases := make([]string, hosts)
	for i := range bases {
		bases[i] = fmt.Sprintf("http://host-%d.example/directory/", i)
	}
	return func(yield func(Job, error) bool) {
		for i := range n {
			if !yield(Job{URL: bases[i%hosts] + strconv.Itoa(i), Priority: i % 2}, nil) {
				return
			}
		}
	}
}

// TestEnqueueRate: with fsync, 100,000 URLs a second.
func TestEnqueueRate(t *testing.T) {
	large(t)
	for _, noSync := range []bool{true, false} {
		c := start(t, Config{Dir: t.TempDir(), NoSync: noSync})
		const n = 200_000
		begun := time.Now()
		_, err := c.Enqueue(t.Context(), "rate", hosts(n, 200))
		require.NoError(t, err)
		t.Logf("fsync %v: %.0f URLs/s", !noSync, n/time.Since(begun).Seconds())
	}
}

// TestQueued: how much it costs to have many URLs queued: LITTLEDL_CLUSTER_URLS of them.
func TestQueued(t *testing.T) {
	measured(t)
	n, err := strconv.Atoi(os.Getenv("LITTLEDL_CLUSTER_URLS"))
	if err != nil {
		n = 1_000_000
	}
	dir := t.TempDir()
	c, err := Open(t.Context(), Config{Dir: dir})
	require.NoError(t, err)
	begun := time.Now()
	_, err = c.Enqueue(t.Context(), "many", hosts(n, 5000))
	require.NoError(t, err)
	took := time.Since(begun)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d URLs in %v, %.0f a second; heap %d MiB, resident %d MiB, on disk %d MB", n, took, float64(n)/took.Seconds(), m.HeapInuse>>20, resident()>>20, onDisk(t, dir)/1_000_000)
	require.NoError(t, c.Close())
	begun = time.Now()
	c, err = Open(t.Context(), Config{Dir: dir})
	require.NoError(t, err)
	t.Logf("open again in %v", time.Since(begun))
	require.NoError(t, c.Close())
}

func resident() (n int64) {
	status, _ := os.ReadFile("/proc/self/statm")
	if f := strings.Fields(string(status)); len(f) > 1 {
		n, _ = strconv.ParseInt(f[1], 10, 64)
	}
	return n * int64(os.Getpagesize())
}

func onDisk(t *testing.T, dir string) (n int64) {
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return err
	}))
	return n
}

// TestManyWorkers: 3 to 30 workers that sleep instead of downloading.
func TestManyWorkers(t *testing.T) {
	measured(t)
	for _, workers := range []int{3, 10, 30} {
		c := start(t, Config{Dir: t.TempDir(), Partitions: 120, Silence: 4 * time.Second})
		for i := range workers {
			own := start(t, Config{URL: c.URL()})
			work(t, own, Worker{Name: fmt.Sprint("w", i), Sink: nothing{}, HostLimit: func(string) int { return 4 },
				asleep: func(item) time.Duration { return 100 * time.Millisecond }})
		}
		time.Sleep(12 * time.Second) // partitions even out
		n := workers * 3000
		begun, used := time.Now(), cpu()
		_, err := c.Enqueue(t.Context(), "sleep", hosts(n, 3000))
		require.NoError(t, err)
		p := finish(t, c, "sleep", 5*time.Minute)
		require.EqualValues(t, n, p.Done)
		took := time.Since(begun)
		t.Logf("%d workers: %d jobs in %v, %.0f a second, %.0f a worker; cpu of all %.2f ms a job",
			workers, n, took, float64(n)/took.Seconds(), float64(n)/took.Seconds()/float64(workers), float64((cpu()-used).Microseconds())/1000/float64(n))
	}
}
