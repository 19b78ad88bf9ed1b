package littledl

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkSmallFile is what one of many small files costs, server included.
func BenchmarkSmallFile(b *testing.B) {
	content := bytes.Repeat([]byte("x"), 16<<10)
	modified := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", modified, bytes.NewReader(content))
	}))
	defer srv.Close()
	dir := b.TempDir()
	urls := make([]string, b.N)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/f%08d.bin", srv.URL, i)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	b.ResetTimer()
	if _, err := BatchDownload(context.Background(), urls, dir, WithMaxConcurrentFiles(16), WithMaxConcurrentChunksPerFile(1)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAddURL is what queueing one of a million URLs costs.
func BenchmarkAddURL(b *testing.B) {
	d, err := NewBatchDownloader()
	require.NoError(b, err)
	urls := make([]string, b.N)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://files.example.com/data/set/part-%08d.bin", i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, u := range urls {
		if _, err := d.AddURL(u); err != nil {
			b.Fatal(err)
		}
	}
}
