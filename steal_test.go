package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestStealsByTime: of a segment that is too short to be cut a part is taken all the same where that
// saves time. Where the caller has said how short a part may be nobody takes less: then all that is
// left is asked for a second time, if that is worth it.
func TestStealsByTime(t *testing.T) {
	const size, rate = 6 * mib, 200 * kib
	for least, stolen := range map[int64]bool{0: true, mib: false} {
		batchBubble(t, func(b *batch) {
			b.conf.MinChunkSize = least
			b.option(littledl.WithMaxConcurrentChunksPerFile(2))
			b.net.Shape(slowDial(1, rate, 2*mib))
			b.file("a", size)
			began := time.Now()
			require.NoError(b, b.start())
			require.Less(b, time.Since(began), 3200*time.Millisecond, "5.2 s without help, 2.6 s at best")
			asked := b.srv.GETs()
			require.Greater(b, len(asked), 2)
			there := int64(asked[2].Start.Sub(asked[1].Start).Seconds() * rate)
			ahead := rangeStart(asked[2]) - rangeStart(asked[1]) - there
			require.Equal(b, stolen, ahead > 32*kib, "it begins %d bytes ahead", ahead)
			_, last := askedRange(asked[2])
			require.Equal(b, int64(size), last+1)
		})
	}
}

// TestAllAreHelped: where several connections stand still at the end all are helped at once, by
// workers that had found nothing worth a request before.
func TestAllAreHelped(t *testing.T) {
	batchBubble(t, func(b *batch) {
		const each, left = 5 * mib, 100 * kib
		b.option(littledl.WithMaxConcurrentChunksPerFile(8))
		b.net.Shape(faultserver.Same(line(mib)))
		stalls := faultserver.When(func(r *faultserver.Request) bool {
			var lo, hi int64
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &lo, &hi)
			return lo%each == 0 && lo >= 4*each
		}, faultserver.Stall(each-left))
		b.file("a", 8*each, stalls)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 7*time.Second)
		helped := b.srv.GETs()[8:]
		require.GreaterOrEqual(b, len(helped), 4)
		require.Less(b, helped[3].Start.Sub(helped[0].Start), 100*time.Millisecond, "a tick")
	})
}
