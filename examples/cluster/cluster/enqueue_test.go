package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// flat is a list of jobs of one priority.
func flat(n, size int, s *site) func(yield func(Job, error) bool) {
	return func(yield func(Job, error) bool) {
		for j := range list(n, size, s) {
			if j.Priority = 0; !yield(j, nil) {
				return
			}
		}
	}
}

// TestTwoLists: of two lists that are queued at once under one name one is refused.
func TestTwoLists(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	var inner error
	first := true
	_, err := c.Enqueue(t.Context(), "batch", func(yield func(Job, error) bool) {
		if first {
			first = false
			_, inner = c.Enqueue(t.Context(), "batch", list(50, 100, s))
		}
		for j := range list(100, 101, s) {
			if !yield(j, nil) {
				return
			}
		}
	})
	require.NoError(t, inner)
	rows, _ := c.rows(t.Context(), batchRow+"*")
	t.Log(rows)
	seen := map[int64]string{}
	pos := uint64(0)
	require.NoError(t, c.read(t.Context(), jobStream("batch"), "ld.job.batch.*.*", &pos, func(data []byte) error {
		var p pack
		err := json.Unmarshal(data, &p)
		for _, it := range p.Items {
			seen[it.N] = it.URL
		}
		return err
	}))
	t.Logf("%d jobs are queued, of 100", len(seen))
	require.ErrorIs(t, err, errOtherList)
}

// TestOtherDigests: a list with other digests, names and sizes is another one.
func TestOtherDigests(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	with := func(hash Hash, name string) func(yield func(Job, error) bool) {
		return func(yield func(Job, error) bool) {
			for j := range list(100, 100, s) {
				j.Hash, j.Name = hash, name
				if !yield(j, nil) {
					return
				}
			}
		}
	}
	_, err := c.Enqueue(t.Context(), "batch", with("", "a"))
	require.NoError(t, err)
	_, err = c.Enqueue(t.Context(), "batch", with("sha256:"+Hash(strings.Repeat("0", 64)), "b"))
	require.ErrorIs(t, err, errOtherList)
}

// TestWindow: an enqueuer that was killed and is run again later than the window of message IDs.
func TestWindow(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	const n = 2 * together * packed
	ctx, kill := context.WithCancel(t.Context())
	_, err := c.Enqueue(ctx, "batch", func(yield func(Job, error) bool) {
		i := 0
		for j := range flat(n+100, 100, s) {
			if i++; i == n+50 {
				kill()
			}
			if i == 1 { // the window is 2 minutes; here it is shorter
				stream, err := c.js.Stream(t.Context(), jobStream("batch"))
				require.NoError(t, err)
				conf := stream.CachedInfo().Config
				conf.Duplicates = 200 * time.Millisecond
				_, err = c.js.UpdateStream(t.Context(), conf)
				require.NoError(t, err)
			}
			if !yield(j, nil) {
				return
			}
		}
	})
	require.Error(t, err)
	time.Sleep(time.Second)
	_, err = c.Enqueue(t.Context(), "batch", flat(n+100, 100, s))
	require.NoError(t, err)
	stream, err := c.js.Stream(t.Context(), jobStream("batch"))
	require.NoError(t, err)
	require.EqualValues(t, (n+100+packed-1)/packed, stream.CachedInfo().State.Msgs, "packs")
}

// TestRawBytes: what would not come through as it is is refused.
func TestRawBytes(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	jobs := func(yield func(Job, error) bool) { yield(Job{URL: s.URL + "/100/caf\xe9"}, nil) }
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.ErrorContains(t, err, "UTF-8")
}

// TestEscapes: a job that is short enough can be queued, or is refused at once.
func TestEscapes(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	_, err := c.Enqueue(ctx, "batch", func(yield func(Job, error) bool) {
		yield(Job{URL: s.URL + "/100/x?" + strings.Repeat("&", 300_000)}, nil)
	})
	t.Log(err)
	require.NoError(t, ctx.Err(), "it is tried again and again")
}

// TestCancelEnqueue: who queues a batch that is cancelled meanwhile is told.
func TestCancelEnqueue(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := c.Enqueue(ctx, "batch", func(yield func(Job, error) bool) {
		for j := range flat(100, 100, s) {
			if !yield(j, nil) {
				return
			}
		}
		require.NoError(t, c.Cancel(t.Context(), "batch"))
	})
	t.Log(err)
	require.NoError(t, ctx.Err(), "it is tried again and again")
	require.ErrorIs(t, err, errCancelled)
}

// TestManyBatches: one batch too many is refused, and the others go on.
func TestManyBatches(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}})
	for i := range mostBatches - 1 {
		_, err := c.put(t.Context(), fmt.Sprint(batchRow, "old", i), batch{}.text(), 0)
		require.NoError(t, err)
	}
	_, err := c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	_, err = c.Enqueue(t.Context(), "more", flat(10, 100, s))
	require.ErrorContains(t, err, "cancel those that are over")
	require.EqualValues(t, 10, finish(t, c, "batch", 10*time.Second).Done)
}
