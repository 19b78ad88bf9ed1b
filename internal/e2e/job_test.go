//go:build linux

package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// downloader is what both of them can do.
type downloader interface {
	AddURL(url string, opts ...littledl.URLOption) (string, error)
	Start(ctx context.Context) error
	GetAllTasks() []littledl.FileTask
	GetProgress() littledl.BatchProgress
}

// job is one batch from servers that misbehave, and what came of it.
type job struct {
	downloader
	dir string
	ctx context.Context

	err  error
	took time.Duration
}

// quick is a configuration that notices soon what is wrong.
func quick() littledl.DownloadConfig {
	return littledl.DownloadConfig{
		UserAgent:      firstRun,
		ConnectTimeout: 2 * time.Second, HeaderTimeout: 2 * time.Second, StallTimeout: 2 * time.Second,
		Retry: littledl.RetryConfig{BaseDelay: 100 * time.Millisecond, MaxDelay: 2 * time.Second, MaxElapsed: 10 * time.Second},
	}
}

func newJob(t *testing.T, opts ...littledl.Option) *job {
	t.Helper()
	d, err := littledl.NewBatchDownloader(append([]littledl.Option{littledl.WithConfig(quick())}, opts...)...)
	require.NoError(t, err)
	return jobOf(t, d)
}

func newEnhancedJob(t *testing.T, opts ...littledl.Option) *job {
	t.Helper()
	d, err := littledl.NewEnhancedBatchDownloader(append([]littledl.Option{littledl.WithConfig(quick())}, opts...)...)
	require.NoError(t, err)
	return jobOf(t, d)
}

func jobOf(t *testing.T, d downloader) *job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), batchTimeout)
	t.Cleanup(cancel)
	return &job{downloader: d, dir: t.TempDir(), ctx: ctx}
}

// add queues a file of one server, with others to turn to.
func (j *job) add(t *testing.T, f file, base string, others ...string) {
	t.Helper()
	opts := []littledl.URLOption{littledl.WithSavePath(j.dir)}
	if f.hashed {
		opts = append(opts, littledl.WithHash("sha256", hex.EncodeToString(f.sum[:])))
	}
	if len(others) > 0 {
		for i := range others {
			others[i] = f.url(others[i])
		}
		opts = append(opts, littledl.WithBackupURLs(others...))
	}
	_, err := j.AddURL(f.url(base), opts...)
	require.NoError(t, err)
}

func (j *job) addAll(t *testing.T, c *content, base string) {
	t.Helper()
	for _, f := range c.files {
		j.add(t, f, base)
	}
}

// run downloads; meanwhile are what happens to the servers in the course of it.
func (j *job) run(t *testing.T, meanwhile ...func()) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, event := range meanwhile {
			event()
		}
	}()
	began := time.Now()
	j.err = j.Start(j.ctx)
	j.took = time.Since(began)
	<-over
	t.Logf("%v, %d retries, error: %v", j.took.Round(time.Millisecond), j.retries(), j.err)
}

// The events of a batch wait for what it has done so far, or for time to pass; all of
// them end with it.

func (j *job) until(reached func() bool) func() {
	return func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for !reached() {
			select {
			case <-tick.C:
			case <-j.ctx.Done():
				return
			}
		}
	}
}

func (j *job) bytesDone(n int64) func() {
	return j.until(func() bool { return j.GetProgress().DownloadedBytes >= n })
}

func (j *job) pass(d time.Duration) func() {
	return func() {
		select {
		case <-time.After(d):
		case <-j.ctx.Done():
		}
	}
}

func (j *job) retries() (n int) {
	for _, task := range j.GetAllTasks() {
		n += task.RetryCount
	}
	return n
}

// checkComplete requires every file, byte for byte, within the time, and nothing
// beside them.
func (j *job) checkComplete(t *testing.T, files []file, within time.Duration) {
	t.Helper()
	require.NoError(t, j.err)
	require.Less(t, j.took, within)
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		path := filepath.Join(j.dir, f.name)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, f.size, info.Size(), f.name)
		require.Equal(t, f.sum, sumOf(t, path), "%s has other bytes than on the server", f.name)
	}
	j.checkNames(t, names...)
	for _, task := range j.GetAllTasks() {
		require.Equal(t, littledl.StatusCompleted, task.Status, task.Filename)
	}
}

// checkNames requires these files and no others, part files and journals included.
func (j *job) checkNames(t *testing.T, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(j.dir)
	require.NoError(t, err)
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	slices.Sort(want)
	require.Equal(t, want, have)
}

// folder makes a folder with files of its own to serve: one of each size, then small
// ones.
func folder(t *testing.T, small int, sizes ...int64) *content {
	t.Helper()
	c := &content{root: tempDir(t)}
	for i, n := range sizes {
		c.plan(fmt.Sprintf("large-%d.bin", i), n)
	}
	for i := range small {
		c.plan(fmt.Sprintf("small-%03d.bin", i), int64(64<<10+i))
	}
	old := time.Date(2021, 5, 6, 7, 8, 9, 0, time.UTC)
	for i := range c.files {
		c.files[i].modified = old
	}
	require.NoError(t, c.create())
	return c
}

// counted are the GETs in a log, and how many of them were answered with a status.
func counted(log []request, status int) (gets, answered int) {
	for _, r := range log {
		if r.method == "GET" {
			gets++
			if r.status == status {
				answered++
			}
		}
	}
	return gets, answered
}
