package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhStats: what is told of a mixed batch while it runs is what the servers see and
// what comes to be.
func TestEnhStats(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"], b.rates["b.test:80"] = 512*kib, 512*kib
		a, m := b.origin("a.test"), b.origin("b.test")
		for i := range 30 {
			size := int64(50 * kib)
			if i%10 == 0 {
				size = int64(6+i/5) * mib
			}
			f := a.File(fmt.Sprint(i), faultserver.Size(size))
			var opts []littledl.URLOption
			if i == 10 {
				m.File(f.Name(), faultserver.Size(size))
				opts = append(opts, enhHash(f.Content()), littledl.WithBackupURLs(m.URL(f.Name())))
			}
			b.add(f.URL(), f.Content(), opts...)
			if i%7 == 0 { // a duplicate
				b.add(f.URL(), f.Content(), opts...)
			}
		}
		b.plant("5", faultserver.Generate("other", 1, 50*kib))

		type sample struct {
			at       time.Time
			stats    littledl.BatchStats
			eta      time.Duration
			inFlight int
		}
		var samples []sample
		done := make(chan error, 1)
		go func() { done <- b.get().Start(b.Context()) }()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for running := true; running; {
			select {
			case err := <-done:
				require.NoError(b, err)
				running = false
			case now := <-tick.C:
				samples = append(samples, sample{now, b.get().GetStats(), b.get().GetProgress().ETA, a.InFlight() + m.InFlight()})
			}
		}
		end := time.Now()
		b.check()

		busy := 0
		for i, s := range samples {
			require.Equal(b, 15, s.stats.TotalThreads)
			require.Equal(b, 15, s.stats.CurrentConcurrency)
			require.LessOrEqual(b, s.stats.ActiveThreads, 15)
			require.GreaterOrEqual(b, s.stats.ActiveThreads, s.inFlight)
			require.Equal(b, s.stats.TotalFiles, s.stats.CompletedFiles+s.stats.ActiveFiles+s.stats.PendingFiles)
			require.LessOrEqual(b, s.stats.ActiveFiles, 5)
			if s.stats.ActiveThreads == 15 {
				busy++
			}
			if i > 0 {
				require.GreaterOrEqual(b, s.stats.ProgressPercent, samples[i-1].stats.ProgressPercent)
				require.GreaterOrEqual(b, s.stats.DynamicChunksAdded, samples[i-1].stats.DynamicChunksAdded)
			}
			if left := end.Sub(s.at); i > len(samples)/2 { // once all sizes are known and the speed has settled
				require.InDelta(b, left.Seconds(), s.eta.Seconds(), 1+left.Seconds()/2, "after %v", s.at.Sub(samples[0].at))
			}
		}
		require.Greater(b, busy, len(samples)/4)

		stats := b.get().GetStats()
		require.Zero(b, stats.ActiveThreads)
		require.Equal(b, stats.TotalBytes, stats.DownloadedBytes)
		require.EqualValues(b, 27*50*kib+(6+8+10)*mib, stats.TotalBytes, "of each file once")
		require.Greater(b, stats.DynamicChunksAdded, 3)
		require.LessOrEqual(b, stats.DynamicChunksAdded, len(a.GETs())+len(m.GETs())-30, "each has asked for something")
		reuse := b.get().GetFileReuseStats()
		require.Equal(b, littledl.FileReuseStats{Checks: 1, Misses: 1, BytesSavedFormatted: "0 B"}, reuse)
	})
}
