package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/littledl/littledl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moody is a store that is of no use for a while.
type moody struct {
	Sink
	away  atomic.Bool
	asked atomic.Int64
}

func (m *moody) Create(ctx context.Context, key string, f *os.File, i Info) (bool, error) {
	if m.away.Load() {
		m.asked.Add(1)
		return false, errors.New("no space left in the store")
	}
	return m.Sink.Create(ctx, key, f, i)
}

// TestStoreAway: files that are complete wait for it, are fetched once, and nothing has failed.
func TestStoreAway(t *testing.T) {
	c, s, store := start(t, Config{Silence: 2 * time.Second}), newSite(t), t.TempDir()
	sink := &moody{Sink: Dir{Path: store}}
	sink.away.Store(true)
	jobs := list(200, 1000, s)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	work(t, c, Worker{Name: "w", Sink: sink})
	require.Eventually(t, func() bool { return sink.asked.Load() > 10 }, 10*time.Second, 10*time.Millisecond)
	time.Sleep(3 * time.Second) // longer than the silence: it holds what it has
	sink.away.Store(false)
	require.EqualValues(t, 200, finish(t, c, "batch", 30*time.Second).Done)
	require.Equal(t, 200, stored(t, store, "batch", jobs))
	for path, n := range s.whole {
		require.Equal(t, 1, n, path)
	}
}

// TestMixedFailures: of a pack of which one job is to be tried again no other is.
func TestMixedFailures(t *testing.T) {
	c, s, store := start(t, Config{}), newSite(t), t.TempDir()
	var asked [32]atomic.Int64
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		i, err := strconv.Atoi(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		if err != nil {
			return false
		}
		switch n := asked[i].Add(1); {
		case i == 5 && n <= 6: // more than one delivery tries
			w.WriteHeader(http.StatusInternalServerError)
			return true
		case i%10 == 3:
			http.NotFound(w, r)
			return true
		}
		return false
	}
	_, err := c.Enqueue(t.Context(), "batch", list(32, 100, s))
	require.NoError(t, err)
	retry := littledl.DownloadConfig{Retry: littledl.RetryConfig{BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}}
	work(t, c, Worker{Name: "w", Sink: Dir{Path: store}, Download: retry})
	p := finish(t, c, "batch", 30*time.Second)
	require.EqualValues(t, 29, p.Done)
	require.EqualValues(t, 3, p.Failed)
	for i := range asked {
		require.Equal(t, map[bool]int64{true: 7, false: 1}[i == 5], asked[i].Load(), i)
	}
	for r, err := range c.Results(t.Context(), "batch", 0) {
		require.NoError(t, err)
		require.Equal(t, r.N == 5, r.Attempt > 1, "%+v", r)
	}
}

