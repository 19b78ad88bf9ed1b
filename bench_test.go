package littledl

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// nowhere takes any write.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// reading is an exchange in the middle of a body, for measuring what a read costs.
func reading(tb testing.TB) (*exchange, []byte) {
	d, err := NewBatchDownloader()
	require.NoError(tb, err)
	_, err = d.AddURL("http://127.0.0.1/a")
	require.NoError(tb, err)
	r, err := newRun(context.Background(), d)
	require.NoError(tb, err)
	f, err := newFile(r, d.tasks[0])
	require.NoError(tb, err)
	f.pin = &httprange.Pin{Size: 1 << 60}
	s := &segment{end: 1 << 60}
	f.running = append(f.running, s)
	return &exchange{f: f, s: s, src: f.sources[0], h: f.sources[0].host, until: 1 << 60, ctx: context.Background()}, make([]byte, 256<<10)
}

// TestReadsDoNotAllocate: what a body costs does not grow with the number of reads.
func TestReadsDoNotAllocate(t *testing.T) {
	x, buf := reading(t)
	body := bytes.NewReader(make([]byte, 64<<20))
	perBody := testing.AllocsPerRun(5, func() {
		body.Seek(0, io.SeekStart)
		require.ErrorIs(t, fetch.Copy(nowhere{}, body, x.s.pos, buf, x), io.EOF)
	})
	require.Less(t, perBody, 4.0, "allocations for 256 reads")
}

// BenchmarkRead is what a read of 256 KiB costs besides the system calls.
func BenchmarkRead(b *testing.B) {
	x, buf := reading(b)
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		if x.Room(off) <= 0 {
			b.Fatal("no room")
		}
		if err := x.Wrote(off, buf); err != nil {
			b.Fatal(err)
		}
		off += int64(len(buf))
	}
}

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
