package origin

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/share"
)

// shared is a budget of so many slots, for files a and b.
func shared(t *testing.T, slots int) *share.Pool {
	p := share.New(2, slots)
	require.NoError(t, p.Enter(t.Context(), "a", 0, nil))
	require.NoError(t, p.Enter(t.Context(), "b", 0, nil))
	return p
}

// TestOriginFirst: who waits for a slot of the origin holds none of the files', who waits for
// one of those has the origin's, and gives it back when that was in vain.
func TestOriginFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := shared(t, 2)
		b := newBed(t, 1, files)
		o := b.of("http://x.test/")
		first, second := o.Lease(Claim{File: "a"}), o.Lease(Claim{File: "b"})
		require.NoError(t, first.Acquire(t.Context()))
		require.NoError(t, first.Acquire(t.Context()), "it has them")
		require.Equal(t, []int{1}, b.used(o))
		require.Equal(t, 1, files.Usage().Used)
		go func() { _ = second.Acquire(t.Context()) }()
		synctest.Wait()
		require.Equal(t, 1, o.group.Usage().Waiting)
		require.Equal(t, share.Usage{Files: 2, Size: 2, Used: 1}, files.Usage())

		elsewhere, err := files.Acquire(t.Context(), "a")
		require.NoError(t, err)
		files.Resize(1)
		first.Release()
		synctest.Wait()
		require.Equal(t, []int{1}, b.used(o), "the second has it")
		require.Equal(t, share.Usage{Files: 2, Size: 1, Used: 1, Waiting: 1}, files.Usage())
		elsewhere()
		synctest.Wait()
		require.Equal(t, share.Usage{Files: 2, Size: 1, Used: 1}, files.Usage())
		second.Release()
		require.Equal(t, []int{0}, b.used(o))
		require.Zero(t, files.Usage().Used)
	})
}

// withCause is a context that has ended.
func withCause(t *testing.T, cause error) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	return ctx
}

// TestShareInVain: without the file's slot the origin's is given back.
func TestShareInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := shared(t, 1)
		b := newBed(t, 4, files)
		o := b.of("http://x.test/")
		_, err := files.Acquire(t.Context(), "a")
		require.NoError(t, err)

		l := o.Lease(Claim{File: "b"})
		require.False(t, l.TryAcquire())
		require.Equal(t, []int{0}, b.used(o))

		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error)
		go func() { failed <- l.Acquire(ctx) }()
		synctest.Wait()
		require.Equal(t, []int{1}, b.used(o))
		cancel(errTest)
		require.Equal(t, errTest, <-failed)
		require.Equal(t, []int{0}, b.used(o))

		gone := o.Lease(Claim{File: "of nobody"})
		require.ErrorIs(t, gone.Acquire(t.Context()), share.ErrUnknownFile)
		require.False(t, gone.TryAcquire())
		require.Equal(t, []int{0}, b.used(o))
		require.Equal(t, 1, files.Usage().Used)
	})
}

// TestOriginInVain: nothing is held when the origin's slot is not to be had.
func TestOriginInVain(t *testing.T) {
	files := shared(t, 4)
	b := newBed(t, 1, files)
	o := b.of("http://x.test/")
	l, late := o.Lease(Claim{File: "a"}), o.Lease(Claim{File: "b"})
	require.True(t, l.TryAcquire())
	require.True(t, l.TryAcquire(), "it has them")
	require.False(t, late.TryAcquire())
	require.Equal(t, errTest, late.Acquire(withCause(t, errTest)))
	late.Release()
	require.Equal(t, []int{1}, b.used(o))
	require.Equal(t, 1, files.Usage().Used)
}

// TestRank: the lowest is served first.
func TestRank(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, nil)
		o := b.of("http://x.test/")
		held := o.Lease(Claim{})
		require.NoError(t, held.Acquire(t.Context()))
		var order []int64
		for _, rank := range []int64{3, 1, 2} {
			go func() {
				l := o.Lease(Claim{Rank: rank})
				if l.Acquire(t.Context()) == nil {
					order = append(order, rank) // one at a time
					l.Release()
				}
			}()
			synctest.Wait()
		}
		held.Release()
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3}, order)
	})
}

