package pace_test

import (
	"context"
	"errors"
	"sync"
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
			require.NoError(t, l.Wait(t.Context(), rate/10))
		}
		require.InDelta(t, 4, time.Since(began).Seconds(), 0.1)
	})
	bubble(t, "many share it", func(t *testing.T) {
		l := pace.New(rate)
		began := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 50 {
					require.NoError(t, l.Wait(t.Context(), rate/100))
				}
			})
		}
		wg.Wait()
		require.InDelta(t, 4, time.Since(began).Seconds(), 0.1)
	})
	bubble(t, "idle time is not saved up", func(t *testing.T) {
		l := pace.New(rate)
		require.NoError(t, l.Wait(t.Context(), 1))
		time.Sleep(time.Minute)
		began := time.Now()
		for range 20 {
			require.NoError(t, l.Wait(t.Context(), rate/10))
		}
		require.InDelta(t, 2, time.Since(began).Seconds(), 0.1)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := errors.New("the end")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(end) })
		began := time.Now()
		require.ErrorIs(t, pace.New(rate).Wait(ctx, 100*rate), end)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestUnlimited(t *testing.T) {
	l := pace.New(0)
	require.Nil(t, l)
	require.NoError(t, l.Wait(t.Context(), 1<<30))
	require.Equal(t, 1<<20, l.Burst(1<<20))
}

func TestBurst(t *testing.T) {
	require.Equal(t, rate/20, pace.New(rate).Burst(1<<20), "a twentieth of a second")
	require.Equal(t, 8<<10, pace.New(rate).Burst(8<<10))
	require.Equal(t, 4<<10, pace.New(1).Burst(1<<20), "not byte by byte")
}
