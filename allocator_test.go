package littledl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAllocatorOptions(t *testing.T) {
	for _, v := range [][2]int{{0, 16}, {-1, 16}, {5, 0}, {5, -1}} {
		_, err := NewDynamicStyleAllocator(nil, v[0], v[1])
		require.ErrorIs(t, err, ErrInvalidOption, v)
	}
	d, err := NewDynamicStyleAllocator(nil, 5, 16)
	require.NoError(t, err)
	_, err = d.AddFile(t.Context(), FileRequest{})
	require.ErrorIs(t, err, ErrInvalidOption, "an empty id")
	_, err = d.AddFile(t.Context(), FileRequest{FileID: "a", Priority: -1})
	require.ErrorIs(t, err, ErrInvalidOption)
	require.ErrorIs(t, d.Resize(0), ErrInvalidOption)
	require.Equal(t, AllocatorStats{MaxChunks: 16}, d.GetStats(), "what was refused has left nothing")
}

func TestAllocatorUnknownFile(t *testing.T) {
	allocBubble(t, "everywhere", 1, 1, func(a allocation) {
		const id = "https://user:pw@files.test/f?token=secret"
		_, err := a.Acquire(a.Context(), id)
		require.ErrorIs(a, err, ErrUnknownFile)
		for _, secret := range []string{"pw", "secret"} {
			require.NotContains(a, err.Error(), secret)
		}
		require.ErrorIs(a, a.UpdateFile(id, 1, 1), ErrUnknownFile)
		_, ok := a.GetAllocation(id)
		require.False(a, ok)
		_, ok = a.tryAcquire(id)
		require.False(a, ok)
		a.RemoveFile(id)
		a.stats(0, 1, 0, 0)
	})
	allocBubble(t, "one that still waits to be in", 1, 1, func(a allocation) {
		a.add(0, "a")
		b := a.enter(FileRequest{FileID: "b"})
		_, err := a.Acquire(a.Context(), "b")
		require.ErrorIs(a, err, ErrUnknownFile)
		a.RemoveFile("b")
		require.False(a, b.over())
		finish(b)
	})
}

func TestAllocatorDecision(t *testing.T) {
	sel, err := NewStrategySelector(WithMaxChunks(6))
	require.NoError(t, err)
	d, err := NewDynamicStyleAllocator(sel, 5, 16)
	require.NoError(t, err)
	for i, size := range []int64{-1, 1 << 20, 50 << 20, 1 << 30} {
		f := FileRequest{FileID: fmt.Sprint(i), URL: "http://files.test/f", Size: size, SupportsRange: true}
		want := sel.SelectStyle(sel.AnalyzeFile(f.URL, f.Size, f.SupportsRange))
		got, err := d.AddFile(t.Context(), f)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, _ = d.GetAllocation(f.FileID)
		require.Equal(t, want, got)
	}

	p := sel.AnalyzeFile("http://files.test/f", 1<<30, true) // the unknown size has become known
	n := NetworkProfile{RTT: 10 * time.Millisecond, Connections: 4, TotalSpeed: 32e6, MaxSpeed: 8e6, Stability: 1}
	before, _ := d.GetAllocation("0")
	want := sel.SelectStyleFor(p, n)
	require.NotEqual(t, before, want)
	require.Equal(t, want, d.decide("0", p, n))
	got, _ := d.GetAllocation("0")
	require.Equal(t, want, got)
	require.Equal(t, want, d.decide("nobody", p, n))
	_, ok := d.GetAllocation("nobody")
	require.False(t, ok)
}

func TestAllocatorAddFile(t *testing.T) {
	allocBubble(t, "twice", 2, 1, func(a allocation) {
		a.add(0, "a", "b")
		_, err := a.AddFile(a.Context(), FileRequest{FileID: "a"})
		require.ErrorIs(a, err, ErrDuplicateFile, "it must not wait")
		c := a.enter(FileRequest{FileID: "c"})
		_, err = a.AddFile(a.Context(), FileRequest{FileID: "c"})
		require.ErrorIs(a, err, ErrDuplicateFile, "it waits already")
		finish(c)
		a.RemoveFile("a")
		a.add(0, "a")
	})
	allocBubble(t, "blocks while all places are taken", 2, 1, func(a allocation) {
		a.add(0, "a", "b")
		late, later := a.enter(FileRequest{FileID: "late", Priority: 1}), a.enter(FileRequest{FileID: "later", Priority: 1})
		urgent := a.enter(FileRequest{FileID: "urgent"})
		a.stats(2, 1, 0, 0)
		for i, c := range []*allocCall{urgent, late, later} {
			require.False(a, c.over(), i)
			a.RemoveFile([]string{"a", "b", "urgent"}[i])
			<-c.done
			require.NoError(a, c.err)
			a.stats(2, 1, 0, 0)
		}
	})
	allocBubble(t, "a context that ends", 1, 1, func(a allocation) {
		a.add(0, "a")
		gone, stays := a.enter(FileRequest{FileID: "gone"}), a.enter(FileRequest{FileID: "stays"})
		gone.cancel(errors.New("given up"))
		<-gone.done
		require.EqualError(a, gone.err, "given up")
		a.RemoveFile("a")
		<-stays.done
		require.NoError(a, stays.err)

		ctx, cancel := context.WithCancelCause(a.Context())
		cancel(errors.New("too late"))
		a.RemoveFile("stays")
		_, err := a.AddFile(ctx, FileRequest{FileID: "b"})
		require.EqualError(a, err, "too late")
		_, err = a.Acquire(ctx, "b")
		require.EqualError(a, err, "too late")
		a.stats(0, 1, 0, 0)
	})
	allocBubble(t, "a context that ends while the place is given", 1, 1, func(a allocation) {
		for range 50 { // b may come back either way
			a.add(0, "a")
			b, c := a.enter(FileRequest{FileID: "b"}), a.enter(FileRequest{FileID: "c"})
			a.mu.Lock() // so that b has seen its context end, but is in line yet
			b.cancel(errors.New("given up"))
			a.dropLocked(a.files["a"])
			a.mu.Unlock()
			<-b.done
			if b.err == nil {
				a.RemoveFile("b")
			}
			<-c.done
			require.NoError(a, c.err)
			a.stats(1, 1, 0, 0)
			a.RemoveFile("c")
		}
	})
	allocBubble(t, "a context that ends while the file is let in and removed", 1, 1, func(a allocation) {
		for range 50 { // b may come back either way
			a.add(0, "a")
			b := a.enter(FileRequest{FileID: "b"})
			a.mu.Lock()
			b.cancel(errors.New("given up"))
			a.dropLocked(a.files["a"])
			a.dropLocked(a.files["b"])
			a.mu.Unlock()
			<-b.done
			a.stats(0, 1, 0, 0)
		}
	})
}

