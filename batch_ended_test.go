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

// itsOwn is how much a downloader keeps beside its tasks, in bytes.
const itsOwn = 64 << 10

// TestEndedTasksKeepLittle: what has failed is remembered with its reason, and with what its
// part can be gone on from, in 500 bytes beyond its strings.
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
			require.LessOrEqual(t, each(waiting), int64(300))
			require.LessOrEqual(t, after-before, int64(c.n)*500+itsOwn)
			runtime.KeepAlive(urls)
			runtime.KeepAlive(d)
		})
	}
}

// complete is a server of files of 1 KiB.
type complete struct{}

func (complete) RoundTrip(r *http.Request) (*http.Response, error) {
	const size = 1 << 10
	return &http.Response{
		StatusCode: http.StatusPartialContent, ContentLength: size, Request: r,
		Header: http.Header{
			"Content-Range": {fmt.Sprintf("bytes 0-%d/%d", size-1, size)}, "Etag": {`"0123456789abcdef"`},
			"Last-Modified": {"Mon, 01 Jan 2024 00:00:00 GMT"}, "Accept-Ranges": {"bytes"},
		},
		Body: io.NopCloser(bytes.NewReader(make([]byte, size))),
	}, nil
}

// TestCompletedTasksKeepNothing: a task whose file is there costs what one that waits does.
func TestCompletedTasksKeepNothing(t *testing.T) {
	n := 10_000
	if underRace {
		n /= 10
	}
	d, err := littledl.NewBatchDownloader(littledl.WithSmallFilePriority(false), littledl.WithConfig(littledl.DownloadConfig{
		HTTPClient: &http.Client{Transport: complete{}},
	}))
	require.NoError(t, err)
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("https://files.example.test/archive/2026/%06d.bin", i)
	}
	before := heap()
	_, err = d.AddURLs(urls, t.TempDir())
	require.NoError(t, err)
	waiting := heap() - before
	require.NoError(t, d.Start(t.Context()))
	after := heap() - before
	t.Logf("a task that waits keeps %d bytes, one that has completed %d", waiting/int64(n), after/int64(n))
	require.LessOrEqual(t, after, waiting+itsOwn)
	runtime.KeepAlive(urls)
	runtime.KeepAlive(d)
}
