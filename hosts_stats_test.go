package littledl_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestGetHosts: what is known of each origin, while a Start runs and afterwards.
func TestGetHosts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.files, b.chunks = 10, 2
		b.conf.MaxConnectionsPerHost = 3
		b.conf.StreamsPerConnection = 2
		b.conf.Retry.MaxElapsed = 10 * time.Second
		busy := b.origin("busy.test:80")
		busy.Behave(faultserver.Status(http.StatusServiceUnavailable, faultserver.RetryAfter("8")))
		secure := b.origin("secure.test:443", faultserver.AnyHTTP())
		b.conf.TLSConfig = secure.ClientTLS()
		require.Nil(b, b.downloader().GetHosts())
		b.add(b.srv.File("large", faultserver.Size(60*mib)))
		b.addURL(busy.File("a").URL(), busy.Content("a"))
		b.addURL(secure.File("b", faultserver.Size(kib)).URL(), secure.Content("b"))
		b.addURL("http://nobody.test/c", nil)
		b.addURL(b.origin("late.test:80").File("d", faultserver.Behave(faultserver.Delay(5*time.Second))).URL(), b.servers[3].Content("d"))
		now := map[string]littledl.HostStats{}
		began := time.Now()
		time.AfterFunc(time.Second, func() {
			for _, h := range b.d.GetHosts() {
				now[h.Origin] = h
			}
		})
		require.Error(b, b.d.Start(b.Context()))
		synctest.Wait() // what a timer of the test wrote is seen by what follows
		require.Len(b, now, 5)
		h := now["http://files.test:80"]
		require.Equal(b, littledl.HostUp, h.State)
		require.Zero(b, h.Until)
		require.Equal(b, 3, h.Allowed)
		require.Equal(b, 2, h.InFlight)
		require.Equal(b, "HTTP/1.1", h.Protocol)
		require.InEpsilon(b, 16*mib, h.Speed, 0.1)
		require.InEpsilon(b, 16*mib, h.Bytes, 0.1)
		require.InDelta(b, 0.03, h.RoundTrip.Seconds(), 0.02)
		h = now["http://busy.test:80"]
		require.Equal(b, littledl.HostBusy, h.State)
		require.WithinDuration(b, began.Add(8*time.Second), h.Until, 200*time.Millisecond)
		require.Equal(b, 1, h.Allowed)
		require.Equal(b, "HTTP/1.1", h.Protocol, "of a refusal, too")
		require.Equal(b, littledl.HostDown, now["http://nobody.test:80"].State)
		h = now["http://late.test:80"]
		require.Equal(b, littledl.HostUnheard, h.State)
		require.Equal(b, 1, h.InFlight)
		require.Empty(b, h.Protocol)
		h = now["https://secure.test:443"]
		require.Equal(b, "HTTP/2.0", h.Protocol)
		require.EqualValues(b, kib, h.Bytes)

		last := b.d.GetHosts()
		require.Len(b, last, 5)
		for i, h := range last {
			require.True(b, i == 0 || last[i-1].Origin < h.Origin)
			require.Zero(b, h.InFlight)
			require.Zero(b, h.Speed)
		}
	})
}

// TestHostSpeedAtRest: what a host has brought before a pause is not what it brings.
func TestHostSpeedAtRest(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("large", faultserver.Size(60*mib)))
		speed := func() float64 { return b.d.GetHosts()[0].Speed }
		done := make(chan error, 1)
		go func() { done <- b.start() }()
		time.Sleep(600 * time.Millisecond)
		require.Positive(b, speed())
		require.NoError(b, b.d.Pause())
		time.Sleep(600 * time.Millisecond)
		require.Zero(b, speed())
		require.NoError(b, b.d.Resume())
		time.Sleep(600 * time.Millisecond)
		require.Positive(b, speed())
		require.NoError(b, <-done)
		require.Zero(b, speed())
	})
}

// TestGetSegments: they are the whole file at any moment, and what is there of it.
func TestGetSegments(t *testing.T) {
	t.Parallel()
	check := func(t testing.TB, s []littledl.Segment, task littledl.FileTask) {
		at, done := int64(0), int64(0)
		for i, x := range s {
			require.Equal(t, at, x.Start, "%+v", s)
			require.True(t, x.Done >= 0 && (x.End < 0 && i == len(s)-1 || x.Done <= x.End-x.Start && x.Start < x.End), "%+v", s)
			require.True(t, x.Done == 0 || x.Source != "", "%+v", s)
			at, done = x.End, done+x.Done
		}
		require.Equal(t, task.FileSize, at)
		require.Equal(t, task.Downloaded, done)
	}
	t.Run("one source", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			id := b.add(b.srv.File("large", faultserver.Size(80*mib)))
			waits := b.add(b.srv.File("waits", faultserver.Size(kib), faultserver.Behave(faultserver.First(1, faultserver.Status(503, faultserver.RetryAfter("3"))))))
			_, err := b.d.GetSegments("task-99")
			require.ErrorIs(b, err, littledl.ErrUnknownTask)
			s, err := b.d.GetSegments(id)
			require.NoError(b, err)
			require.Nil(b, s)
			var looks atomic.Int64
			for i := range 20 {
				time.AfterFunc(time.Duration(i)*100*time.Millisecond+7*time.Millisecond, func() {
					s, err := b.d.GetSegments(id)
					require.NoError(b, err)
					if task := b.task(id); task.IsActive() && task.FileSize > 0 {
						looks.Add(1)
						check(b, s, task)
						require.Greater(b, len(s), 1)
						require.Equal(b, task.URL, s[0].Source)
					}
				})
			}
			time.AfterFunc(time.Second, func() {
				s, err := b.d.GetSegments(waits)
				require.NoError(b, err)
				require.Nil(b, s)
			})
			require.NoError(b, b.start())
			require.Greater(b, looks.Load(), int64(3))
			s, err = b.d.GetSegments(id)
			require.NoError(b, err)
			require.Nil(b, s)
		})
	})
	t.Run("of unknown size", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			id := b.file("a", 8*mib, faultserver.Slow(mib), faultserver.NoLength())
			time.AfterFunc(2*time.Second, func() {
				s, err := b.d.GetSegments(id)
				require.NoError(b, err)
				require.Len(b, s, 1)
				require.EqualValues(b, -1, s[0].End)
				check(b, s, b.task(id))
			})
			require.NoError(b, b.start())
		})
	})
	t.Run("two sources", func(t *testing.T) {
		enhBubble(t, func(b *enhBed) {
			first, second := b.origin("a.test"), b.origin("b.test")
			f := first.File("f", faultserver.Size(80*mib))
			second.File("f", append(sameAs(f), faultserver.Size(80*mib))...)
			id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, first, second)
			var seen sync.Map
			for i := range 10 {
				time.AfterFunc(time.Duration(i)*50*time.Millisecond+200*time.Millisecond, func() {
					s, err := b.d.GetSegments(id)
					require.NoError(b, err)
					if task := b.task(id); task.IsActive() {
						check(b, s, task)
					}
					for _, x := range s {
						seen.Store(x.Source, true)
					}
				})
			}
			require.NoError(b, b.start())
			for _, s := range []*faultserver.Server{first, second} {
				_, ok := seen.Load(s.URL("f"))
				require.True(b, ok, s.Origin())
			}
		})
	})
}
