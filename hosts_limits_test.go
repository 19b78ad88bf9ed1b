package littledl_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// highest is the highest number that was seen.
type highest struct{ atomic.Int64 }

func (h *highest) see(n int) {
	for was := h.Load(); int64(n) > was && !h.CompareAndSwap(was, int64(n)); {
		was = h.Load()
	}
}

// TestSetLimits: other limits hold within a second, down and up, as the server sees it.
func TestSetLimits(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(n int) littledl.Limits{
		"files":                 func(n int) littledl.Limits { return littledl.Limits{MaxConcurrentFiles: n} },
		"connections":           func(n int) littledl.Limits { return littledl.Limits{MaxConcurrentFiles: 40, MaxConnections: n} },
		"connections to a host": func(n int) littledl.Limits { return littledl.Limits{MaxConcurrentFiles: 40, MaxConnectionsPerHost: n} },
		"threads":               func(n int) littledl.Limits { return littledl.Limits{MaxConcurrentFiles: 40, MaxTotalThreads: n} },
		"threads and connections": func(n int) littledl.Limits {
			return littledl.Limits{MaxConcurrentFiles: 40, MaxTotalThreads: 30, MaxConnections: n}
		},
		"files of the enhanced": func(n int) littledl.Limits { return littledl.Limits{MaxConcurrentFiles: n, MaxTotalThreads: 30} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.files, b.chunks = 5, 4
				b.enhanced = set(1).MaxTotalThreads > 0
				b.opts = append(b.opts, littledl.WithSmallFilePriority(false)) // no HEADs
				b.srv.Behave(faultserver.Delay(600 * time.Millisecond))
				for i := range 150 {
					b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(10*kib)))
				}
				at := time.Now()
				for _, n := range []int{5, 2, 12, 1, 7} {
					time.AfterFunc(time.Until(at), func() { require.NoError(b, b.d.SetLimits(set(n))) })
					for late := time.Second; late < 3*time.Second; late += 70 * time.Millisecond {
						time.AfterFunc(time.Until(at)+late, func() { require.LessOrEqual(b, b.srv.InFlight(), n, "%v after %d", late, n) })
					}
					var most highest
					for late := time.Second; late < 3*time.Second; late += 50 * time.Millisecond {
						time.AfterFunc(time.Until(at)+late, func() { most.see(b.srv.InFlight()) })
					}
					time.AfterFunc(time.Until(at)+3*time.Second, func() { require.EqualValues(b, n, most.Load()) })
					at = at.Add(3 * time.Second)
				}
				time.AfterFunc(time.Until(at), func() { require.NoError(b, b.d.SetLimits(set(40))) })
				require.NoError(b, b.d.Start(b.Context()))
				require.Equal(b, set(40), b.d.Limits())
			})
		})
	}
}

// TestSetLimitsOfOneFile: a large file that runs has more connections, or fewer.
func TestSetLimitsOfOneFile(t *testing.T) {
	t.Parallel()
	for name, enhanced := range map[string]bool{"plain": false, "enhanced": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.enhanced, b.files, b.chunks = enhanced, 1, 8
				b.conf.MaxConnections = 2
				set := func(n int) {
					l := b.d.Limits()
					l.MaxConnections = n
					if enhanced {
						l.MaxTotalThreads = 8
					}
					require.NoError(b, b.d.SetLimits(l))
				}
				b.net.Shape(faultserver.Same(line(512 * kib)))
				b.add(b.srv.File("large", faultserver.Size(30*mib)))
				seen := map[string]int{}
				look := func(when string, at time.Duration) { time.AfterFunc(at, func() { seen[when] = b.srv.InFlight() }) }
				look("two", 3*time.Second)
				time.AfterFunc(3*time.Second+1, func() { set(6) })
				look("six", 4*time.Second+time.Millisecond)
				require.NoError(b, b.d.Start(b.Context()))
				synctest.Wait() // what a timer of the test wrote is seen by what follows
				require.Equal(b, map[string]int{"two": 2, "six": 6}, seen)
			})
		})
	}
}

