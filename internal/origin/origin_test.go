package origin

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/line"
)

var errTest = errors.New("why")

// in runs a test with an origin in a bubble, some time after the batch has begun.
func in(t *testing.T, test func(t *testing.T, o *Origin)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 8, nil)
		time.Sleep(time.Hour)
		test(t, b.of("http://a.test/"))
	})
}

// TestHealthHears: each event reaches the health of the origin, in its time, and the reason
// stands beside it.
func TestHealthHears(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		began := time.Now()
		time.Sleep(time.Second)
		require.Equal(t, health.Unknown, o.Closed(began, errTest))
		require.NoError(t, o.LastErr())
		o.Unreachable(began, errTest)
		require.Equal(t, health.Down, o.Health().State)
		require.Equal(t, errTest, o.LastErr())
		require.Positive(t, o.Backoff(time.Now()))

		l := o.Lease(Claim{})
		_, err := l.Admit(t.Context(), bed{t: t}.url("http://a.test/"))
		require.NoError(t, err)
		l.Answered(time.Now(), "HTTP/1.1")
		l.Leave()
		require.Equal(t, health.Up, o.Health().State)
		require.Equal(t, 1, o.Health().Epoch)
		require.Equal(t, 1, o.Health().Serving)
		require.True(t, o.ServedSince(time.Now()))
		require.Equal(t, health.TurnedAway, o.Closed(began, errTest))
		l.Interrupted()
		o.Done()
		require.Zero(t, o.Health().Serving)
		require.False(t, o.ServedSince(time.Now()), "answers break off")
		other := errors.New("another")
		require.Equal(t, health.Outage, o.Closed(time.Now(), other))
		require.Equal(t, other, o.LastErr())

		o.Refused(time.Now(), 7*time.Second, errTest)
		require.Equal(t, health.Busy, o.Health().State)
		require.Equal(t, errTest, o.LastErr())
		require.Equal(t, 7*time.Second, o.Backoff(time.Now()))
	})
}

// TestRefusedBesideOthers: a refusal that says nothing of the origin is no reason either.
func TestRefusedBesideOthers(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		o.Unreachable(time.Now(), errTest)
		request := o.sent()
		before := o.Health()
		o.Refused(time.Now(), time.Minute, errors.New("another"))
		require.Equal(t, before, o.Health())
		require.Equal(t, errTest, o.LastErr())
		o.ended(request)
		require.Zero(t, o.Health().InFlight)
	})
}

// TestUnresponsiveUntilHeard: an origin that answers nobody is unresponsive once a file has
// given it up, and no longer when it says anything.
func TestUnresponsiveUntilHeard(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		for range 3 {
			began := time.Now()
			time.Sleep(20 * time.Second)
			o.Silent(began)
			require.False(t, o.Health().Unresponsive(limits))
		}
		o.GaveUp()
		require.True(t, o.Health().Unresponsive(limits))
		o.Heard()
		require.False(t, o.Health().Unresponsive(limits))
	})
}

// TestRoundTrip: it follows what answers take, slowly, and is what a measure has.
func TestRoundTrip(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		answer := func(takes time.Duration) {
			began := time.Now()
			time.Sleep(takes)
			o.Answered(began)
			o.Done()
		}
		require.Zero(t, o.RTT())
		answer(800 * time.Millisecond)
		require.Equal(t, 800*time.Millisecond, o.RTT())
		answer(0)
		require.Equal(t, 700*time.Millisecond, o.RTT())
		require.Zero(t, o.Measured())
		o.Measure(line.Measure{Connections: 3, TotalSpeed: 5})
		require.Equal(t, line.Measure{RTT: 700 * time.Millisecond, Connections: 3, TotalSpeed: 5}, o.Measured())
		require.True(t, o.ServedSince(time.Now().Add(time.Second+600*time.Millisecond)), "a round trip is allowed for")
	})
}

// TestQuirks: an origin does without HTTP/1.1 only if it is up and has never taken any; and
// that is found out once.
func TestQuirks(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		require.False(t, o.EndedHTTP1(), "it may just be down")
		o.Answered(time.Now())
		require.True(t, o.EndedHTTP1())
		require.False(t, o.EndedHTTP1(), "known")
		require.Equal(t, Quirks{NoHTTP1: true}, o.Quirks())
		o.SpokeHTTP1()
		require.False(t, o.EndedHTTP1(), "it takes HTTP/1.1")
		o.DislikesIfRange()
		require.Equal(t, Quirks{NoIfRange: true}, o.Quirks())
	})
}

// TestLimitTakenBack: requests that are turned away lower the number that may be in flight,
// and its slots; when answers break off at the same moment it was an outage.
func TestLimitTakenBack(t *testing.T) {
	in(t, func(t *testing.T, o *Origin) {
		l := o.Lease(Claim{})
		_, err := l.Admit(t.Context(), bed{t: t}.url("http://a.test/"))
		require.NoError(t, err)
		time.Sleep(10 * time.Millisecond)
		l.TurnedAway()
		l.Leave()
		require.Equal(t, 1, o.Capacity())
		require.Equal(t, 1, o.group.Usage().Size)
		l.Interrupted()
		require.Equal(t, 8, o.Capacity())
		require.Equal(t, 8, o.group.Usage().Size)
		require.True(t, o.Health().Breaking(o.table.At(time.Now())))
	})
}
