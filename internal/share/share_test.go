package share

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUnknownFile(t *testing.T) {
	inBubble(t, "everywhere", 1, 1, func(p bubble) {
		_, err := p.Acquire(p.Context(), "a")
		require.ErrorIs(p, err, ErrUnknownFile)
		require.ErrorIs(p, p.Report("a", 1, 1), ErrUnknownFile)
		_, ok := p.Note("a")
		require.False(p, ok)
		_, ok = p.TryAcquire("a")
		require.False(p, ok)
		p.Leave("a")
		p.usage(0, 1, 0, 0)
	})
	inBubble(t, "one that still waits to be in", 1, 1, func(p bubble) {
		p.add(0, "a")
		b := p.enter("b", 0)
		_, err := p.Acquire(p.Context(), "b")
		require.ErrorIs(p, err, ErrUnknownFile)
		p.Leave("b")
		require.False(p, b.over())
		finish(b)
	})
}

func TestNote(t *testing.T) {
	inBubble(t, "", 1, 1, func(p bubble) {
		require.NoError(p, p.Enter(p.Context(), "a", 0, "of a"))
		note, ok := p.Note("a")
		require.True(p, ok)
		require.Equal(p, "of a", note)
		b := p.enter("b", 0)
		_, ok = p.Note("b")
		require.False(p, ok, "it still waits to be in")
		p.Leave("a")
		<-b.done
		_, ok = p.Note("b")
		require.True(p, ok)
		_, ok = p.Note("a")
		require.False(p, ok)
	})
}

func TestEnter(t *testing.T) {
	inBubble(t, "twice", 2, 1, func(p bubble) {
		p.add(0, "a", "b")
		require.ErrorIs(p, p.Enter(p.Context(), "a", 0, nil), ErrDuplicateFile, "it must not wait")
		c := p.enter("c", 0)
		require.ErrorIs(p, p.Enter(p.Context(), "c", 0, nil), ErrDuplicateFile, "it waits already")
		finish(c)
		p.Leave("a")
		p.add(0, "a")
	})
	inBubble(t, "blocks while all places are taken", 2, 1, func(p bubble) {
		p.add(0, "a", "b")
		late, later := p.enter("late", 1), p.enter("later", 1)
		urgent := p.enter("urgent", 0)
		p.usage(2, 1, 0, 0)
		for i, c := range []*call{urgent, late, later} {
			require.False(p, c.over(), i)
			p.Leave([]string{"a", "b", "urgent"}[i])
			<-c.done
			require.NoError(p, c.err)
			p.usage(2, 1, 0, 0)
		}
	})
	inBubble(t, "a context that ends", 1, 1, func(p bubble) {
		p.add(0, "a")
		gone, stays := p.enter("gone", 0), p.enter("stays", 0)
		gone.cancel(errors.New("given up"))
		<-gone.done
		require.EqualError(p, gone.err, "given up")
		p.Leave("a")
		<-stays.done
		require.NoError(p, stays.err)

		ctx, cancel := context.WithCancelCause(p.Context())
		cancel(errors.New("too late"))
		p.Leave("stays")
		require.EqualError(p, p.Enter(ctx, "b", 0, nil), "too late")
		_, err := p.Acquire(ctx, "b")
		require.EqualError(p, err, "too late")
		p.usage(0, 1, 0, 0)
	})
	inBubble(t, "a context that ends while the place is given", 1, 1, func(p bubble) {
		for range 50 { // b may come back either way
			p.add(0, "a")
			b, c := p.enter("b", 0), p.enter("c", 0)
			p.mu.Lock() // so that b has seen its context end, but is in line yet
			b.cancel(errors.New("given up"))
			p.dropLocked(p.files["a"])
			p.mu.Unlock()
			<-b.done
			if b.err == nil {
				p.Leave("b")
			}
			<-c.done
			require.NoError(p, c.err)
			p.usage(1, 1, 0, 0)
			p.Leave("c")
		}
	})
	inBubble(t, "a context that ends while the file is let in and removed", 1, 1, func(p bubble) {
		for range 50 { // b may come back either way
			p.add(0, "a")
			b := p.enter("b", 0)
			p.mu.Lock()
			b.cancel(errors.New("given up"))
			p.dropLocked(p.files["a"])
			p.dropLocked(p.files["b"])
			p.mu.Unlock()
			<-b.done
			p.usage(0, 1, 0, 0)
		}
	})
}

