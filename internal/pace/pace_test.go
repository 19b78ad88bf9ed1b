package pace_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/pace"
)

const rate = 1 << 20

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestRate(t *testing.T) {
	bubble(t, "one", func(t *testing.T) {
		l := pace.New(rate)
		began := time.Now()
		for range 40 {
			require.NoError(t, l.Take(t.Context(), rate/10))
		}
		require.InDelta(t, 4, time.Since(began).Seconds(), 0.1)
	})
	bubble(t, "many share it, from the first moment on", func(t *testing.T) {
		l := pace.New(rate)
		var mu sync.Mutex
		var moved [5]int64 // by seconds
		began := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 20 {
					require.NoError(t, l.Take(t.Context(), rate/100))
					mu.Lock()
					moved[int(time.Since(began).Seconds())] += rate / 100
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, n := range moved[:3] {
			require.InEpsilon(t, rate, n, 0.03)
		}
	})
	bubble(t, "idle time is not saved up", func(t *testing.T) {
		l := pace.New(rate)
		require.NoError(t, l.Take(t.Context(), 1))
		time.Sleep(time.Minute)
		began := time.Now()
		for range 20 {
			require.NoError(t, l.Take(t.Context(), rate/10))
		}
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.05)
	})
	bubble(t, "what was not moved is given back", func(t *testing.T) {
		l := pace.New(rate)
		began := time.Now()
		for range 20 {
			require.NoError(t, l.Take(t.Context(), rate/5))
			l.Return(rate / 10)
		}
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.15)
	})
}

// TestSet: a rate holds from the moment in which it is set, also for who waits.
func TestSet(t *testing.T) {
	bubble(t, "more", func(t *testing.T) {
		l := pace.New(1)
		began := time.Now()
		time.AfterFunc(time.Second, func() { l.Set(rate) })
		require.NoError(t, l.Take(t.Context(), rate))
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.01)
	})
	bubble(t, "less", func(t *testing.T) {
		l := pace.New(rate)
		began := time.Now()
		time.AfterFunc(time.Second, func() { l.Set(rate / 10) })
		require.NoError(t, l.Take(t.Context(), 2*rate))
		require.InDelta(t, 11, time.Since(began).Seconds(), 0.01)
	})
	bubble(t, "any", func(t *testing.T) {
		l := pace.New(1)
		began := time.Now()
		time.AfterFunc(time.Second, func() { l.Set(0) })
		require.NoError(t, l.Take(t.Context(), rate))
		require.NoError(t, l.Take(t.Context(), rate))
		require.Equal(t, time.Second, time.Since(began))
		l.Set(rate)
		require.NoError(t, l.Take(t.Context(), rate))
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.01)
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := errors.New("the end")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(end) })
		began := time.Now()
		l := pace.New(rate)
		require.ErrorIs(t, l.Take(ctx, 100*rate), end)
		require.Equal(t, time.Second, time.Since(began))
		require.NoError(t, l.Take(t.Context(), rate), "and what was waited for is nobody's")
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
	})
}

// TestWhoStopsWaiting: those behind it move up, and nobody waits for what nobody takes any more.
func TestWhoStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pace.New(rate)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			ctx := t.Context()
			if i%2 == 0 {
				short, cancel := context.WithCancel(ctx)
				time.AfterFunc(50*time.Millisecond, cancel)
				ctx = short
			}
			wg.Go(func() {
				err := l.Take(ctx, rate/10)
				require.Equal(t, i%2 == 0, err != nil)
				if err == nil {
					require.InDelta(t, float64(i/2+1)/10, time.Since(began).Seconds(), 0.001)
				}
			})
			synctest.Wait() // they come one after the other
		}
		wg.Wait()
	})
}

// TestAtRandom: whoever comes, gives up and returns bytes: everybody gets his bytes, no sooner than
// the rate allows, and not much later.
func TestAtRandom(t *testing.T) {
	for seed := range uint64(50) {
		bubble(t, fmt.Sprint(seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 0))
			l, began := pace.New(rate), time.Now()
			var wg sync.WaitGroup
			var moved atomic.Int64
			for range 1 + dice.IntN(30) {
				mine := rand.New(rand.NewPCG(seed, dice.Uint64()))
				wg.Go(func() {
					for range 50 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(mine.IntN(int(2*time.Second))))
						n := int64(1 + mine.IntN(rate/20))
						if l.Take(ctx, n) == nil {
							unused := int64(mine.IntN(2)) * mine.Int64N(n)
							l.Return(unused)
							moved.Add(n - unused)
						}
						cancel()
						require.LessOrEqual(t, float64(moved.Load()), rate*(time.Since(began)+30*time.Millisecond).Seconds())
					}
				})
			}
			wg.Wait()
			require.GreaterOrEqual(t, float64(moved.Load()), 0.9*rate*time.Since(began).Seconds())
		})
	}
}

func TestUnlimited(t *testing.T) {
	for _, l := range []*pace.Limiter{nil, pace.New(0), {}} {
		require.NoError(t, l.Take(t.Context(), 1<<50))
		require.Zero(t, l.Grain())
		l.Return(1)
	}
}

func TestGrain(t *testing.T) {
	require.EqualValues(t, rate/100, pace.New(rate).Grain(), "a hundredth of a second")
	require.EqualValues(t, 512, pace.New(1).Grain(), "not byte by byte")
	require.Positive(t, pace.New(math.MaxInt64).Grain())
}
