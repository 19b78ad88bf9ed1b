package line

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// epoch is some moment; a wire has no clock.
var epoch = time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)

func TestWireTakesItsTime(t *testing.T) {
	w := newWire(Config{RTT: 100 * time.Millisecond, Rate: 1_000_000, Queue: 100}, 0)
	for i := 1; i <= 3; i++ { // 1 ms each, one behind the other
		arrives, ok := w.offer(epoch, 1000)
		require.True(t, ok)
		require.Equal(t, 50*time.Millisecond+time.Duration(i)*time.Millisecond, arrives.Sub(epoch))
	}
	later := epoch.Add(time.Second) // the wire is free again
	arrives, ok := w.offer(later, 1000)
	require.True(t, ok)
	require.Equal(t, 51*time.Millisecond, arrives.Sub(later))
	require.Equal(t, Counts{Carried: 4, Bytes: 4000}, w.counts())
}

func TestWireWithoutLimits(t *testing.T) {
	w := newWire(Config{RTT: 20 * time.Millisecond, Queue: 1}, 0)
	for range 1000 {
		arrives, ok := w.offer(epoch, mtu)
		require.True(t, ok)
		require.Equal(t, 10*time.Millisecond, arrives.Sub(epoch))
	}
}

func TestWireDropsWhatDoesNotFitTheQueue(t *testing.T) {
	w := newWire(Config{Rate: 1_000_000, Queue: 10}, 0)
	for range 100 {
		w.offer(epoch, mtu)
	}
	require.Equal(t, Counts{Carried: 11, Bytes: 11 * mtu, Dropped: 89}, w.counts(), "one is being sent, ten wait")
	_, ok := w.offer(epoch.Add(mtu*time.Microsecond), mtu)
	require.True(t, ok, "one has left")
}

func TestWireLosesItsShare(t *testing.T) {
	const packets, loss = 100_000, 0.02
	w := newWire(Config{Queue: 1, Seed: 1}, loss)
	for range packets {
		w.offer(epoch, mtu)
	}
	c := w.counts()
	require.EqualValues(t, packets, c.Carried+c.Lost)
	require.InDelta(t, packets*loss, c.Lost, 5*math.Sqrt(packets*loss), "five deviations")

	again, other := newWire(Config{Queue: 1, Seed: 1}, loss), newWire(Config{Queue: 1, Seed: 2}, loss)
	same, differ := true, false
	replayed := newWire(Config{Queue: 1, Seed: 1}, loss)
	for range 1000 {
		_, a := replayed.offer(epoch, mtu)
		_, b := again.offer(epoch, mtu)
		_, c := other.offer(epoch, mtu)
		same, differ = same && a == b, differ || a != c
	}
	require.True(t, same, "one seed, the same packets")
	require.True(t, differ)
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{RTT: -1}, {Rate: -1}, {Rate: math.NaN()}, {Queue: -1}, {Loss: -0.1}, {Loss: 1.1}, {Loss: math.NaN()}} {
		_, err := Start(c)
		require.Error(t, err)
		require.NotErrorIs(t, err, ErrUnavailable)
	}
	c, err := Config{}.check()
	require.NoError(t, err)
	require.Equal(t, Config{Queue: 256, Control: "cubic"}, c)
}
