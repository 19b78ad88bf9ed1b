package littledl_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

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
		b.net.Shape(faultserver.Same(line(2 * mib)))
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
			f := b.srv.File(fmt.Sprint(i), faultserver.Size(int64(1+r.IntN(24))*mib/2), faultserver.Behave(behave...))
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
