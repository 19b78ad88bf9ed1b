package feed

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// line is a queue that is done with an item a second after it has begun with it, one at a time.
type line struct {
	mu      sync.Mutex
	waiting []int
	stopped chan struct{}
	once    sync.Once
}

func newLine() (*line, Queue[int, int]) {
	l := &line{stopped: make(chan struct{})}
	return l, Queue[int, int]{Ahead: 3, Begin: l.begin, Add: l.add, Idle: l.idle, Stop: l.stop, Left: l.left}
}

func (l *line) begin(ctx context.Context, ended func(int)) func() {
	return func() {
		for {
			select {
			case <-time.After(time.Second):
			case <-l.stopped:
				return
			case <-ctx.Done():
				return
			}
			l.mu.Lock()
			done := l.waiting[:min(1, len(l.waiting))]
			l.waiting = l.waiting[len(done):]
			l.mu.Unlock()
			for _, n := range done {
				ended(n)
			}
		}
	}
}

// add refuses what is negative.
func (l *line) add(_ context.Context, n int) (int, bool) {
	if n < 0 {
		return n, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, n)
	return 0, false
}

func (l *line) idle(ctx context.Context) error {
	for {
		l.mu.Lock()
		n := len(l.waiting)
		l.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-time.After(time.Second / 4):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *line) stop() error {
	l.once.Do(func() { close(l.stopped) })
	return nil
}

func (l *line) left(context.Context) iter.Seq[int] { return slices.Values(l.waiting) }

// counting are the numbers from 0 on, and how many of them were read.
func counting(to int, read *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := range to {
			if *read++; !yield(n) {
				return
			}
		}
	}
}

func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		var got []int
		for n := range q.Run(t.Context(), slices.Values([]int{0, -1, 1, 2, -2, 3, 4, 5, 6, -3})) {
			got = append(got, n)
		}
		slices.Sort(got)
		require.Equal(t, []int{-3, -2, -1, 0, 1, 2, 3, 4, 5, 6}, got)
	})
}

func TestNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		require.Empty(t, slices.Collect(q.Run(t.Context(), slices.Values([]int(nil)))))
	})
}

// TestBounded: a loop that is busy holds up the sequence.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		read, got := 0, 0
		for range q.Run(t.Context(), counting(20, &read)) {
			got++
			time.Sleep(time.Minute)
			synctest.Wait()
			require.LessOrEqual(t, read-got, q.Ahead)
		}
		require.Equal(t, 20, got)
	})
}

// TestSlow: a sequence that waits holds up no result.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		began := time.Now()
		for range q.Run(t.Context(), func(yield func(int) bool) {
			for n := range 5 {
				if !yield(n) {
					return
				}
				time.Sleep(time.Hour)
			}
		}) {
			require.Less(t, time.Since(began)%time.Hour, time.Minute)
		}
	})
}

// TestLeft: nothing runs any more when the loop has been left.
func TestLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, q := newLine()
		read, over := 0, false
		for n := range q.Run(t.Context(), func(yield func(int) bool) {
			defer func() {
				time.Sleep(time.Minute)
				over = true
			}()
			counting(1<<30, &read)(yield)
		}) {
			if n == 2 {
				break
			}
		}
		require.True(t, over, "the sequence is waited for")
		select {
		case <-l.stopped:
		default:
			require.Fail(t, "the queue was not stopped")
		}
	})
}

// TestEnded: when the context ends, everything that was read has a result.
func TestEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read, got := 0, 0
		for range q.Run(ctx, counting(1<<30, &read)) {
			if got++; got == 5 {
				cancel()
			}
		}
		require.Equal(t, read, got)
	})
}

// TestPanic: what the sequence panics with is the caller's.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := newLine()
		require.PanicsWithValue(t, "the caller's own", func() {
			for range q.Run(t.Context(), func(yield func(int) bool) {
				yield(1)
				panic("the caller's own")
			}) {
			}
		})
	})
}