// TestSetLimitsSpeed: another speed holds at once, for the batch.
func TestSetLimitsSpeed(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.MaxSpeed = 100 * kib
		for i := range 3 {
			b.file(fmt.Sprint(i), 6*mib)
		}
		got := func(from, to time.Duration) func() float64 {
			var n atomic.Int64 // other limits come at whole seconds
			time.AfterFunc(from+time.Millisecond, func() { n.Add(-b.d.GetStats().ReceivedBytes) })
			time.AfterFunc(to-time.Millisecond, func() { n.Add(b.d.GetStats().ReceivedBytes) })
			return func() float64 { return float64(n.Load()) / (to - from - 2*time.Millisecond).Seconds() }
		}
		b.get()
		slow := got(time.Second, 2*time.Second)
		time.AfterFunc(2*time.Second, func() { require.NoError(b, b.d.SetLimits(littledl.Limits{MaxSpeed: mib})) })
		fast := got(2*time.Second, 3*time.Second)
		time.AfterFunc(3*time.Second, func() { require.NoError(b, b.d.SetLimits(littledl.Limits{MaxSpeed: 10 * kib})) })
		slowest := got(3*time.Second, 5*time.Second)
		time.AfterFunc(5*time.Second, func() { require.NoError(b, b.d.SetLimits(littledl.Limits{})) })
		any := got(5*time.Second, 5200*time.Millisecond)
		require.NoError(b, b.start())
		require.InEpsilon(b, 100*kib, slow(), 0.05)
		require.InEpsilon(b, mib, fast(), 0.05)
		require.InEpsilon(b, 10*kib, slowest(), 0.08)
		require.Greater(b, any(), 4.0*mib)
	})
}

// TestSetLimitsBetweenStarts: they hold for the next one, and what is refused changes nothing.
func TestSetLimitsBetweenStarts(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false), littledl.WithMaxConcurrentFiles(3))
		b.srv.Behave(faultserver.Delay(50 * time.Millisecond))
		add := func(first int) {
			for i := range 30 {
				b.file(fmt.Sprint(first+i), kib)
			}
		}
		add(0)
		require.Equal(b, littledl.Limits{MaxConcurrentFiles: 3}, b.get().Limits())
		require.NoError(b, b.start())
		require.Equal(b, 3, b.srv.MaxInFlight())
		set := littledl.Limits{MaxConcurrentFiles: 9, MaxConnections: 6, MaxConnectionsPerHost: 32768, MaxSpeed: 1 << 40}
		require.NoError(b, b.get().SetLimits(set))
		for _, wrong := range []littledl.Limits{
			{MaxConcurrentFiles: -1}, {MaxConnections: -1}, {MaxConnectionsPerHost: 32769}, {MaxSpeed: -1}, {MaxTotalThreads: 1}, {MaxConcurrentFiles: 1 << 20},
		} {
			require.ErrorIs(b, b.get().SetLimits(wrong), littledl.ErrInvalidOption, wrong)
			require.Equal(b, set, b.get().Limits())
		}
		require.Equal(b, 6, b.get().GetStats().CurrentConcurrency)
		b.srv.ResetRecords()
		add(100)
		require.NoError(b, b.start())
		require.Equal(b, 6, b.srv.MaxInFlight())
		require.NoError(b, b.get().SetLimits(littledl.Limits{}), "0: as configured")
		require.Equal(b, 20, b.get().GetStats().CurrentConcurrency)
		require.NoError(b, b.get().Stop())
		require.ErrorIs(b, b.get().SetLimits(set), littledl.ErrStopped)
		require.Zero(b, b.get().Limits())
	})
}

// TestSetLimitsUnlearnsNothing: a host that bears four is not asked for more since others may.
func TestSetLimitsUnlearnsNothing(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.opts = append(b.opts, littledl.WithSmallFilePriority(false), littledl.WithMaxConcurrentFiles(12))
		b.srv.Behave(faultserver.ConnLimit(4, faultserver.Status(http.StatusTooManyRequests)), faultserver.Delay(100*time.Millisecond))
		for i := range 300 {
			b.file(fmt.Sprint(i), 10*kib)
		}
		b.get()
		refused := func() (n int) {
			for _, r := range b.srv.GETs() {
				if r.Status == http.StatusTooManyRequests {
					n++
				}
			}
			return n
		}
		var before atomic.Int64
		time.AfterFunc(2*time.Second, func() {
			before.Store(int64(refused()))
			require.NoError(b, b.d.SetLimits(littledl.Limits{MaxConcurrentFiles: 1}))
		})
		time.AfterFunc(3*time.Second, func() { require.NoError(b, b.d.SetLimits(littledl.Limits{MaxConcurrentFiles: 30})) })
		time.AfterFunc(5*time.Second, func() {
			require.LessOrEqual(b, refused()-int(before.Load()), 1)
			require.LessOrEqual(b, b.d.GetHosts()[0].Allowed, 5)
		})
		require.NoError(b, b.start())
		require.Positive(b, before.Load())
	})
}
