//go:build unix

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFullForgotten: a disk that was of no use for a moment is no reason to go away later.
func TestFullForgotten(t *testing.T) {
	c, s, scratch := start(t, Config{Silence: 2 * time.Second}), newSite(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(scratch, "bad"), nil, 0o600)) // where its directory is to be
	work(t, c, Worker{Name: "w", Scratch: scratch, Sink: Dir{Path: t.TempDir()}})
	_, err := c.Enqueue(t.Context(), "bad", list(1, 100, s))
	require.NoError(t, err)
	time.Sleep(1500 * time.Millisecond)
	require.NoError(t, c.Cancel(t.Context(), "bad"))
	time.Sleep(3500 * time.Millisecond)
	_, err = c.Enqueue(t.Context(), "good", list(10, 100, s))
	require.NoError(t, err)
	require.EqualValues(t, 10, finish(t, c, "good", 5*time.Second).Done)
}

// TestInnocent: a large file is no poison since others were while it was on its way.
func TestInnocent(t *testing.T) {
	large(t)
	c := start(t, Config{Silence: 2 * time.Second, MaxDeliver: 2})
	s, slow := newSite(t), newSite(t)
	slow.rate = 10 << 10
	one := func(url string, size int64) func(func(Job, error) bool) {
		return func(yield func(Job, error) bool) { yield(Job{URL: url, Size: size}, nil) }
	}
	_, err := c.Enqueue(t.Context(), "large", one(slow.URL+"/8000000/large", 8000000))
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 55*time.Second)
	defer stop()
	w := spawn(t, "w", role{Store: t.TempDir(), URL: c.URL()})
	guarded := make(chan struct{})
	deaths := 0
	go func() {
		defer close(guarded)
		for ctx.Err() == nil {
			if w.wait(50*time.Millisecond) != context.DeadlineExceeded {
				deaths++
				w.start()
			}
		}
	}()
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			_, _ = c.Enqueue(ctx, fmt.Sprint("poison", i), one(s.URL+"/1000/poison", 0))
			sleep(ctx, 5*time.Second)
		}
	}()
	text := ""
	for r, err := range c.Results(ctx, "large", 0) {
		if err == nil {
			text = r.Err
		}
		break
	}
	stop()
	<-guarded
	t.Log(deaths, "deaths")
	require.NotContains(t, text, "seems to end its workers")
}
