package budget

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestBound: groups under one bound share it; others do not count, and who waits is served by
// whichever group's slot comes back.
func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(10)
		over := NewBound(3)
		a, b, other := p.Under(over, 2), p.Under(over, 0), p.Under(nil, 0)
		first, ok := a.TryAcquire(false)
		require.True(t, ok)
		_, ok = a.TryAcquire(false)
		require.True(t, ok)
		_, ok = a.TryAcquire(false)
		require.False(t, ok, "its own limit")
		_, ok = b.TryAcquire(false)
		require.True(t, ok)
		_, ok = b.TryAcquire(false)
		require.False(t, ok, "the bound")
		for range 7 {
			_, ok = other.TryAcquire(false)
			require.True(t, ok)
		}
		_, ok = other.TryAcquire(false)
		require.False(t, ok, "the pool")
		var got *Slot
		go func() { got, _ = b.Acquire(t.Context(), 0, false) }()
		synctest.Wait()
		require.Nil(t, got)
		first.Release()
		first.Release()
		synctest.Wait()
		require.NotNil(t, got)
		require.Equal(t, 2, b.Usage().Used)
		require.Equal(t, 3, over.used)
	})
}