// TestAllocatorShrink is the bug of semaphores that let 10 run at capacity 5 (R8).
func TestAllocatorShrink(t *testing.T) {
	allocBubble(t, "debt is paid before anybody is served", 1, 10, func(a allocation) {
		a.add(0, "a")
		held := a.take("a", 10)
		require.NoError(a, a.Resize(5))
		waiting := a.crowd("a", 10)
		for i, release := range held[:5] {
			release()
			a.stats(1, 5, 9-i, 10)
		}
		for i, release := range held[5:] {
			release()
			a.stats(1, 5, 5, 9-i)
			require.True(a, waiting[i].over(), "first come, first served")
		}
		finish(waiting[5:]...)
		_, ok := a.tryAcquire("a")
		require.False(a, ok)
	})
	allocBubble(t, "shrinking and growing back makes no slot", 1, 10, func(a allocation) {
		a.add(0, "a")
		a.take("a", 10)
		w := a.acquire("a")
		require.NoError(a, a.Resize(5))
		require.NoError(a, a.Resize(10))
		a.stats(1, 10, 10, 1)
		finish(w)
	})
	allocBubble(t, "growing wakes as many as fit", 2, 1, func(a allocation) {
		a.add(0, "a", "b")
		a.take("a", 1)
		waiting := append(a.crowd("a", 3), a.crowd("b", 3)...)
		require.NoError(a, a.Resize(5))
		a.stats(2, 5, 5, 2)
		require.Equal(a, 4, served(waiting))
		finish(waiting...)
	})
}

func TestAllocatorCancel(t *testing.T) {
	allocBubble(t, "while it waits", 1, 1, func(a allocation) {
		a.add(0, "a")
		a.take("a", 1)
		ctx, cancel := context.WithTimeout(a.Context(), time.Minute)
		defer cancel()
		_, err := a.Acquire(ctx, "a")
		require.ErrorIs(a, err, context.DeadlineExceeded)
		a.stats(1, 1, 1, 0)
	})
	allocBubble(t, "while it is served", 1, 1, func(a allocation) {
		a.add(0, "a")
		held := a.take("a", 1)[0]
		for range 50 { // first may come back either way
			first, second := a.acquire("a"), a.acquire("a")
			a.mu.Lock() // so that first has seen its context end, but is in line yet
			first.cancel(errors.New("given up"))
			a.size = 2
			a.grantLocked()
			a.mu.Unlock()
			<-first.done
			if first.err == nil {
				first.release()
			}
			<-second.done
			require.NoError(a, second.err)
			a.stats(1, 2, 2, 0)
			second.release()
			require.NoError(a, a.Resize(1))
		}
		held()
		a.stats(1, 1, 0, 0)
	})
	allocBubble(t, "while its file is removed", 1, 1, func(a allocation) {
		for range 50 { // it may come back with either error
			a.add(0, "a")
			release := a.take("a", 1)[0]
			c := a.acquire("a")
			a.mu.Lock()
			c.cancel(errors.New("given up"))
			a.dropLocked(a.files["a"])
			a.mu.Unlock()
			<-c.done
			require.Error(a, c.err)
			a.stats(0, 1, 1, 0)
			release()
		}
	})
}

func TestAllocatorRelease(t *testing.T) {
	allocBubble(t, "again does nothing", 1, 2, func(a allocation) {
		a.add(0, "a")
		held := a.take("a", 2)
		var all sync.WaitGroup
		for range 20 {
			all.Go(held[0])
		}
		all.Wait()
		a.stats(1, 2, 1, 0)
	})
	allocBubble(t, "after the file is removed", 2, 2, func(a allocation) {
		a.add(0, "a", "b")
		held := a.take("a", 2)
		of, other := a.acquire("a"), a.crowd("b", 2)
		a.RemoveFile("a")
		<-of.done
		require.ErrorIs(a, of.err, ErrUnknownFile)
		a.stats(1, 2, 2, 2)
		a.add(0, "a") // another of the same name starts with nothing
		again := a.acquire("a")
		held[0]()
		<-other[0].done
		held[1]()
		<-again.done
		require.NoError(a, again.err, "it holds nothing, b has one")
		a.stats(2, 2, 2, 1)
		finish(other[1])
	})
}
