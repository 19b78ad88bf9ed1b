package littledl_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// BenchmarkSmallFile is what one of many small files costs, server included.
func BenchmarkSmallFile(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(smallSize)
	fetchSmall(b, b.N, b.ResetTimer)
}

// TestSmallFileAllocations bounds how much is allocated for one: 45 of these are the server's.
func TestSmallFileAllocations(t *testing.T) {
	var before, after runtime.MemStats
	const n = 4000
	fetchSmall(t, 100, func() {}) // what is made once
	fetchSmall(t, n, func() { runtime.ReadMemStats(&before) })
	runtime.ReadMemStats(&after)
	perFile := float64(after.Mallocs-before.Mallocs) / n
	t.Logf("%.1f allocations a file", perFile)
	if !underRace {
		require.Less(t, perFile, 117.0)
	}
}

const smallSize = 16 << 10

// fetchSmall fetches n small files. Begin is called when it is about to.
func fetchSmall(b testing.TB, n int, begin func()) {
	content := bytes.Repeat([]byte("x"), smallSize)
	modified := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", modified, bytes.NewReader(content))
	}))
	defer srv.Close()
	dir := b.TempDir()
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/f%08d.bin", srv.URL, i)
	}
	begin()
	if _, err := littledl.BatchDownload(context.Background(), urls, dir, littledl.WithMaxConcurrentFiles(16), littledl.WithMaxConcurrentChunksPerFile(1)); err != nil {
		b.Fatal(err)
	}
}

// manyURLs are n URLs of one directory.
func manyURLs(n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://files.example.com/data/set/part-%08d.bin", i)
	}
	return urls
}

// BenchmarkAddURL is what queueing one of a million URLs costs.
func BenchmarkAddURL(b *testing.B) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(b, err)
	urls := manyURLs(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for _, u := range urls {
		if _, err := d.AddURL(u); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddURLs is what queueing one of a million URLs at once costs.
func BenchmarkAddURLs(b *testing.B) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(b, err)
	urls := manyURLs(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := d.AddURLs(urls, "downloads"); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkGetAllTasks is what one of many tasks costs in a look at all of them.
func BenchmarkGetAllTasks(b *testing.B) {
	d, err := littledl.NewBatchDownloader()
	require.NoError(b, err)
	const n = 100_000
	urls := manyURLs(n)
	_, err = d.AddURLs(urls, "downloads")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		d.GetAllTasks()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/task")
}
