package littledl_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// chronicle is what the events of a batch tell, and whether that is a story.
type chronicle struct {
	*testing.T
	events   []littledl.Event
	last     time.Time
	running  map[string]bool  // tasks that have started and not ended
	requests map[int64]string // that were made, and not answered yet
	bytes    map[string]int64 // of tasks, as they were last seen
	restarts map[string]bool  // since then
}

func newChronicle(t *testing.T) *chronicle {
	return &chronicle{T: t, running: map[string]bool{}, requests: map[int64]string{}, bytes: map[string]int64{}, restarts: map[string]bool{}}
}

// hear takes the next event.
func (c *chronicle) hear(e littledl.Event) {
	c.events = append(c.events, e)
	require.False(c, e.Time.Before(c.last), "%s is out of order", e.Kind)
	c.last = e.Time
	ended := e.Kind == littledl.EventCompleted || e.Kind == littledl.EventFailed || e.Kind == littledl.EventCancelled
	require.Equal(c, ended, e.Task.TaskID != "", "%s: a task is told of at ends", e.Kind)
	switch e.Kind {
	case littledl.EventStarted:
		require.False(c, c.running[e.TaskID], "%s has started twice", e.TaskID)
		c.running[e.TaskID] = true
	case littledl.EventRequest:
		require.NotContains(c, c.requests, e.Request)
		require.NotEmpty(c, e.Origin)
		c.requests[e.Request] = e.TaskID
	case littledl.EventResponse:
		require.Equal(c, c.requests[e.Request], e.TaskID, "request %d", e.Request)
		require.Equal(c, e.Err == nil, e.Status > 0)
		delete(c.requests, e.Request)
	case littledl.EventRetry:
		require.True(c, c.running[e.TaskID])
		require.Error(c, e.Err)
		require.GreaterOrEqual(c, e.Wait, time.Duration(0))
	case littledl.EventRestart:
		require.Positive(c, e.Length)
		c.restarts[e.TaskID] = true
	case littledl.EventCompleted, littledl.EventFailed, littledl.EventCancelled:
		c.end(e)
	}
}

func (c *chronicle) end(e littledl.Event) {
	if e.Kind == littledl.EventCompleted {
		require.True(c, c.running[e.TaskID], "%s has completed and never started", e.TaskID)
		require.NoError(c, e.Err)
	} else {
		require.Error(c, e.Err)
		require.Error(c, e.Task.Err)
	}
	want := map[littledl.EventKind]littledl.FileTaskStatus{
		littledl.EventCompleted: littledl.StatusCompleted, littledl.EventFailed: littledl.StatusFailed, littledl.EventCancelled: littledl.StatusCancelled,
	}
	require.Equal(c, want[e.Kind], e.Task.Status)
	delete(c.running, e.TaskID)
}

// over requires that nothing is left open, and returns how often each kind was told.
func (c *chronicle) over() map[littledl.EventKind]int {
	require.Empty(c, c.running, "they have not ended")
	require.Empty(c, c.requests, "they were not answered")
	n := map[littledl.EventKind]int{}
	for _, e := range c.events {
		n[e.Kind]++
	}
	return n
}

