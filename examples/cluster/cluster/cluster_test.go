package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBatch: a batch with files that are not there, by two workers.
func TestBatch(t *testing.T) {
	sites := []*site{newSite(t), newSite(t), newSite(t)}
	c := start(t, Config{})
	store := t.TempDir()
	jobs := func(yield func(Job, error) bool) {
		for j := range list(600, 3000, sites...) {
			if strings.HasSuffix(j.URL, "7") {
				j.URL = sites[0].URL + "/gone/" + fmt.Sprint(len(j.URL))
			}
			if !yield(j, nil) {
				return
			}
		}
	}
	for _, name := range []string{"a", "b"} {
		work(t, c, Worker{Name: name, Sink: Dir{Path: store}})
	}
	r, err := c.Enqueue(t.Context(), "first", jobs)
	require.NoError(t, err)
	require.EqualValues(t, 600, r.Jobs)
	p := finish(t, c, "first", time.Minute)
	require.EqualValues(t, 540, p.Done)
	require.EqualValues(t, 60, p.Failed)
	require.Equal(t, 540, stored(t, store, "first", jobs))
	for _, s := range sites {
		require.LessOrEqual(t, s.peak.Load(), int64(6))
		for path, n := range s.whole {
			require.Equal(t, 1, n, path)
		}
	}
}

// TestEnqueueAgain: a list that breaks off is gone on with, and another list is found out.
func TestEnqueueAgain(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	const n = 20_000
	broken := func(at int) iter.Seq2[Job, error] {
		return func(yield func(Job, error) bool) {
			i := 0
			for j := range list(n, 100, s) {
				if i == at {
					yield(Job{}, io.ErrUnexpectedEOF)
					return
				}
				if i++; !yield(j, nil) {
					return
				}
			}
		}
	}
	for _, at := range []int{9000, 9001, 16000} {
		_, err := c.Enqueue(t.Context(), "batch", broken(at))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		rows, err := c.rows(t.Context(), batchRow+"*")
		require.NoError(t, err)
		require.NotEmpty(t, rows[batchRow+"batch"].value)
	}
	_, err := c.Enqueue(t.Context(), "batch", list(n, 101, s))
	require.ErrorContains(t, err, "another")
	r, err := c.Enqueue(t.Context(), "batch", list(n, 100, s))
	require.NoError(t, err)
	require.EqualValues(t, n, r.Jobs)
	require.NotZero(t, r.Skipped)
	for _, other := range []int{n - 1, n + 1, 0} { // one that was queued whole
		_, err := c.Enqueue(t.Context(), "batch", list(other, 100, s))
		require.ErrorContains(t, err, "another")
	}
	seen := map[int64]int{}
	pos := uint64(0)
	require.NoError(t, c.read(t.Context(), jobStream("batch"), "ld.job.batch.*.*", &pos, func(data []byte) error {
		var p pack
		err := json.Unmarshal(data, &p)
		for _, it := range p.Items {
			seen[it.N]++
		}
		return err
	}))
	require.Len(t, seen, n)
	for i, times := range seen {
		require.Equal(t, 1, times, i)
	}
	for _, bad := range []string{"", "a b", "a.b", "a*"} {
		_, err := c.Enqueue(t.Context(), bad, list(1, 1, s))
		require.ErrorContains(t, err, "letters, digits")
	}
	_, err = c.Enqueue(t.Context(), "high", func(yield func(Job, error) bool) { yield(Job{URL: s.URL, Priority: 2}, nil) })
	require.ErrorContains(t, err, "priority 2")
}

// TestVerifyAndRetry: what has failed is missing, and is there after another try.
func TestVerifyAndRetry(t *testing.T) {
	c, s, sink := start(t, Config{}), newSite(t), Dir{Path: t.TempDir()}
	var closed atomic.Bool
	closed.Store(true)
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if !closed.Load() || !strings.HasSuffix(r.URL.Path, "3") {
			return false
		}
		http.NotFound(w, r)
		return true
	}
	jobs := list(100, 100, s)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	work(t, c, Worker{Name: "w", Sink: sink})
	require.EqualValues(t, 10, finish(t, c, "batch", time.Minute).Failed)
	missing := func() (n int) {
		for j, err := range c.Verify(t.Context(), "batch", jobs, sink) {
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(j.URL, "3"), j.URL)
			n++
		}
		return n
	}
	require.Equal(t, 10, missing())
	closed.Store(false)
	n, err := c.Retry(t.Context(), "batch")
	require.NoError(t, err)
	require.EqualValues(t, 10, n)
	require.EqualValues(t, 100, finish(t, c, "batch", time.Minute).Done)
	require.Zero(t, missing())
	n, err = c.Retry(t.Context(), "batch")
	require.NoError(t, err)
	require.Zero(t, n)
	require.ErrorIs(t, c.Pause(t.Context(), "nobody"), ErrNoBatch)
	require.NoError(t, c.Cancel(t.Context(), "batch"))
	require.NoError(t, c.Cancel(t.Context(), "batch"))
	require.ErrorContains(t, c.Pause(t.Context(), "batch"), "cancelled")
	_, err = c.Enqueue(t.Context(), "batch", jobs)
	require.ErrorContains(t, err, "another name")
	_, err = c.Enqueue(t.Context(), "sets", func(yield func(Job, error) bool) {
		yield(Job{URL: s.URL + "/100/x", HeaderSet: "unknown"}, nil)
	})
	require.NoError(t, err)
	require.EqualValues(t, 1, finish(t, c, "sets", time.Minute).Failed)
	for r, err := range c.Results(t.Context(), "sets", 0) {
		require.NoError(t, err)
		require.Contains(t, r.Err, `no header set "unknown"`)
	}
	_, err = Open(t.Context(), Config{URL: c.URL(), Partitions: 7})
	require.ErrorContains(t, err, "Partitions is 7 here and 16 in the cluster")
}

// TestTotals: what is told twice, or in any order, counts once.
func TestTotals(t *testing.T) {
	var a totals
	for _, o := range []outcome{{N: 5, Err: "x"}, {N: 5, Bytes: 10}, {N: 5, Bytes: 10}, {N: 5, Err: "late"}, {N: 200, Err: "x"}, {N: 7, Err: "x"}, {N: 7, Queued: true}, {N: -1, Bytes: 3}} {
		a.add(o)
	}
	require.EqualValues(t, 1, a.Done.count())
	require.EqualValues(t, 1, a.Failed.count())
	require.EqualValues(t, 10, a.Bytes)
	require.True(t, a.Failed.has(200))
	c := start(t, Config{})
	a.Pos = 5 * snapshotAfter
	a.life = "life"
	c.save(t.Context(), &a)
	got := c.snapshot(t.Context(), "life")
	require.Equal(t, a, *got)
}

// TestWrongToken: it is told at once, and not waited for.
func TestWrongToken(t *testing.T) {
	c := start(t, Config{Dir: t.TempDir(), NoSync: true, Token: "right"})
	begun := time.Now()
	_, err := Open(t.Context(), Config{URL: c.URL(), Token: "wrong"})
	require.ErrorContains(t, err, "is the token right?")
	require.Less(t, time.Since(begun), 20*time.Second)
}

// TestEvenOut: who comes has its part soon, however long the silence is.
func TestEvenOut(t *testing.T) {
	c := start(t, Config{Silence: time.Minute})
	begun := time.Now()
	for i := range 3 {
		work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: t.TempDir()}})
		time.Sleep(300 * time.Millisecond)
	}
	even(t, c, 3)
	require.Less(t, time.Since(begun), 9*time.Second, "a beat takes ten")
}
