package sink_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/sink"
)

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

// TestOrder: pieces that come at once, in any order, in reads of any length, some of them twice,
// reach the writer once and in order, and all that was held back is given back.
func TestOrder(t *testing.T) {
	for seed := range uint64(8) {
		dice := rand.New(rand.NewPCG(seed, 1))
		want := random(seed, 1+dice.IntN(4<<20))
		var got bytes.Buffer
		budget := sink.NewBudget(2 * int64(len(want)))
		s := sink.New(sink.To(&got), budget)
		sum, err := digest.Parse("md5", "00000000000000000000000000000000")
		require.NoError(t, err)
		s.Expect(sum)
		var wg sync.WaitGroup
		for lo := 0; lo < len(want); {
			hi := min(lo+1+dice.IntN(600<<10), len(want))
			for range 1 + dice.IntN(2) {
				require.True(t, lo == 0 || s.Reserve(int64(lo), int64(hi)))
				step, begin := 1+dice.IntN(100<<10), lo
				wg.Go(func() {
					for off := begin; off < hi; {
						n := min(step, hi-off)
						more, err := s.WriteAt(t.Context(), want[off:off+n], int64(off))
						if err != nil {
							t.Error(err)
						}
						if more {
							wg.Go(func() { _ = s.Drain(t.Context()) })
						}
						off += n
					}
				})
			}
			lo = hi
		}
		wg.Wait()
		require.NoError(t, s.Drain(t.Context()))
		require.True(t, bytes.Equal(want, got.Bytes()))
		require.EqualValues(t, len(want), s.Len())
		require.EqualValues(t, 2*len(want), budget.Left(), "all of it is given back")
		_, h := s.Sum()
		whole := sum.New()
		whole.Write(want)
		require.Equal(t, whole.Sum(nil), h.Sum(nil))
	}
}

// TestReserve: no more is reserved than there is, over all streams, and a stretch once.
func TestReserve(t *testing.T) {
	budget := sink.NewBudget(100)
	one, two := sink.New(sink.To(new(bytes.Buffer)), budget), sink.New(sink.To(new(bytes.Buffer)), budget)
	require.False(t, one.Reserve(50, 117), "two thirds at most")
	require.True(t, one.Reserve(50, 110))
	require.True(t, one.Reserve(60, 100), "it is already")
	require.False(t, one.Reserve(60, 117))
	require.False(t, two.Reserve(10, 40))
	require.True(t, two.Reserve(10, 36))
	require.EqualValues(t, 14, budget.Left())
	one.Drop()
	require.EqualValues(t, 74, budget.Left())
	two.Drop()
	require.EqualValues(t, 100, budget.Left())
}

// TestWaits: what is not reserved waits for what is before it, as long as anybody wants it.
func TestWaits(t *testing.T) {
	var got bytes.Buffer
	s := sink.New(sink.To(&got), sink.NewBudget(0))
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err := s.WriteAt(ctx, []byte("behind"), 6)
	require.ErrorIs(t, err, gone)
	done := make(chan error)
	go func() {
		_, err := s.WriteAt(t.Context(), []byte("behind"), 6)
		done <- err
	}()
	_, err = s.WriteAt(t.Context(), []byte("before"), 0)
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.Equal(t, "beforebehind", got.String())
}

// TestLeft: what was held back is delivered by whoever comes next, where nobody else is there for it.
func TestLeft(t *testing.T) {
	var got bytes.Buffer
	s := sink.New(sink.To(&got), sink.NewBudget(100))
	require.True(t, s.Reserve(3, 6))
	more, err := s.WriteAt(t.Context(), []byte("def"), 3)
	require.NoError(t, err)
	require.False(t, more, "it is not next")
	more, err = s.WriteAt(t.Context(), []byte("abc"), 0)
	require.NoError(t, err)
	require.True(t, more)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Drain(ended), context.Canceled)
	require.Equal(t, "abc", got.String())
	more, err = s.WriteAt(t.Context(), []byte("ghi"), 6) // which is not reserved
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, "abcdefghi", got.String())
}

type at struct {
	mu  sync.Mutex
	got []byte
	n   int
	err error
}

func (a *at) WriteAt(b []byte, off int64) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n += len(b)
	return copy(a.got[off:], b), a.err
}

// TestAnyOrder: a writer that takes bytes anywhere has each once; in order where a digest is to be.
func TestAnyOrder(t *testing.T) {
	want := random(1, 1<<20)
	a := &at{got: make([]byte, len(want))}
	s := sink.New(sink.ToAt(a), sink.NewBudget(0))
	require.False(t, s.Ordered())
	var wg sync.WaitGroup
	for _, lo := range rand.Perm(64) {
		for range 2 {
			wg.Go(func() {
				_, err := s.WriteAt(t.Context(), want[lo<<14:][:1<<14], int64(lo<<14))
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	require.True(t, slices.Equal(want, a.got))
	require.Equal(t, len(want), a.n)
	require.EqualValues(t, len(want), s.Len())

	s = sink.New(sink.ToAt(a), sink.NewBudget(0))
	s.Expect(digest.Sum{Algorithm: "md5", Bytes: "0123456789012345"})
	require.True(t, s.Ordered())
}

// TestErrors: the writer's error is final, counts what it took, and asks nobody for another try.
func TestErrors(t *testing.T) {
	bad := errors.New("bad")
	for _, to := range []*sink.Writer{sink.To(writer(func(b []byte) (int, error) { return 3, bad })), sink.ToAt(&at{got: make([]byte, 3), err: bad})} {
		s := sink.New(to, sink.NewBudget(0))
		_, err := s.WriteAt(t.Context(), []byte("abcdef"), 0)
		require.ErrorIs(t, err, bad)
		known := new(fail.Error)
		require.ErrorAs(t, err, &known)
		require.Equal(t, fail.Local, known.Class)
		_, err = s.WriteAt(t.Context(), []byte("def"), 3)
		require.ErrorIs(t, err, bad)
		require.EqualValues(t, 3, to.Delivered())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
