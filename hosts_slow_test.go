package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestTooSlow: what comes too slowly for too long is asked for again, as often as what stands
// still, and fails, however much it has brought each time.
func TestTooSlow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate, least int64
		size        int64
	}{
		"next to nothing": {kib, 10 * kib, mib},
		"a lot":           {300 * kib, 2 * mib, 100 * mib},
		"in one stream":   {30 * kib, 100 * kib, 4 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.MinSpeed, b.conf.MinSpeedTime = c.least, 5*time.Second
				id := b.add(b.srv.File("slow", faultserver.Size(c.size), faultserver.Behave(faultserver.Slow(c.rate))))
				quick := b.add(b.srv.File("quick", faultserver.Size(20*mib)))
				err := b.start()
				require.ErrorIs(b, err, littledl.ErrTooSlow)
				require.ErrorIs(b, b.task(id).Err, littledl.ErrTooSlow)
				require.True(b, b.task(quick).IsCompleted())
				require.InDelta(b, 4*5+2, b.took.Seconds(), 5)
			})
		})
	}
}

// TestTooSlowForAWhile: one that is slow for less than the time, or by turns, is not too slow.
func TestTooSlowForAWhile(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.conf.MinSpeed, b.conf.MinSpeedTime = 100*kib, 5*time.Second
		b.restarts = 1
		id := b.add(b.srv.File("a", faultserver.Size(2*mib), faultserver.Behave(faultserver.First(1, faultserver.Slow(10*kib)))))
		short := b.add(b.srv.File("short", faultserver.Size(40*kib), faultserver.Behave(faultserver.Slow(10*kib))))
		require.NoError(b, b.start())
		require.Equal(b, 1, b.task(id).RetryCount)
		require.Zero(b, b.task(short).RetryCount)
	})
}

// TestTooSlowTurnsElsewhere: another source is asked when one is too slow.
func TestTooSlowTurnsElsewhere(t *testing.T) {
	t.Parallel()
	enhBubble(t, func(b *enhBed) {
		b.conf.MinSpeed, b.conf.MinSpeedTime = 500*kib, 3*time.Second
		first, second := b.origin("a.test"), b.origin("b.test")
		f := first.File("f", faultserver.Size(20*mib), faultserver.Behave(faultserver.Slow(10*kib)))
		second.File("f", append(sameAs(f), faultserver.Size(20*mib))...)
		b.mirrored("f", f.Content(), nil, first, second)
		require.NoError(b, b.start())
		require.Less(b, b.took, 12*time.Second)
		require.NotEmpty(b, second.GETs())
	})
}

// TestNotTooSlow: what we hold up ourselves is not too slow: by any speed limit, while paused, while
// a host is waited for.
func TestNotTooSlow(t *testing.T) {
	t.Parallel()
	for name, prep := range map[string]func(*bed) []littledl.URLOption{
		"the batch's speed": func(b *bed) []littledl.URLOption { b.conf.MaxSpeed = 50 * kib; return nil },
		"the host's": func(b *bed) []littledl.URLOption {
			b.conf.Hosts = map[string]littledl.HostConfig{"files.test": {MaxSpeed: 50 * kib}}
			return nil
		},
		"its own": func(b *bed) []littledl.URLOption { return []littledl.URLOption{littledl.WithMaxSpeed(50 * kib)} },
		"a pause": func(b *bed) []littledl.URLOption {
			time.AfterFunc(time.Second, func() { b.d.Pause() })
			time.AfterFunc(30*time.Second, func() { b.d.Resume() })
			return nil
		},
		"Retry-After": func(b *bed) []littledl.URLOption {
			b.srv.Behave(faultserver.First(1, faultserver.Status(503, faultserver.RetryAfter("30"))))
			return nil
		},
		"no answer yet": func(b *bed) []littledl.URLOption {
			b.srv.Behave(faultserver.First(1, faultserver.Delay(20*time.Second)))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.MinSpeed, b.conf.MinSpeedTime = 200*kib, 2*time.Second
				opts := prep(b)
				id := b.add(b.srv.File("a", faultserver.Size(3*mib), faultserver.Behave(faultserver.Slow(mib))), opts...)
				require.NoError(b, b.d.Start(b.Context()))
				require.NotErrorIs(b, b.task(id).Err, littledl.ErrTooSlow)
				require.True(b, b.task(id).IsCompleted())
			})
		})
	}
}

// TestTooSlowBelowALimit: a limit that holds nothing up does not excuse anybody.
func TestTooSlowBelowALimit(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.conf.MinSpeed, b.conf.MinSpeedTime, b.conf.MaxSpeed = 100*kib, 2*time.Second, 10*mib
		b.add(b.srv.File("a", faultserver.Size(3*mib), faultserver.Behave(faultserver.Slow(20*kib))))
		require.ErrorIs(b, b.start(), littledl.ErrTooSlow)
	})
}

func TestMinSpeedInvalid(t *testing.T) {
	for _, c := range []littledl.DownloadConfig{{MinSpeed: -1}, {MinSpeedTime: -1}} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(c))
		require.ErrorIs(t, err, littledl.ErrInvalidOption, fmt.Sprint(c.MinSpeed))
	}
}
