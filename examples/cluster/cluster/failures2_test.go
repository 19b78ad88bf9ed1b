//go:build unix

package cluster

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCutOff: a worker that cannot reach the servers stops before others begin what it has in hand.
func TestCutOff(t *testing.T) {
	m := newMatrix(t, "", Config{}, 0, 240, 1<<20)
	u, err := url.Parse(m.c.URL())
	require.NoError(t, err)
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", u.Host)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	for i, at := range []string{m.c.URL(), m.c.URL(), "nats://" + proxy.Listen} {
		m.work(fmt.Sprint("w", i), at)
	}
	m.balanced()
	m.enqueue()
	m.until(0.2)
	for _, stream := range []string{"upstream", "downstream"} { // what is sent is lost, and nobody is told
		_, err := proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"type":"timeout","stream":%q,"attributes":{"timeout":0}}`, stream)))
		require.NoError(t, err)
	}
	time.Sleep(2 * silence)
	m.ends(time.Minute, 2*m.inFlight())
	m.limited(6 + 1)
	log, err := os.ReadFile(m.workers[2].log)
	require.NoError(t, err)
	assert.Contains(t, string(log), "not heard of for too long")

	proxy.Toxics.ResetToxics(context.Background()) // it is of use again
	m.workers[0].kill()
	m.workers[1].kill()
	_, err = m.c.Enqueue(t.Context(), "later", list(100, 1000, m.sites...))
	require.NoError(t, err)
	require.EqualValues(t, 100, finish(t, m.c, "later", time.Minute).Done)
}

// TestEnqueuerKilled: what it had queued is not queued again, nor fetched.
func TestEnqueuerKilled(t *testing.T) {
	large(t)
	const n = 200_000
	s := newSite(t)
	c := start(t, Config{Silence: silence})
	r := role{URL: c.URL(), N: n, Size: 100, Sites: []string{s.URL}}
	p := spawn(t, "enqueuer", r)
	require.Eventually(t, func() bool { return queued(t, c, "batch") > n/packed/3 }, time.Minute, 5*time.Millisecond)
	p.kill()
	there := queued(t, c, "batch")
	require.Less(t, there, n/packed)
	other := spawn(t, "other", r) // two at once, even
	p.start()
	require.NoError(t, p.wait(time.Minute))
	require.NoError(t, other.wait(time.Minute))
	require.EqualValues(t, (n+packed-1)/packed, queued(t, c, "batch"), "packs")
	again, err := c.Enqueue(t.Context(), "batch", list(n, 100, s))
	require.NoError(t, err)
	require.Equal(t, Receipt{n, n}, again)
	require.EqualValues(t, (n+packed-1)/packed, queued(t, c, "batch"), "packs")
}

// queued is how many messages a batch has in its queue.
func queued(t testing.TB, c *Cluster, batch string) int {
	s, err := c.js.Stream(t.Context(), jobStream(batch))
	if err != nil {
		return 0
	}
	return int(s.CachedInfo().State.Msgs)
}

// TestPoison: a job that ends every worker is found out, and the others of its pack are done.
func TestPoison(t *testing.T) {
	large(t)
	c := start(t, Config{Silence: 2 * time.Second, MaxDeliver: 2})
	s := newSite(t)
	jobs := func(yield func(Job, error) bool) {
		i := 0
		for j := range list(100, 1000, s) {
			if i == 50 {
				j.URL = s.URL + "/1000/poison"
			}
			if i++; !yield(j, nil) {
				return
			}
		}
	}
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	store := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	w := spawn(t, "w", role{Store: store, URL: c.URL()})
	var deaths atomic.Int64
	guarded := make(chan struct{})
	go func() { // what a supervisor does
		defer close(guarded)
		for ctx.Err() == nil {
			if w.wait(100*time.Millisecond) != context.DeadlineExceeded {
				deaths.Add(1)
				w.start()
			}
		}
	}()
	p := finish(t, c, "batch", 90*time.Second)
	stop()
	<-guarded
	require.EqualValues(t, 99, p.Done)
	require.EqualValues(t, 1, p.Failed)
	require.LessOrEqual(t, deaths.Load(), int64(2+fatal+3))
	for r, err := range c.Results(t.Context(), "batch", 0) {
		require.NoError(t, err)
		if r.Err != "" {
			require.Contains(t, r.Err, "seems to end its workers")
		}
	}
	n, err := c.Retry(t.Context(), "batch")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

// smallDisk is a directory with little room.
func smallDisk(t *testing.T) (dir, ballast string) {
	large(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small disk")
	}
	dir = t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	ballast = filepath.Join(dir, ".ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 5<<20), 0o600))
	return dir, ballast
}

// TestScratchFull: it is no fault of the URLs', and over when there is room again.
func TestScratchFull(t *testing.T) {
	scratch, ballast := smallDisk(t)
	c, s, store := start(t, Config{Silence: silence}), newSite(t), t.TempDir()
	jobs := list(20, 800<<10, s)
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	work(t, c, Worker{Name: "w", Scratch: scratch, Sink: Dir{Path: store}})
	time.Sleep(2 * time.Second)
	require.NoError(t, os.Remove(ballast))
	p := finish(t, c, "batch", time.Minute)
	require.EqualValues(t, 20, p.Done, "%+v", p)
	require.Equal(t, 20, stored(t, store, "batch", jobs))
}

// TestScratchStaysFull: then others have its work.
func TestScratchStaysFull(t *testing.T) {
	scratch, ballast := smallDisk(t)
	require.NoError(t, os.Truncate(ballast, 6<<20-100<<10))
	f, err := os.OpenFile(ballast, os.O_WRONLY, 0)
	require.NoError(t, err)
	for buffer := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(buffer)
	}
	require.NoError(t, f.Close())
	c, sites, store := start(t, Config{Silence: silence}), []*site{newSite(t), newSite(t), newSite(t), newSite(t)}, t.TempDir()
	work(t, c, Worker{Name: "full", Scratch: scratch, Sink: Dir{Path: store}})
	time.Sleep(time.Second) // it has all partitions
	jobs := list(80, 800<<10, sites...)
	_, err = c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	work(t, c, Worker{Name: "other", Sink: Dir{Path: store}})
	p := finish(t, c, "batch", time.Minute)
	require.EqualValues(t, 80, p.Done, "%+v", p)
	require.Equal(t, 80, stored(t, store, "batch", jobs))
}
