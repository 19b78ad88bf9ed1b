package origin_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/budget"
	"github.com/littledl/littledl/internal/origin"
)

// TestForgetsIdle: of very many hosts those are forgotten that nobody has asked for a while; who is
// in use stays.
func TestForgetsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := origin.NewTable(origin.Config{Slots: budget.New(100), Most: 4, Served: new(origin.Served)})
		used, err := tab.OfRaw("http://used.test/")
		require.NoError(t, err)
		k := used.Lease(origin.Claim{})
		require.NoError(t, k.Acquire(t.Context()))
		for i := range 20_000 {
			_, err := tab.OfRaw(fmt.Sprintf("http://%d.test/", i))
			require.NoError(t, err)
		}
		tab.Tick(time.Now())
		require.Len(t, tab.Stats(), 20_001, "they may be about to be asked")
		time.Sleep(time.Minute)
		tab.Tick(time.Now())
		require.Len(t, tab.Stats(), 1)
		again, err := tab.OfRaw("http://used.test/")
		require.NoError(t, err)
		require.Same(t, used, again)
		k.Release()
	})
}
