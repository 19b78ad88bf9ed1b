package origin

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/health"
)

// TestOneOriginManyURLs: what one file has found out, another knows, however its URL names
// the origin.
func TestOneOriginManyURLs(t *testing.T) {
	b := newBed(t, 4, nil)
	o := b.of("http://a.test/x")
	require.Equal(t, "http://a.test:80", o.Name())
	for _, same := range []string{"http://a.test/y?z", "http://a.test:80/", "HTTP://A.TEST/", "http://user:secret@a.test/"} {
		require.Same(t, o, b.of(same), same)
		require.Same(t, o, b.of(same), "once more: %s", same)
	}
	for _, other := range []string{"https://a.test/", "http://a.test:8080/", "http://b.test/"} {
		require.NotSame(t, o, b.of(other), other)
	}
	require.Equal(t, 4*4, b.Capacity())
}

// TestOriginOfRaw: what is not taken apart is nobody else's.
func TestOriginOfRaw(t *testing.T) {
	b := newBed(t, 4, nil)
	for range 2 { // the second time all hosts were met before
		for _, raw := range []string{
			"http://a.test/x", "http://a.test", "http://a.test?b.test/", "http://a.test#b.test/", "http://a.test:8080/", "https://a.test/", "http://a.test/://b.test/",
			"HTTP://A.test/", " http://a.test/", "http://a.test:80/", "http://b.test@a.test/", "http://a.test@b.test/", "http://b.test/@a.test/", `http:\\a.test\x`, `http://a.test\b`, "http://a.test./",
		} {
			o, err := b.OfRaw(raw)
			require.NoError(t, err, raw)
			require.Same(t, b.of(raw), o, raw)
		}
	}
	_, err := b.OfRaw(`http://a.test\@b.test/`)
	require.Error(t, err)
	_, err = b.OfRaw("ftp://a.test/")
	require.Error(t, err)
}

// TestServedInAnEarlierStart: an origin that has served is known for that in the next Start,
// from its first answer on; one that has only refused is not.
func TestServedInAnEarlierStart(t *testing.T) {
	first := newBed(t, 4, nil)
	served, refused := first.of("http://a.test/"), first.of("http://b.test/")
	served.Answered(time.Now())
	refused.Refused(time.Now(), time.Second, errTest)
	next := NewTable(first.conf)
	require.True(t, next.Of(first.url("http://A.test:80/")).Health().Served())
	require.Equal(t, health.Up, next.Of(first.url("http://a.test/")).Health().State)
	require.Equal(t, health.Health{}, next.Of(first.url("http://b.test/")).Health())
}

// TestClock: the batch's begins with the table.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 4, nil)
		require.Zero(t, b.At(time.Now()))
		time.Sleep(3 * time.Second)
		require.Equal(t, 3*time.Second, b.At(time.Now()))
		o := b.of("http://a.test/")
		o.Refused(time.Now(), 2*time.Second, errTest)
		require.Equal(t, 5*time.Second, o.Health().Until)
		require.Equal(t, 2*time.Second, o.Backoff(time.Now()))
		time.Sleep(time.Minute)
		require.Zero(t, o.Backoff(time.Now()))
	})
}

// TestTick: an origin that has refused requests gets more of them again while they are
// wanted and bring more, unless limits shall stay as they are.
func TestTick(t *testing.T) {
	for _, adaptive := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(t, 4, nil)
			b.conf.Adaptive = adaptive
			o := b.of("http://a.test/")
			o.limit.Refused(o.sent(), time.Now())
			o.group.Resize(o.Capacity())
			require.Equal(t, 1, b.Capacity())
			l := o.Lease(Claim{})
			require.NoError(t, l.Acquire(t.Context()))
			waits := o.Lease(Claim{})
			go func() { _ = waits.Acquire(t.Context()) }()
			synctest.Wait()
			most := 0
			for range 30 {
				b.Tick(time.Now())
				synctest.Wait()
				most = max(most, b.used(o)[0])
				time.Sleep(time.Second)
				o.Received(1 << 20)
			}
			l.Release()
			synctest.Wait()
			if adaptive {
				require.Equal(t, 2, most, "of those that want a slot")
			} else {
				require.Equal(t, 1, most)
			}
		})
	}
}
