package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// aDayLater has the row of a batch that was cancelled be gone.
func aDayLater(t *testing.T, c *Cluster, name string) {
	t.Helper()
	_, err := c.write(t.Context(), batchRow+name, "")
	require.NoError(t, err)
}

// told is a log that tells when something is said.
type told struct {
	slog.Handler
	what string
	came chan struct{}
}

func (h told) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.what) {
		poke(h.came)
	}
	return nil
}
func (h told) Enabled(context.Context, slog.Level) bool { return true }
func (h told) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h told) WithGroup(string) slog.Handler            { return h }

// late is a store that takes its time, whatever ctx says.
type late struct {
	Sink
	asked, go_ chan struct{}
}

func (l late) Create(ctx context.Context, key string, f *os.File, i Info) (bool, error) {
	poke(l.asked)
	<-l.go_
	return l.Sink.Create(context.WithoutCancel(ctx), key, f, i)
}

// TestReusedName: a name that was used before is as good as another.
func TestReusedName(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	var bad atomic.Bool
	bad.Store(true)
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if bad.Load() && strings.HasSuffix(r.URL.Path, "/5") {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		return false
	}
	h := told{what: "another try later", came: make(chan struct{}, 1)}
	work(t, c, Worker{Name: "w", Sink: Dir{Path: t.TempDir()}, Log: slog.New(h)})
	_, err := c.Enqueue(t.Context(), "batch", flat(32, 100, s))
	require.NoError(t, err)
	<-h.came
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, c.Cancel(t.Context(), "batch"))
	bad.Store(false)
	aDayLater(t, c, "batch")
	_, err = c.Enqueue(t.Context(), "batch", flat(32, 100, s))
	require.NoError(t, err)
	require.EqualValues(t, 32, finish(t, c, "batch", 15*time.Second).Done)
}

// TestCancelLeaves: what is told of a batch that was cancelled does not count for the next one of its name.
func TestCancelLeaves(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	sink := late{Dir{Path: t.TempDir()}, make(chan struct{}, 1), make(chan struct{})}
	stop := work(t, c, Worker{Name: "w", Sink: sink})
	_, err := c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	<-sink.asked
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, c.Cancel(t.Context(), "batch"))
	close(sink.go_)
	time.Sleep(500 * time.Millisecond)
	stop()
	aDayLater(t, c, "batch")
	_, err = c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	for p, err := range c.Progress(t.Context(), "batch") {
		require.NoError(t, err)
		require.Equal(t, Progress{Total: 10}, p)
		break
	}
}

// TestSnapshot: who watches a batch that is cancelled meanwhile leaves no totals of it for the next one of
// its name. It is what Progress does, with a Cancel while it reads.
func TestSnapshot(t *testing.T) {
	c, s := start(t, Config{}), newSite(t)
	for range snapshotAfter + 1 { // of others, before
		_, err := c.js.PublishAsync(doneSubject+"other", []byte("{}"))
		require.NoError(t, err)
	}
	<-c.js.PublishAsyncComplete()
	_, err := c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	b, err := c.batch(t.Context(), "batch")
	require.NoError(t, err)
	require.NoError(t, c.publish(t.Context(), doneSubject+b.Life, outcomes{All: []outcome{{N: 3, Bytes: 100}}}))
	sum := c.snapshot(t.Context(), b.Life)
	require.NoError(t, c.follow(t.Context(), "batch", sum, func(outcomes) error { return c.Cancel(t.Context(), "batch") }, func(Progress) bool {
		c.save(t.Context(), sum)
		return true
	}))
	aDayLater(t, c, "batch")
	_, err = c.Enqueue(t.Context(), "batch", flat(10, 100, s))
	require.NoError(t, err)
	for p, err := range c.Progress(t.Context(), "batch") {
		require.NoError(t, err)
		require.Zero(t, p.Done)
		break
	}
}

// TestOldFile: a batch whose name was used before stores what its URLs serve now.
func TestOldFile(t *testing.T) {
	c, s, store := start(t, Config{}), newSite(t), t.TempDir()
	var text atomic.Value
	text.Store("old")
	s.refuse = func(w http.ResponseWriter, r *http.Request) bool { _, _ = fmt.Fprint(w, text.Load()); return true }
	sink := &moody{Sink: Dir{Path: store}}
	sink.away.Store(true)
	work(t, c, Worker{Name: "w", Sink: sink})
	_, err := c.Enqueue(t.Context(), "daily", flat(1, 100, s))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return sink.asked.Load() > 0 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, c.Cancel(t.Context(), "daily"))
	time.Sleep(time.Second)
	sink.away.Store(false)
	text.Store("new")
	aDayLater(t, c, "daily")
	_, err = c.Enqueue(t.Context(), "daily", flat(1, 100, s))
	require.NoError(t, err)
	require.EqualValues(t, 1, finish(t, c, "daily", 10*time.Second).Done)
	got, err := os.ReadFile(filepath.Join(store, Key("daily", 0, "")))
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
}
