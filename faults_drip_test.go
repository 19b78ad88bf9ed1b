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

// 212: so do files of which each range drips, and such of which nothing comes but the head: they keep
// one connection each, and so many others are free.
func TestRangesDrip(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int64
		does Behaviour
	}{
		"ranges":              {20 * mib, Drip(1, time.Second)},
		"a head, and no byte": {50, Stall(0)},
	} {
		t.Run("212 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.option(littledl.WithMaxConcurrentFiles(5))
				drips := b.origin("drips.test:80")
				for i := range 5 {
					b.add(drips.File(fmt.Sprintf("drip%d", i), Size(c.size), Behave(c.does)), littledl.WithPriority(0))
				}
				for i := range 50 {
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(10*kib)), littledl.WithPriority(1))
				}
				time.AfterFunc(12*time.Second, func() { b.d.Cancel() })
				require.ErrorIs(b, b.start(), littledl.ErrCancelled)
				gets := b.srv.GETs()
				require.Len(b, gets, 50)
				require.Less(b, gets[49].End.Sub(b.began), 4500*time.Millisecond)
				inFlight := 0
				for _, r := range drips.GETs() {
					if r.End.IsZero() || r.End.Sub(b.began) > 8*time.Second {
						inFlight++
					}
				}
				require.GreaterOrEqual(b, inFlight, 5, "each keeps a connection")
			})
		})
	}
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
