package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 135: files that drip keep their connections and give up their places: the others are there in the
// time that they need alone, and a little, and those that drip are not ended for it.
func TestDripsGiveUpTheirPlaces(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.option(littledl.WithMaxConcurrentFiles(5))
		drips := b.origin("drips.test:80")
		for i := range 5 {
			b.add(drips.File(fmt.Sprintf("drip%d", i), Size(50), Behave(Drip(1, time.Second))), littledl.WithPriority(0))
		}
		var last time.Time
		for i := range 50 {
			b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(300*kib), Behave(Slow(mib))), littledl.WithPriority(1))
		}
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs() {
			if r.End.After(last) {
				last = r.End
			}
		}
		alone := 50 * 360 * time.Millisecond / 5
		require.Less(b, last.Sub(b.began), alone*12/10+4*time.Second)
		require.LessOrEqual(b, drips.MaxInFlight(), 5)
		require.Less(b, b.took, 70*time.Second)
	})
}

// TestSlowByOurOwnLimit: what the speed limit keeps back does not drip, and nor does a file beside
// which nobody waits: no more are in flight than places.
func TestSlowByOurOwnLimit(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.MaxSpeed = 2000
		b.option(littledl.WithMaxConcurrentFiles(2), littledl.WithMaxConcurrentChunksPerFile(1))
		for i := range 6 {
			b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(8000)))
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.srv.MaxInFlight(), 2)
	})
}
