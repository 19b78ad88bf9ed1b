package littledl_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// breaksOff is a server of files of 6 MiB that breaks off each answer behind so many bytes.
type breaksOff int

func (n breaksOff) RoundTrip(r *http.Request) (*http.Response, error) {
	if n == 0 {
		return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	var first, last int64
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil {
		last = 6*mib - 1
	}
	return &http.Response{
		StatusCode: http.StatusPartialContent, ContentLength: last - first + 1, Request: r,
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", first, last, 6*mib)}, "Etag": {`"0123456789abcdef"`}},
		Body:   io.NopCloser(io.MultiReader(bytes.NewReader(make([]byte, n)), failing{})),
	}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestEndedTasksKeepLittle: what has failed is remembered with its reason, and with what its
// part can be gone on from, in 700 bytes beyond its strings.
func TestEndedTasksKeepLittle(t *testing.T) {
	for name, c := range map[string]struct {
		n      int
		server breaksOff
	}{
		"without a part": {10_000, 0},
		"with a part":    {2000, 4 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if underRace {
				c.n /= 10
			}
			d, err := littledl.NewBatchDownloader(littledl.WithSmallFilePriority(false), littledl.WithMaxConcurrentChunksPerFile(2), littledl.WithConfig(littledl.DownloadConfig{
				HTTPClient: &http.Client{Transport: c.server}, Retry: littledl.RetryConfig{MaxRetries: -1},
			}))
			require.NoError(t, err)
			urls := make([]string, c.n)
			for i := range urls {
				urls[i] = fmt.Sprintf("https://files.example.test/archive/2026/%06d.bin", i)
			}
			before := heap()
			_, err = d.AddURLs(urls, dir)
			require.NoError(t, err)
			waiting := heap()
			err = d.Start(t.Context())
			var failed *littledl.BatchError
			require.ErrorAs(t, err, &failed)
			require.Len(t, failed.Failed, c.n)
			err, failed = nil, nil
			after := heap()
			each := func(b int64) int64 { return (b - before) / int64(c.n) }
			t.Logf("a task that waits keeps %d bytes, one that has ended %d", each(waiting), each(after))
			require.LessOrEqual(t, each(after), int64(700))
			runtime.KeepAlive(urls)
			runtime.KeepAlive(d)
		})
	}
}