// of are the kinds of a task's events, in order.
func (c *chronicle) of(id string) (kinds []littledl.EventKind) {
	for _, e := range c.events {
		if e.TaskID == id {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// TestEvents: what a file goes through is told in order, its end before its callback.
func TestEvents(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		c := newChronicle(t)
		told := false
		b.option(littledl.WithEvents(c.hear), littledl.WithSmallFilePriority(false), littledl.WithFileCompleteCallback(func(f littledl.FileTask) {
			last := c.events[len(c.events)-1]
			require.Equal(b, f.TaskID, last.TaskID)
			require.Equal(b, f.Status, last.Task.Status)
			told = true
		}))
		small := b.file("small", 64<<10)
		bad := b.file("bad", 64<<10, faultserver.First(1, faultserver.Status(500)))
		dead := b.file("dead", 64<<10, faultserver.Status(404))
		again := b.add(b.srv.File("small", faultserver.Size(64<<10)))
		require.Error(b, b.get().Start(b.Context()))
		require.True(b, told)
		n := c.over()
		const (
			started, request, response, retry = littledl.EventStarted, littledl.EventRequest, littledl.EventResponse, littledl.EventRetry
		)
		require.Equal(b, []littledl.EventKind{started, request, response, littledl.EventCompleted}, c.of(small))
		require.Equal(b, []littledl.EventKind{started, request, response, retry, request, response, littledl.EventCompleted}, c.of(bad))
		require.Equal(b, []littledl.EventKind{started, request, response, littledl.EventFailed}, c.of(dead))
		require.Equal(b, []littledl.EventKind{started, littledl.EventCompleted}, c.of(again))
		require.Equal(b, len(b.srv.Requests()), n[request], "each request that the server has seen")
	})
}

// TestEventsOfWishes: pauses, and the one event of a task that is removed.
func TestEventsOfWishes(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		c := newChronicle(t)
		b.option(littledl.WithEvents(c.hear))
		paused, removed := b.file("a", 64<<20), b.file("b", 64<<20)
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().PauseTask(paused))
		require.NoError(b, b.get().Remove(removed))
		time.Sleep(time.Second)
		require.NoError(b, b.get().Pause())
		require.NoError(b, b.get().ResumeTask(paused))
		time.Sleep(time.Second)
		require.NoError(b, b.get().Resume())
		require.NoError(b, <-done)
		n := c.over()
		require.Equal(b, 1, n[littledl.EventCancelled])
		require.Equal(b, 1, n[littledl.EventCompleted])
		require.GreaterOrEqual(b, n[littledl.EventPaused], 1)
		require.Equal(b, littledl.EventCancelled, c.of(removed)[len(c.of(removed))-1])
	})
}

// TestEventsOfHosts: outages, their ends, and limits that are found out.
func TestEventsOfHosts(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		c := newChronicle(t)
		b.option(littledl.WithEvents(c.hear))
		for i := range 20 {
			b.file(fmt.Sprint(i), 8<<20)
		}
		b.srv.Behave(faultserver.ConnLimit(3, faultserver.Status(429)))
		time.AfterFunc(3*time.Second, func() { b.net.FailDial("files.test:80", errRefused); b.net.ResetAll() })
		time.AfterFunc(13*time.Second, func() { b.net.FailDial("files.test:80", nil) })
		require.NoError(b, b.get().Start(b.Context()))
		n := c.over()
		require.Positive(b, n[littledl.EventHostDown])
		require.Positive(b, n[littledl.EventHostUp])
		require.Positive(b, n[littledl.EventHostLimit])
		for _, e := range c.events {
			switch e.Kind {
			case littledl.EventHostDown, littledl.EventHostBusy:
				require.Error(b, e.Err)
				require.Equal(b, "http://files.test:80", e.Origin)
			case littledl.EventHostLimit:
				require.Positive(b, e.Limit)
			}
		}
	})
}

// TestSlowEvents: none is dropped, and while many wait nothing begins.
func TestSlowEvents(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(100 << 20)))
		c := newChronicle(t)
		var begun atomic.Int64
		slow := true
		b.option(littledl.WithSmallFilePriority(false), littledl.WithEvents(func(e littledl.Event) {
			if slow {
				slow = false
				time.Sleep(time.Hour)
				begun.Store(int64(len(b.srv.GETs())))
			}
			c.hear(e)
		}))
		for i := range 4000 {
			b.file(fmt.Sprint(i), 1<<10)
		}
		require.NoError(b, b.get().Start(b.Context()))
		require.InDelta(b, 2500, begun.Load(), 100, "four events a file")
		require.Equal(b, 4000, c.over()[littledl.EventCompleted])
	})
}

// TestEventsOfLateHead: a HEAD that is under way when all is done has its answer told of, too.
func TestEventsOfLateHead(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		c := newChronicle(t)
		b.conf.MaxConnectionsPerHost = 3 // where few are borne, no HEAD is given up
		b.option(littledl.WithEvents(c.hear), littledl.WithMaxConcurrentFiles(1))
		isHead := func(r *faultserver.Request) bool { return r.Method == http.MethodHead }
		for i := range 3 {
			b.file(fmt.Sprint(i), 64<<10, faultserver.When(isHead, faultserver.Delay(time.Second)))
		}
		require.NoError(b, b.start())
		require.NotEmpty(b, b.srv.HEADs())
		c.over()
	})
}
