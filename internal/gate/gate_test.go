package gate_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/gate"
	"github.com/littledl/littledl/internal/replay"
)

var (
	errPaused = errors.New("paused")
	errEnd    = errors.New("the end")
)

func TestPauseEndsTheEpoch(t *testing.T) {
	g := gate.New(t.Context())
	defer g.Close()
	first, err := g.Enter(t.Context())
	require.NoError(t, err)
	same, ok := g.Try()
	require.True(t, ok)
	require.Equal(t, first, same)

	g.Pause(errPaused)
	require.ErrorIs(t, context.Cause(first), errPaused)
	_, ok = g.Try()
	require.False(t, ok)
	g.Pause(errEnd) // no second time
	require.ErrorIs(t, context.Cause(first), errPaused)

	g.Resume()
	second, ok := g.Try()
	require.True(t, ok)
	require.NoError(t, second.Err())
	require.Error(t, first.Err(), "an epoch that has ended does not come back")
	g.Resume()
	again, _ := g.Try()
	require.Equal(t, second, again, "resuming what runs begins nothing new")
}

func TestEnterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(t.Context())
		defer g.Close()
		g.Pause(errPaused)
		var in atomic.Int32
		for range 5 {
			go func() {
				epoch, err := g.Enter(t.Context())
				if err == nil && epoch.Err() == nil {
					in.Add(1)
				}
			}()
		}
		time.Sleep(time.Hour)
		require.Zero(t, in.Load())
		g.Resume()
		synctest.Wait()
		require.EqualValues(t, 5, in.Load(), "all of them go on")
	})
}

func TestEnterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(t.Context())
		defer g.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		g.Pause(errPaused)
		time.AfterFunc(time.Second, func() { cancel(errEnd) })
		_, err := g.Enter(ctx)
		require.ErrorIs(t, err, errEnd)
		g.Resume()
		_, err = g.Enter(ctx)
		require.ErrorIs(t, err, errEnd, "an open gate lets no ended context in")
	})
}

func TestParentEndsEverything(t *testing.T) {
	parent, cancel := context.WithCancelCause(t.Context())
	g := gate.New(parent)
	defer g.Close()
	epoch, err := g.Enter(t.Context())
	require.NoError(t, err)
	cancel(errEnd)
	require.ErrorIs(t, context.Cause(epoch), errEnd)
	_, err = g.Enter(t.Context())
	require.ErrorIs(t, err, errEnd)
}

func TestCloseReleasesTheEpoch(t *testing.T) {
	g := gate.New(t.Context())
	epoch, _ := g.Try()
	g.Close()
	require.Error(t, epoch.Err())
}

// TestHurry pauses and resumes as fast as it can while others enter: nobody is left
// outside an open gate, and nobody gets an epoch that does not end with its pause.
func TestHurry(t *testing.T) {
	seed := replay.Seed(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := gate.New(ctx)
		var entered atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			wg.Go(func() {
				for {
					epoch, err := g.Enter(ctx)
					if err != nil {
						return
					}
					entered.Add(1)
					select {
					case <-epoch.Done():
					case <-time.After(time.Duration(rnd.IntN(1000)) * time.Microsecond):
					}
				}
			})
		}
		rnd := rand.New(rand.NewPCG(seed, 100))
		for range 500 {
			g.Pause(errPaused)
			if rnd.IntN(2) == 0 {
				time.Sleep(time.Duration(rnd.IntN(1000)) * time.Microsecond)
			}
			g.Resume()
			if rnd.IntN(2) == 0 {
				time.Sleep(time.Duration(rnd.IntN(1000)) * time.Microsecond)
			}
		}
		before := entered.Load()
		time.Sleep(10 * time.Millisecond)
		require.GreaterOrEqual(t, entered.Load(), before+8, "somebody waits at an open gate")
		cancel()
		wg.Wait()
	})
}
