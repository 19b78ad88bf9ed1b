package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type syncText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestRetryTwice: a job that has failed is queued anew once.
func TestRetryTwice(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	hold := make(chan struct{})
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/3"):
			http.NotFound(w, r)
			return true
		case strings.HasSuffix(r.URL.Path, "/7"):
			select {
			case <-hold:
			case <-r.Context().Done():
				return true
			}
		}
		return false
	}
	work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}})
	_, err := c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	b, err := c.batch(t.Context(), "batch")
	require.NoError(t, err)
	dead := func() (n int) {
		pos := uint64(0)
		require.NoError(t, c.read(t.Context(), doneStream, deadSubject+b.Life, &pos, func([]byte) error { n++; return nil }))
		return n
	}
	require.Eventually(t, func() bool { return dead() == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, c.Pause(t.Context(), "batch"))
	time.Sleep(time.Second)
	require.NoError(t, c.Resume(t.Context(), "batch"))
	time.Sleep(2 * time.Second)
	close(hold)
	require.EqualValues(t, 1, finish(t, c, "batch", 20*time.Second).Failed)
	n, err := c.Retry(t.Context(), "batch")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

// TestPauses: to be paused is no attempt.
func TestPauses(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	var phase, bad atomic.Int64
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if phase.Load() == 0 {
			<-r.Context().Done()
			return true
		}
		if bad.Add(1) <= 8 {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}})
	_, err := c.Enqueue(t.Context(), "batch", flat(1, 100, s))
	require.NoError(t, err)
	for i := range 5 {
		require.Eventually(t, func() bool { return s.requests.Load() > int64(i) && s.now.Load() > 0 }, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, c.Pause(t.Context(), "batch"))
		require.Eventually(t, func() bool { return s.now.Load() == 0 }, 10*time.Second, 10*time.Millisecond)
		time.Sleep(200 * time.Millisecond)
		if i == 4 {
			phase.Store(1)
		}
		require.NoError(t, c.Resume(t.Context(), "batch"))
	}
	p := finish(t, c, "batch", 40*time.Second)
	t.Log(bad.Load())
	require.EqualValues(t, 1, p.Done, "it has failed for good at its first try: %+v", p)
}

// TestVerifyName: a list that can be queued can be verified.
func TestVerifyName(t *testing.T) {
	c, s, sink := start(t, Config{}), newSite(t), Dir{Path: t.TempDir()}
	jobs := func(yield func(Job, error) bool) {
		for _, name := range []string{"../../../../x", strings.Repeat("n", 300), "ok"} {
			if !yield(Job{URL: s.URL + "/100/1", Name: name}, nil) {
				return
			}
		}
	}
	work(t, c, Worker{Name: "w", Sink: sink, Attempts: 1})
	_, err := c.Enqueue(t.Context(), "batch", jobs)
	require.NoError(t, err)
	p := finish(t, c, "batch", 10*time.Second)
	require.EqualValues(t, 2, p.Failed)
	n := 0
	for _, err := range c.Verify(t.Context(), "batch", jobs, sink) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
}

// TestSecret: no credential is told.
func TestSecret(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	var text syncText
	work(t, c, Worker{Name: "w", Attempts: 1, Sink: Dir{Path: t.TempDir()}, Log: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	host := strings.TrimPrefix(s.URL, "http://")
	_, err := c.Enqueue(t.Context(), "batch", func(yield func(Job, error) bool) {
		for _, u := range []string{
			"http://user:SECRET@" + host + "/gone/x", "http://" + host + "/gone/x?sig=SECRET", "http://user:SECRET@host:port/x", "http://user:SEC%zzSECRET@" + host + "/x",
			"ftp://user:SECRET@host/x", "user:SECRET@host/x", "http://user:SECRET@[::1/x", "http://" + host + "/%zz?sig=SECRET",
		} {
			if !yield(Job{URL: u}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	finish(t, c, "batch", 50*time.Second)
	require.NotContains(t, text.String(), "SECRET")
	for r := range c.Results(t.Context(), "batch", 0) {
		require.NotContains(t, r.Err, "SECRET")
	}
}

// TestLongErrors: jobs whose errors are long have results, too.
func TestLongErrors(t *testing.T) {
	c := start(t, Config{})
	work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}})
	_, err := c.Enqueue(t.Context(), "batch", func(yield func(Job, error) bool) {
		for i := range 256 {
			if !yield(Job{URL: fmt.Sprintf("http://[%d%s", i, strings.Repeat("x", 7000)), Priority: i % 2}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	p := finish(t, c, "batch", 30*time.Second)
	require.EqualValues(t, 256, p.Failed)
	for r := range c.Results(t.Context(), "batch", 0) {
		t.Log(len(r.Err))
		break
	}
}

// TestLeak: Work leaves nothing behind.
func TestLeak(t *testing.T) {
	c, cdn := start(t, Config{Silence: 4 * time.Second}), newSite(t)
	cdn.refuse = func(http.ResponseWriter, *http.Request) bool { time.Sleep(50 * time.Millisecond); return false }
	sites := leading(t, cdn)
	var stops []func()
	for i := range 3 {
		stops = append(stops, work(t, c, Worker{Name: fmt.Sprint("w", i), Sink: Dir{Path: t.TempDir()}}))
	}
	_, err := c.Enqueue(t.Context(), "batch", list(2000, 2000, sites...))
	require.NoError(t, err)
	for i := range 4 {
		time.Sleep(500 * time.Millisecond)
		require.NoError(t, []func(context.Context, string) error{c.Pause, c.Resume}[i%2](t.Context(), "batch"))
	}
	for _, stop := range stops {
		begun := time.Now()
		stop()
		t.Log("ended after", time.Since(begun))
	}
	time.Sleep(300 * time.Millisecond)
	text := make([]byte, 1<<20)
	text = text[:runtime.Stack(text, true)]
	for _, g := range strings.Split(string(text), "\n\n") {
		for _, part := range []string{"cluster.(*worker)", "cluster.(*gate)", "cluster.(*unit)", "cluster.(*recorder)", "cluster.(*turns)", "cluster.(*task)", "littledl."} {
			if strings.Contains(g, part) && !strings.Contains(g, "TestLeak") {
				t.Error(g)
				break
			}
		}
	}
}
