package littledl_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// seqOf are the items of some URLs.
func seqOf(dir string, urls ...string) iter.Seq[littledl.Item] {
	return func(yield func(littledl.Item) bool) {
		for _, u := range urls {
			if !yield(littledl.Item{URL: u, Options: []littledl.URLOption{littledl.WithSavePath(dir)}}) {
				return
			}
		}
	}
}

// TestSeq: one result for each item, duplicates and bad ones too.
func TestSeq(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		var urls []string
		for i := range 300 {
			urls = append(urls, b.srv.File(fmt.Sprint(i), faultserver.Size(1<<10)).URL())
		}
		urls = append(urls, urls[0], "nonsense", b.srv.File("bad", faultserver.Behave(faultserver.Status(404))).URL())
		read, got := 0, map[string]int{}
		items := func(yield func(littledl.Item) bool) {
			for item := range seqOf(b.dir, urls...) {
				if read++; !yield(item) {
					return
				}
			}
		}
		n, ahead := 0, 0
		for r := range littledl.BatchDownloadSeq(b.Context(), items, littledl.WithConfig(b.conf)) {
			n++
			got[r.URL]++
			switch r.URL {
			case "nonsense":
				require.ErrorIs(b, r.Err, littledl.ErrInvalidURL)
			case urls[len(urls)-1]:
				require.Equal(b, 404, statusOf(r.Err))
			default:
				require.NoError(b, r.Err)
				require.Equal(b, littledl.StatusCompleted, r.Task.Status)
				require.FileExists(b, r.Path)
			}
			ahead = max(ahead, len(b.srv.GETs())-n)
		}
		require.Equal(b, len(urls), n)
		require.Equal(b, 2, got[urls[0]])
		require.Less(b, ahead, 100, "it reads ahead by a bounded number")
	})
}

// TestSeqEnds: leaving the loop cancels and waits, the end of the context gives everything a result
// that was read, panics reach the caller, and wrong options are told.
func TestSeqEnds(t *testing.T) {
	t.Parallel()
	endless := func(b *batch, read *atomic.Int64) iter.Seq[littledl.Item] {
		return func(yield func(littledl.Item) bool) {
			for i := 0; ; i++ {
				f := b.srv.File(fmt.Sprint(i), faultserver.Size(2<<20))
				read.Add(1)
				if !yield(littledl.Item{URL: f.URL(), Options: []littledl.URLOption{littledl.WithSavePath(b.dir)}}) {
					return
				}
			}
		}
	}
	t.Run("left", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			var read atomic.Int64
			n := 0
			for r := range littledl.BatchDownloadSeq(b.Context(), endless(b, &read), littledl.WithConfig(b.conf)) {
				require.NoError(b, r.Err)
				if n++; n == 10 {
					break
				}
			}
			require.Zero(b, b.srv.InFlight())
		})
	})
	t.Run("context", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			var read atomic.Int64
			ctx, cancel := context.WithCancelCause(b.Context())
			defer cancel(nil)
			n, cut := int64(0), 0
			for r := range littledl.BatchDownloadSeq(ctx, endless(b, &read), littledl.WithConfig(b.conf)) {
				if n++; n == 10 {
					cancel(errEnough)
				}
				if r.Err != nil {
					require.ErrorIs(b, r.Err, errEnough)
					cut++
				}
			}
			require.Equal(b, read.Load(), n)
			require.Positive(b, cut)
		})
	})
	t.Run("panic", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			items := func(yield func(littledl.Item) bool) {
				yield(littledl.Item{URL: b.srv.File("a", faultserver.Size(1<<10)).URL(), Options: []littledl.URLOption{littledl.WithSavePath(b.dir)}})
				panic("the caller's own")
			}
			require.PanicsWithValue(b, "the caller's own", func() {
				for range littledl.BatchDownloadSeq(b.Context(), items, littledl.WithConfig(b.conf)) {
				}
			})
		})
	})
	t.Run("options", func(t *testing.T) {
		n := 0
		for r := range littledl.BatchDownloadSeq(t.Context(), seqOf(t.TempDir(), "http://a.test"), littledl.WithMaxConcurrentFiles(0)) {
			n++
			require.ErrorIs(t, r.Err, littledl.ErrInvalidOption)
		}
		require.Equal(t, 1, n)
	})
	t.Run("none", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			for range littledl.BatchDownloadSeq(b.Context(), seqOf(b.dir), littledl.WithConfig(b.conf)) {
				b.Error("a result of nothing")
			}
		})
	})
	t.Run("slow", func(t *testing.T) { // the sequence holds up no result
		batchBubble(t, func(b *batch) {
			began := time.Now()
			items := func(yield func(littledl.Item) bool) {
				for item := range seqOf(b.dir, b.srv.File("a", faultserver.Size(1<<10)).URL(), b.srv.File("b", faultserver.Size(1<<10)).URL()) {
					if !yield(item) {
						return
					}
					time.Sleep(time.Hour)
				}
			}
			for range littledl.BatchDownloadSeq(b.Context(), items, littledl.WithConfig(b.conf)) {
				require.Less(b, time.Since(began)%time.Hour, time.Minute)
			}
		})
	})
}

// answering is a transport that answers everything with the same few bytes.
type answering struct{ body []byte }

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"1"`}}, Request: r, ContentLength: int64(len(a.body)),
		Body: io.NopCloser(bytes.NewReader(a.body)),
	}, nil
}

// TestSeqMemory: of any number of items no more is kept than of a few.
func TestSeqMemory(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	dir := t.TempDir()
	var most, last uint64
	i := 0
	for r := range littledl.BatchDownloadSeq(t.Context(), func(yield func(littledl.Item) bool) {
		for i := range n {
			if !yield(littledl.Item{URL: fmt.Sprintf("http://a.test/%d", i), Options: []littledl.URLOption{littledl.WithSavePath(dir)}}) {
				return
			}
		}
	}, littledl.WithConfig(littledl.DownloadConfig{HTTPClient: &http.Client{Transport: answering{make([]byte, 200)}}})) {
		require.NoError(t, r.Err)
		require.NoError(t, os.Remove(r.Path))
		if i++; i%(n/10) == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			last = m.HeapAlloc
			most = max(most, last)
		}
	}
	require.Equal(t, n, i)
	require.Less(t, most, uint64(40<<20))
}
