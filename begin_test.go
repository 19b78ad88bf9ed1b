package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// inFlightAfter is how many requests for a file the server had under way so long after it had got the
// first one.
func inFlightAfter(records []faultserver.Record, d time.Duration) (n int) {
	for _, r := range records {
		if at := records[0].Start.Add(d); !r.Start.After(at) && (r.End.IsZero() || r.End.After(at)) {
			n++
		}
	}
	return n
}

// begins runs a test with a downloader of either kind that may have 16 requests in flight, all of
// them for one file.
func begins(t *testing.T, test func(b *bed)) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.net.Shape(faultserver.Same(line(mib)))
		b.conf.MaxConnections, b.chunks = 16, 16
		b.opts = append(b.opts, littledl.WithMaxConcurrentChunksPerFile(16))
		if b.enhanced {
			b.opts = append(b.opts, littledl.WithMaxTotalThreads(16))
		}
		test(b)
	})
}

// TestBeginsWithAll: a file that is worth it has all connections that are allowed as soon as its host
// has been seen to serve the half of them, which it is asked for as soon as it has served four.
func TestBeginsWithAll(t *testing.T) {
	const trip, moment = 20 * time.Millisecond, 5 * time.Millisecond
	const buffer = time.Second / 16 // what is read at once
	begins(t, func(b *bed) {
		b.add(b.srv.File("a", faultserver.Size(48*mib)))
		require.NoError(b, b.start())
		asked := b.srv.GETs("a")
		require.Equal(b, 1, inFlightAfter(asked, trip+moment))
		require.Equal(b, 4, inFlightAfter(asked, 2*trip+moment), "a connection is made, and then one asks")
		require.Equal(b, 16, inFlightAfter(asked, 6*trip+buffer+moment))
		require.Equal(b, 16, b.srv.MaxInFlight())
	})
}

// TestBeginsWithAsMany as there are MiB, at most.
func TestBeginsWithAsMany(t *testing.T) {
	begins(t, func(b *bed) {
		b.add(b.srv.File("a", faultserver.Size(7*mib)))
		require.NoError(b, b.start())
		require.LessOrEqual(b, b.srv.MaxInFlight(), 7)
		require.Greater(b, b.srv.MaxInFlight(), 4)
	})
}

// TestBeginsWithAShare: what is idle is shared by the files in transfer.
func TestBeginsWithAShare(t *testing.T) {
	begins(t, func(b *bed) {
		b.files = 2
		for i := range 2 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(48*mib)))
		}
		require.NoError(b, b.start())
		for i := range 2 {
			require.InDelta(b, 8, inFlightAfter(b.srv.GETs(fmt.Sprint(i)), 300*time.Millisecond), 2, "who comes first takes half of what is idle, and the other half of the rest")
		}
	})
}

// TestBeginsWhereOthersWait: as long as small files wait for its place a large one has one connection.
func TestBeginsWhereOthersWait(t *testing.T) {
	begins(t, func(b *bed) {
		b.files = 2
		b.add(b.srv.File("large", faultserver.Size(48*mib)))
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(512*kib)))
		}
		require.NoError(b, b.start())
		last := b.srv.GETs("19")[0].Start
		alone := true
		for _, r := range b.srv.GETs("large")[1:] {
			alone = alone && !r.Start.Before(last)
		}
		require.True(b, alone)
		require.Equal(b, 16, b.srv.MaxInFlight("large"))
	})
}

// TestRefusesFew: a host that does not bear as many as are allowed refuses no more than the half of
// what is tried, or than what a file of which nothing is known begins with.
func TestRefusesFew(t *testing.T) {
	for limit, refused := range map[int]int{1: 5, 2: 3, 3: 2, 4: 8 - 4, 6: 8 - 6, 8: 16 - 8, 12: 16 - 12} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			begins(t, func(b *bed) {
				b.srv.Behave(faultserver.ConnLimit(limit, faultserver.Status(503)))
				b.add(b.srv.File("a", faultserver.Size(32*mib))) // it is there before more are tried again
				require.NoError(b, b.start())
				n := 0
				for _, r := range b.srv.GETs() {
					if r.Status == 503 {
						n++
					}
				}
				require.LessOrEqual(b, n, refused)
			})
		})
	}
}