// TestHops: each hop holds slots of the origin that it asks, and of no other.
func TestHops(t *testing.T) {
	files := shared(t, 4)
	b := newBed(t, 4, files)
	x, y := b.of("http://x.test/"), b.of("http://y.test/")
	l := x.Lease(Claim{File: "a"})
	require.Nil(t, l.At())
	require.NoError(t, l.Acquire(t.Context()))
	for range 2 {
		hop(t, l, "http://x.test/1", false, func() { require.Equal(t, []int{1, 0}, b.used(x, y)) })
		require.Same(t, x, l.At())
		require.Equal(t, []int{0, 0}, b.used(x, y))
		hop(t, l, "http://y.test/2", false, func() {
			require.Equal(t, []int{0, 1}, b.used(x, y))
			require.Equal(t, 1, files.Usage().Used)
			require.Equal(t, 1, y.Health().InFlight)
			require.Equal(t, 1, y.limit.InFlight())
		})
		require.Same(t, y, l.At())
		require.Zero(t, y.Health().InFlight)
		require.Zero(t, y.limit.InFlight())
		require.Zero(t, files.Usage().Used)
	}
	require.NoError(t, l.Acquire(t.Context()))
	require.Equal(t, []int{1, 0}, b.used(x, y), "the next request begins where the first did")
}

// TestHopInVain: the slot of the origin that redirected is given back before another's is
// waited for, and that origin stays the one that was asked last.
func TestHopInVain(t *testing.T) {
	b := newBed(t, 4, nil)
	x, y := b.of("http://x.test/"), b.of("http://y.test/")
	l := x.Lease(Claim{})
	l.Keep()
	hop(t, l, "http://x.test/", true, nil)
	require.Equal(t, []int{1, 0}, b.used(x, y))
	_, err := l.Admit(withCause(t, errTest), b.url("http://y.test/"))
	require.Equal(t, errTest, err)
	require.Equal(t, []int{0, 0}, b.used(x, y))
	require.Same(t, x, l.At())
	require.Zero(t, y.Health().InFlight)
}

// TestKeep: where another request follows at once, the slots stay with the lease until it is
// released, which may be once too often.
func TestKeep(t *testing.T) {
	files := shared(t, 4)
	b := newBed(t, 4, files)
	x, y := b.of("http://x.test/"), b.of("http://y.test/")
	l, another := x.Lease(Claim{File: "a"}), x.Lease(Claim{File: "b"})
	require.NoError(t, another.Acquire(t.Context()))
	l.Keep()
	for range 3 {
		require.NoError(t, l.Acquire(t.Context()))
		hop(t, l, "http://x.test/", true, nil)
		require.Equal(t, []int{2, 0}, b.used(x, y))
		require.Equal(t, 2, files.Usage().Used)
	}
	hop(t, l, "http://y.test/", true, nil)
	require.Equal(t, []int{1, 1}, b.used(x, y))
	for range 3 {
		l.Release()
		require.Equal(t, []int{1, 0}, b.used(x, y))
		require.Equal(t, 1, files.Usage().Used)
	}
}

// hop is one hop of a request.
func hop(t *testing.T, l *Lease, raw string, keeps bool, during func()) {
	t.Helper()
	_, err := l.Admit(t.Context(), bed{t: t}.url(raw))
	require.NoError(t, err)
	if during != nil {
		during()
	}
	l.Leave()
	require.Equal(t, keeps, l.slot != nil)
}

// TestTooMany: an answer that means too many requests lowers the number in flight at the
// origin that gave it, unless limits shall stay as they are.
func TestTooMany(t *testing.T) {
	for _, adaptive := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(t, 8, nil)
			b.conf.Adaptive = adaptive
			x, y := b.of("http://x.test/"), b.of("http://y.test/")
			l := x.Lease(Claim{})
			l.Refused() // nobody was asked
			l.TurnedAway()
			require.Equal(t, []int{8, 8}, []int{x.Capacity(), y.Capacity()})
			hop(t, l, "http://x.test/", false, nil)
			time.Sleep(time.Millisecond)
			hop(t, l, "http://y.test/", false, l.Refused)
			require.Equal(t, 8, x.Capacity())
			if adaptive {
				require.Equal(t, 1, y.Capacity())
				require.Equal(t, 1, y.group.Usage().Size)
			} else {
				require.Equal(t, 8, y.Capacity())
			}
		})
	}
}

// TestRenew: a lease that holds nothing may be for another origin; one that does may not.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, nil)
		x, y := b.of("http://x.test/"), b.of("http://y.test/")
		l := x.Lease(Claim{})
		require.NoError(t, l.Acquire(t.Context()))
		require.Panics(t, func() { l.Renew(y, Claim{}) })
		l.Release()
		l.Renew(y, Claim{})
		require.Nil(t, l.At())
		require.NoError(t, l.Acquire(t.Context()))
		require.Equal(t, []int{0, 1}, b.used(x, y))
		l.Release()
	})
}