// TestNoRoomForKey: a key that the store can never have fails its job, and holds up no other.
func TestNoRoomForKey(t *testing.T) {
	c, s, store := start(t, Config{}), newSite(t), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(store, Key("batch", 1, "")), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(store, Key("batch", 2, "")), nil, 0o600))
	_, err := c.Enqueue(t.Context(), "batch", func(yield func(Job, error) bool) {
		for i, name := range []string{strings.Repeat("n", 300), "", "in/a/file", "../x", "right", ""} {
			if !yield(Job{URL: fmt.Sprint(s.URL, "/100/", i), Name: name}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	work(t, c, Worker{Name: "w", Sink: Dir{Path: store}, Attempts: 1})
	p := finish(t, c, "batch", 20*time.Second)
	require.EqualValues(t, 2, p.Done)
	require.EqualValues(t, 4, p.Failed)
}

// TestPause: a paused batch asks for nothing, keeps what it has, and goes on; another is not held up.
func TestPause(t *testing.T) {
	c, s, store := start(t, Config{Silence: 2 * time.Second}), newSite(t), t.TempDir()
	s.rate = 4 << 20
	jobs := list(6, 8<<20, s)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	stop := work(t, c, Worker{Name: "w", Sink: Dir{Path: store}})
	require.Eventually(t, func() bool { return s.sent.Load() > 8<<20 }, 20*time.Second, time.Millisecond)
	require.NoError(t, c.Pause(t.Context(), "batch"))
	require.Eventually(t, func() bool { return s.now.Load() == 0 }, 10*time.Second, time.Millisecond)
	was := s.sent.Load()
	_, err = c.Enqueue(t.Context(), "other", list(10, 1000, s))
	require.NoError(t, err)
	require.EqualValues(t, 10, finish(t, c, "other", 10*time.Second).Done)
	time.Sleep(3 * time.Second) // longer than the silence
	require.LessOrEqual(t, s.sent.Load(), was+10*1000+8*16<<10, "but for what was on its way")
	require.NoError(t, c.Resume(t.Context(), "batch"))
	require.EqualValues(t, 6, finish(t, c, "batch", 30*time.Second).Done)
	require.Equal(t, 6, stored(t, store, "batch", jobs))
	require.Less(t, s.sent.Load(), int64(6*8<<20+8<<20), "bytes are fetched twice")
	stop()
}

// TestUrgent: what is urgent overtakes what is queued.
func TestUrgent(t *testing.T) {
	c, s, store := start(t, Config{}), newSite(t), t.TempDir()
	s.refuse = func(http.ResponseWriter, *http.Request) bool { time.Sleep(20 * time.Millisecond); return false }
	slow := func(yield func(Job, error) bool) {
		for j := range list(3000, 100, s) {
			if j.Priority = 1; !yield(j, nil) {
				return
			}
		}
	}
	_, err := c.Enqueue(t.Context(), "batch", slow)
	require.NoError(t, err)
	work(t, c, Worker{Name: "w", Sink: Dir{Path: store}})
	require.Eventually(t, func() bool { return s.requests.Load() > 100 }, 20*time.Second, time.Millisecond)
	begun, before := time.Now(), s.requests.Load()
	_, err = c.Enqueue(t.Context(), "urgent", func(yield func(Job, error) bool) {
		for i := range 20 {
			if !yield(Job{URL: fmt.Sprint(s.URL, "/200/urgent", i)}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.EqualValues(t, 20, finish(t, c, "urgent", 20*time.Second).Done)
	t.Logf("20 urgent jobs in %v, with %d other requests meanwhile", time.Since(begun), s.requests.Load()-before-20)
	require.Less(t, s.requests.Load(), before+400)
	require.NoError(t, c.Cancel(t.Context(), "batch"))
	require.True(t, finish(t, c, "batch", 10*time.Second).Cancelled)
	require.Eventually(t, func() bool { n := s.requests.Load(); time.Sleep(300 * time.Millisecond); return s.requests.Load() == n }, 10*time.Second, time.Millisecond)
}

// even waits until each of so many workers has its part of the partitions: of 16 three have 6, 6 and 4.
func even(t *testing.T, c *Cluster, workers int) {
	t.Helper()
	held := map[string]int{}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		rows, err := c.rows(t.Context(), partRow+"*")
		if err != nil {
			continue
		}
		clear(held)
		for p := range c.partitions {
			held[rows[fmt.Sprint(partRow, p)].value]++
		}
		least := c.partitions
		for i := range workers {
			least = min(least, held[fmt.Sprint("w", i)])
		}
		if share := (c.partitions + workers - 1) / workers; least >= c.partitions-share*(workers-1) {
			return
		}
	}
	t.Fatal("partitions do not even out", held)
}

// TestJoinAndLeave: partitions even out, and a host never sees more than its limit.
func TestJoinAndLeave(t *testing.T) {
	large(t)
	c, store := start(t, Config{Silence: 4 * time.Second}), t.TempDir()
	var sites []*site
	for range 6 {
		s := newSite(t)
		s.rate = 1 << 20
		sites = append(sites, s)
	}
	jobs := list(1800, 60<<10, sites...)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	var stops []func()
	for i := range 3 {
		stops = append(stops, work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: store}, HostLimit: func(string) int { return 3 }}))
		time.Sleep(700 * time.Millisecond)
	}
	even(t, c, 3)
	stops[0]()
	stops[1]()
	require.EqualValues(t, 1800, finish(t, c, "batch", time.Minute).Done)
	require.Equal(t, 1800, stored(t, store, "batch", jobs))
	for _, s := range sites {
		assert.LessOrEqual(t, s.peak.Load(), int64(3+1), "a request that was given up is counted until the origin knows")
	}
}

// TestRedirects: the limit of a host that nobody has queued anything of holds over all workers.
func TestRedirects(t *testing.T) {
	c, cdn, store := start(t, Config{Silence: 4 * time.Second}), newSite(t), t.TempDir()
	cdn.refuse = func(http.ResponseWriter, *http.Request) bool { time.Sleep(2 * time.Millisecond); return false }
	sites := leading(t, cdn)
	for i := range 3 {
		work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: store}})
	}
	jobs := list(600, 2000, sites...)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	require.EqualValues(t, 600, finish(t, c, "batch", time.Minute).Done)
	require.Equal(t, 600, stored(t, store, "batch", jobs))
	require.LessOrEqual(t, cdn.peak.Load(), int64(6))
	require.GreaterOrEqual(t, cdn.peak.Load(), int64(4), "and it is used")
}