// TestShrink is the bug of semaphores that let 10 run at capacity 5 (R8).
func TestShrink(t *testing.T) {
	inBubble(t, "debt is paid before anybody is served", 1, 10, func(p bubble) {
		p.add(0, "a")
		held := p.take("a", 10)
		p.Resize(5)
		waiting := p.crowd("a", 10)
		for i, release := range held[:5] {
			release()
			p.usage(1, 5, 9-i, 10)
		}
		for i, release := range held[5:] {
			release()
			p.usage(1, 5, 5, 9-i)
			require.True(p, waiting[i].over(), "first come, first served")
		}
		finish(waiting[5:]...)
		_, ok := p.TryAcquire("a")
		require.False(p, ok)
	})
	inBubble(t, "shrinking and growing back makes no slot", 1, 10, func(p bubble) {
		p.add(0, "a")
		p.take("a", 10)
		w := p.acquire("a")
		p.Resize(5)
		p.Resize(10)
		p.usage(1, 10, 10, 1)
		finish(w)
	})
	inBubble(t, "growing wakes as many as fit", 2, 1, func(p bubble) {
		p.add(0, "a", "b")
		p.take("a", 1)
		waiting := append(p.crowd("a", 3), p.crowd("b", 3)...)
		p.Resize(5)
		p.usage(2, 5, 5, 2)
		require.Equal(p, 4, served(waiting))
		finish(waiting...)
	})
}

func TestCancel(t *testing.T) {
	inBubble(t, "while it waits", 1, 1, func(p bubble) {
		p.add(0, "a")
		p.take("a", 1)
		ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
		defer cancel()
		_, err := p.Acquire(ctx, "a")
		require.ErrorIs(p, err, context.DeadlineExceeded)
		p.usage(1, 1, 1, 0)
	})
	inBubble(t, "while it is served", 1, 1, func(p bubble) {
		p.add(0, "a")
		held := p.take("a", 1)[0]
		for range 50 { // first may come back either way
			first, second := p.acquire("a"), p.acquire("a")
			p.mu.Lock() // so that first has seen its context end, but is in line yet
			first.cancel(errors.New("given up"))
			p.size = 2
			p.grantLocked()
			p.mu.Unlock()
			<-first.done
			if first.err == nil {
				first.release()
			}
			<-second.done
			require.NoError(p, second.err)
			p.usage(1, 2, 2, 0)
			second.release()
			p.Resize(1)
		}
		held()
		p.usage(1, 1, 0, 0)
	})
	inBubble(t, "while its file is removed", 1, 1, func(p bubble) {
		for range 50 { // it may come back with either error
			p.add(0, "a")
			release := p.take("a", 1)[0]
			c := p.acquire("a")
			p.mu.Lock()
			c.cancel(errors.New("given up"))
			p.dropLocked(p.files["a"])
			p.mu.Unlock()
			<-c.done
			require.Error(p, c.err)
			p.usage(0, 1, 1, 0)
			release()
		}
	})
}

func TestRelease(t *testing.T) {
	inBubble(t, "again does nothing", 1, 2, func(p bubble) {
		p.add(0, "a")
		held := p.take("a", 2)
		var all sync.WaitGroup
		for range 20 {
			all.Go(held[0])
		}
		all.Wait()
		p.usage(1, 2, 1, 0)
	})
	inBubble(t, "after the file is removed", 2, 2, func(p bubble) {
		p.add(0, "a", "b")
		held := p.take("a", 2)
		of, other := p.acquire("a"), p.crowd("b", 2)
		p.Leave("a")
		<-of.done
		require.ErrorIs(p, of.err, ErrUnknownFile)
		p.usage(1, 2, 2, 2)
		p.add(0, "a") // another of the same name starts with nothing
		again := p.acquire("a")
		held[0]()
		<-other[0].done
		held[1]()
		<-again.done
		require.NoError(p, again.err, "it holds nothing, b has one")
		p.usage(2, 2, 2, 1)
		finish(other[1])
	})
}
