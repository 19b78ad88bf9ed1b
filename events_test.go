package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
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

// TestEventsAtRandom: whatever faults there are, and whatever is wished meanwhile, the events are a
// story, the model accepts every call's outcome, and every file that is complete is right.
func TestEventsAtRandom(t *testing.T) {
	t.Parallel()
	worlds := uint64(12)
	if testing.Short() {
		worlds = 8
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { wishAtRandom(t, seed) })
	}
}

func wishAtRandom(t *testing.T, seed uint64) {
	batchBubble(t, func(b *batch) {
		r := rand.New(rand.NewPCG(seed, 12))
		c := newChronicle(t)
		b.option(littledl.WithEvents(c.hear), littledl.WithMaxConcurrentFiles(1+r.IntN(4)), littledl.WithMaxConcurrentChunksPerFile(1+r.IntN(4)))
		faults := []faultserver.Behaviour{
			nil, nil, nil, faultserver.First(2, faultserver.Status(503)), faultserver.Status(404), faultserver.NoRange(), faultserver.First(1, faultserver.RST(100_000)),
			faultserver.NoValidators(), faultserver.First(1, faultserver.Delay(40*time.Second)), faultserver.First(3, faultserver.Status(500)),
		}
		var ids []string
		for i := range 8 {
			var behave []faultserver.Behaviour
			if f := faults[r.IntN(len(faults))]; f != nil {
				behave = append(behave, f)
			}
			f := b.srv.File(fmt.Sprint(i), faultserver.Size(int64(1+r.IntN(24))<<20), faultserver.Behave(behave...))
			for range 1 + r.IntN(2) {
				ids = append(ids, b.add(f, littledl.WithPriority(r.IntN(2))))
			}
		}
		w := &wisher{b: b, r: r, ids: ids, removed: map[string]bool{}, cancelled: map[string]bool{}}
		done := b.background(b.Context())
		for range 12 {
			if time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond); len(done) == 0 {
				w.wish()
			}
		}
		_ = b.get().Resume()
		for running := true; running; { // what is paused is not forgotten
			for _, id := range ids {
				if task, ok := b.get().GetTask(id); ok && task.Status == littledl.StatusPaused {
					require.NoError(b, b.get().ResumeTask(id))
				}
			}
			select {
			case err := <-done:
				w.judge(err)
				running = false
			case <-time.After(time.Minute):
			}
		}
		c.over()
	})
}

// wisher calls methods for single tasks at random, and knows what may come of it.
type wisher struct {
	b                  *batch
	r                  *rand.Rand
	ids                []string
	removed, cancelled map[string]bool
}

func (w *wisher) wish() {
	d, id := w.b.get(), w.ids[w.r.IntN(len(w.ids))]
	was, known := d.GetTask(id)
	call := w.r.IntN(7)
	err := []func() error{
		func() error { return d.PauseTask(id) }, func() error { return d.ResumeTask(id) }, func() error { return d.CancelTask(id, errEnough) },
		func() error { return d.Remove(id) }, func() error { return d.SetPriority(id, w.r.IntN(3)) }, d.Pause, d.Resume,
	}[call]()
	if call >= 5 {
		require.NoError(w.b, err)
		return
	}
	if !known {
		require.ErrorIs(w.b, err, littledl.ErrUnknownTask)
		return
	}
	require.NoError(w.b, err)
	synctest.Wait()
	now, still := d.GetTask(id)
	if call == 3 {
		w.removed[id] = true
		require.False(w.b, still)
		return
	}
	require.True(w.b, still)
	ended := func(s littledl.FileTaskStatus) bool {
		return slices.Contains([]littledl.FileTaskStatus{littledl.StatusCompleted, littledl.StatusFailed, littledl.StatusCancelled}, s)
	}
	switch {
	case was.Status == littledl.StatusCompleted:
		require.Equal(w.b, was.Status, now.Status, "nothing but Remove does anything to it")
	case call == 0 && !ended(was.Status):
		require.True(w.b, now.Status == littledl.StatusPaused || ended(now.Status), now.Status)
	case call == 1:
		delete(w.cancelled, id)
		require.NotEqual(w.b, littledl.StatusCancelled, now.Status)
	case call == 2 && !ended(was.Status):
		require.True(w.b, ended(now.Status), now.Status)
		w.cancelled[id] = now.Status == littledl.StatusCancelled
	}
}

// judge compares what came of it with the table of what may.
func (w *wisher) judge(err error) {
	unfinished := false
	for _, task := range w.b.get().GetAllTasks() {
		if task.IsCompleted() {
			w.b.same(task.Path(), w.b.want[task.TaskID])
		}
		unfinished = unfinished || !task.IsCompleted()
	}
	for _, name := range w.b.list() {
		require.False(w.b, partfile.IsOurs(name) && !unfinished, "%s is left behind", name)
	}
	var batch *littledl.BatchError
	if errors.As(err, &batch) {
		for _, f := range batch.Failed {
			require.False(w.b, w.removed[f.TaskID], "%s was removed", f.TaskID)
			require.Equal(w.b, w.cancelled[f.TaskID], errors.Is(f, errEnough), f.TaskID)
		}
	}
	for _, task := range w.b.get().GetAllTasks() {
		require.False(w.b, w.removed[task.TaskID])
		if w.cancelled[task.TaskID] {
			require.Equal(w.b, littledl.StatusCancelled, task.Status)
		}
	}
}

// TestIsRetryable: what the library itself knows.
func TestIsRetryable(t *testing.T) {
	for err, want := range map[error]bool{
		littledl.ErrStalled: true, littledl.ErrTimeout: true, littledl.ErrNoSpace: true, littledl.ErrLocked: true, littledl.ErrHashMismatch: true,
		littledl.ErrRemoteChanged: true, &littledl.StatusError{Code: 503}: true, &littledl.StatusError{Code: 429}: true, io.ErrUnexpectedEOF: true,
		&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}: true,
		&littledl.StatusError{Code: 404}: false, littledl.ErrInvalidURL: false, littledl.ErrInvalidOption: false, littledl.ErrCancelled: false,
		littledl.ErrFileExists: false, littledl.ErrFileTooLarge: false, littledl.ErrPrivateAddress: false, context.Canceled: false, littledl.ErrUnsafeName: false,
		sayingSo(true): true, sayingSo(false): false, littledl.ErrDuplicateTarget: false, littledl.ErrEncoding: false,
	} {
		require.Equal(t, want, littledl.IsRetryable(err), err)
		require.Equal(t, want, littledl.IsRetryable(&littledl.FileError{Op: "download", Err: fmt.Errorf("more: %w", err)}), err)
	}
	require.False(t, littledl.IsRetryable(nil))
	require.True(t, littledl.IsRetryable(&littledl.BatchError{Failed: []*littledl.FileError{{Err: littledl.ErrInvalidURL}, {Err: littledl.ErrStalled}}}))
}

type sayingSo bool

func (r sayingSo) Error() string   { return fmt.Sprintf("retryable: %t", bool(r)) }
func (r sayingSo) Retryable() bool { return bool(r) }