// TestShares: a hot host is served by several workers, and their sum is its limit.
func TestShares(t *testing.T) {
	large(t)
	c, hot, store := start(t, Config{Silence: 4 * time.Second}), newSite(t), t.TempDir()
	hot.refuse = func(http.ResponseWriter, *http.Request) bool { time.Sleep(10 * time.Millisecond); return false }
	require.NoError(t, c.Share(t.Context(), hot.URL, 4))
	for i := range 3 {
		work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: store}, HostLimit: func(string) int { return 7 }})
	}
	even(t, c, 3)
	jobs := list(1500, 2000, hot)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	require.EqualValues(t, 1500, finish(t, c, "batch", time.Minute).Done)
	require.LessOrEqual(t, hot.peak.Load(), int64(7))
	require.GreaterOrEqual(t, hot.peak.Load(), int64(6))
	by := map[string]int{}
	for r, err := range c.Results(t.Context(), "batch", 0) {
		require.NoError(t, err)
		by[r.Worker]++
	}
	t.Log(by)
	require.Greater(t, len(by), 1)
}

// TestBusyHost: what a host bears is learned once, by its owner.
func TestBusyHost(t *testing.T) {
	c, s, store := start(t, Config{}), newSite(t), t.TempDir()
	var refused atomic.Int64
	s.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		if s.now.Load() <= 2 {
			time.Sleep(3 * time.Millisecond)
			return false
		}
		refused.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	for i := range 3 {
		work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: store}})
	}
	_, err := c.Enqueue(t.Context(), "batch", list(300, 1000, s))
	require.NoError(t, err)
	p := finish(t, c, "batch", time.Minute)
	require.EqualValues(t, 300, p.Done)
	t.Log("refused", refused.Load())
	require.Less(t, refused.Load(), int64(60))
}

// TestOnce: of many who store an object at once one is told that it has.
func TestOnce(t *testing.T) { once(t, Dir{Path: t.TempDir()}, 3000) }

func once(t *testing.T, s Sink, size int) {
	for round := range 5 {
		var created atomic.Int64
		var all sync.WaitGroup
		key := fmt.Sprint("batch/", round, "/object")
		_, err := s.Stat(t.Context(), key)
		require.ErrorIs(t, err, os.ErrNotExist)
		for who := range 8 {
			all.Go(func() {
				body := make([]byte, size)
				body[0] = byte(who)
				path := fmt.Sprint(t.TempDir(), "/f")
				if !assert.NoError(t, os.WriteFile(path, body, 0o600)) {
					return
				}
				f, err := os.Open(path)
				if !assert.NoError(t, err) {
					return
				}
				defer f.Close()
				ok, err := s.Create(t.Context(), key, f, Info{Size: int64(size)})
				assert.NoError(t, err)
				if ok {
					created.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, created.Load())
		i, err := s.Stat(t.Context(), key)
		require.NoError(t, err)
		require.EqualValues(t, size, i.Size)
	}
}
