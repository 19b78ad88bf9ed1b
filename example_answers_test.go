package littledl_test

import (
	"compress/gzip"
	"compress/lzw"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl"
)

// block takes bytes in any order, as a file does that is there already, or a device.
type block struct {
	text  [8 << 20]byte
	bytes atomic.Int64
}

func (b *block) WriteAt(p []byte, at int64) (int, error) {
	b.bytes.Add(int64(len(p)))
	return copy(b.text[at:], p), nil // no byte comes twice, so nothing is locked
}

func ExampleWithWriterAt() {
	server := origin()
	defer server.Close()

	to := new(block)
	task, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/large.bin", littledl.WithWriterAt(to))
	fmt.Println(task.Status, to.bytes.Load(), string(to.text[:16]), err)
	// Output: completed 8388608 0123456789abcdef <nil>
}

// A link that is good for one request, however large the file is behind it.
func ExampleWithPlainGET() {
	server := origin()
	defer server.Close()
	var asked atomic.Int64
	once := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			http.Error(w, "used up", http.StatusGone)
			return
		}
		fmt.Fprintf(w, "%s %q", r.Method, r.Header.Get("Range"))
	}))
	defer once.Close()

	task, err := fetchOne(littledl.DownloadConfig{}, once.URL+"/ticket", littledl.WithPlainGET())
	fmt.Println(task.Status, task.FileSize, asked.Load(), err)
	// Output: completed 6 1 <nil>
}

// A server that compresses whatever it is asked for.
func ExampleEncodingPolicy() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, "hello, hello, hello")
		_ = z.Close()
	}))
	defer server.Close()

	_, err := fetchOne(littledl.DownloadConfig{}, server.URL+"/a.txt")
	fmt.Println(errors.Is(err, littledl.ErrEncoding))
	task, err := fetchOne(littledl.DownloadConfig{ContentEncoding: littledl.EncodingDecode}, server.URL+"/a.txt")
	fmt.Println(task.FileSize, err)
	// Output:
	// true
	// 19 <nil>
}

// A coding that the standard library knows, but not as one of HTTP. Those of others, as brotli's
// and zstd's, are plugged in like it.
func ExampleDownloadConfig_decoders() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "lzw")
		z := lzw.NewWriter(w, lzw.MSB, 8)
		fmt.Fprint(z, "hello, hello, hello")
		_ = z.Close()
	}))
	defer server.Close()

	config := littledl.DownloadConfig{
		ContentEncoding: littledl.EncodingDecode,
		Decoders: map[string]func(io.Reader) (io.ReadCloser, error){
			"lzw": func(r io.Reader) (io.ReadCloser, error) { return lzw.NewReader(r, lzw.MSB, 8), nil },
		},
	}
	var text strings.Builder
	task, err := fetchOne(config, server.URL+"/a.txt", littledl.WithWriter(&text))
	fmt.Println(text.String(), task.FileSize, err)
	// Output: hello, hello, hello 19 <nil>
}

// A folder that another tool has filled, whose times are the server's.
func ExampleDownloadConfig_trustModTime() {
	server, dir := origin(), folder()
	defer server.Close()
	defer os.RemoveAll(dir)

	path, modified := filepath.Join(dir, "a.txt"), time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	_ = os.WriteFile(path, []byte("/a.txt"), 0o600)
	_ = os.Chtimes(path, modified, modified)
	config := littledl.DownloadConfig{TrustModTime: true}
	results, err := littledl.BatchDownload(context.Background(), []string{server.URL + "/a.txt"}, dir, littledl.WithConfig(config))
	fmt.Println(results[0].Task.Reused, err)
	// Output: true <nil>
}

// A server that sends a byte every now and then never stalls.
func ExampleDownloadConfig_minSpeed() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, ".")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}))
	defer server.Close()

	_, err := fetchOne(littledl.DownloadConfig{
		MinSpeed: 100 << 10, MinSpeedTime: time.Second,
		Retry: littledl.RetryConfig{MaxRetries: -1},
	}, server.URL+"/drip.bin")
	fmt.Println(errors.Is(err, littledl.ErrTooSlow), littledl.IsRetryable(err))
	// Output: true true
}
