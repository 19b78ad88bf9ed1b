package segment

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var zero = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// at is a moment of a test.
func at(d time.Duration) time.Time { return zero.Add(d) }

// TestNoAnswerIsSlow: who has waited for a first byte for long has all the time left that
// there is, so that somebody is set on it.
func TestNoAnswerIsSlow(t *testing.T) {
	s := &Segment{end: 1000}
	s.begin(0, func(error) {}, 0, at(0))
	require.EqualValues(t, 10, s.timeLeft(at(0), 100))
	require.EqualValues(t, 10, s.timeLeft(at(answerTime), 100))
	require.True(t, math.IsInf(s.timeLeft(at(2*answerTime), 100), 1))

	s.begin(0, func(error) {}, 3*time.Second, at(0)) // where that is usual, it has longer
	require.EqualValues(t, 10, s.timeLeft(at(5*time.Second), 100))
	require.True(t, math.IsInf(s.timeLeft(at(7*time.Second), 100), 1))
}

// TestTimeLeft: by its own speed, once it has one worth the name.
func TestTimeLeft(t *testing.T) {
	for name, c := range map[string]struct {
		s    Segment
		want float64
	}{
		"flows":              {Segment{end: 1000, rate: 50, firstByte: at(-time.Second)}, 20},
		"has begun to flow":  {Segment{end: 1000, rate: 50, firstByte: at(-20 * time.Millisecond)}, 10},
		"flows fast at once": {Segment{end: 1000, rate: 500, firstByte: at(-20 * time.Millisecond)}, 2},
		"waits for a turn":   {Segment{end: 1000, rate: 50}, 10},
		"is all there":       {Segment{pos: 1000, end: 1000, rate: 50, firstByte: at(-time.Second)}, 0},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.s.timeLeft(at(0), 100)) })
	}
	stands := Segment{end: 1000, firstByte: at(-time.Second)}
	require.True(t, math.IsInf(stands.timeLeft(at(0), 100), 1))
}

// TestSample: the speed follows what arrives, and a look too soon after another changes
// nothing.
func TestSample(t *testing.T) {
	s := &Segment{end: 1 << 40}
	s.begin(0, func(error) {}, 0, at(0))
	s.sample(at(time.Second))
	require.Zero(t, s.rate, "nothing has arrived")

	s.firstByte = at(time.Second) // what was waited for does not count
	s.pos += 1000
	s.sample(at(1100 * time.Millisecond))
	require.InDelta(t, 10_000, s.rate, 1)
	for i := range time.Duration(40) {
		s.pos += 1000
		s.sample(at(1100*time.Millisecond + (i+1)*100*time.Millisecond))
	}
	require.InDelta(t, 10_000, s.rate, 1)
	require.Equal(t, at(5100*time.Millisecond), s.moved)

	s.pos += 1000
	s.sample(at(5110 * time.Millisecond))
	require.InDelta(t, 10_000, s.rate, 1)
	for i := range time.Duration(40) {
		s.sample(at(5100*time.Millisecond + (i+1)*100*time.Millisecond))
	}
	require.Less(t, s.rate, 100.0, "it stands still")

	// A new request for the rest begins with the speed that is known.
	s.begin(0, func(error) {}, 0, at(20*time.Second))
	before := s.rate
	s.sample(at(21 * time.Second))
	require.Equal(t, before, s.rate)
}

func TestMedianRate(t *testing.T) {
	flows := func(rate float64) *Segment { return &Segment{rate: rate, firstByte: at(0)} }
	require.Zero(t, medianRate(nil))
	require.Zero(t, medianRate([]*Segment{{rate: 7}, flows(0)}), "one does not flow, of one nothing is known")
	require.EqualValues(t, 5, medianRate([]*Segment{flows(9), flows(1), flows(5), {rate: 100}}))
}

// TestStraggles: who is far below at least two of those that can be compared, for long
// enough, and would hold up the file.
func TestStraggles(t *testing.T) {
	peer := func() *Segment { return &Segment{end: 1000, rate: 1000, firstByte: at(-time.Second)} }
	for name, c := range map[string]struct {
		change func(s *Segment)
		peers  int
		want   bool
	}{
		"far slower":             {func(*Segment) {}, 2, true},
		"only one to compare":    {func(*Segment) {}, 1, false},
		"not that slow":          {func(s *Segment) { s.rate = 260 }, 2, false},
		"done soon":              {func(s *Segment) { s.pos = 900 }, 2, false},
		"has just begun to flow": {func(s *Segment) { s.firstByte = at(-300 * time.Millisecond) }, 2, false},
		"does not flow":          {func(s *Segment) { s.firstByte = time.Time{} }, 2, false},
		"as slow as it shall be": {func(s *Segment) { s.throttled = true }, 2, false},
		"has a hedge":            {func(s *Segment) { s.hedge = &Segment{} }, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Segment{end: 1000, rate: 200, firstByte: at(-time.Second)}
			c.change(s)
			running := []*Segment{s, {end: 1000, rate: 1000, firstByte: at(-200 * time.Millisecond)}}
			for range c.peers {
				running = append(running, peer())
			}
			require.Equal(t, c.want, straggles(s, running, at(0)))
		})
	}
}

func TestSlowest(t *testing.T) {
	fast := &Segment{end: 1000, rate: 1000, firstByte: at(-time.Second)}
	slow := &Segment{pos: 900, end: 1000, rate: 10, firstByte: at(-time.Second)}
	for what, s := range map[string]*Segment{
		"hedged":          {end: 1000, rate: 1, firstByte: at(-time.Second), hedge: fast},
		"without an end":  {end: ToEnd, rate: 1, firstByte: at(-time.Second)},
		"all there":       {pos: 1000, end: 1000},
		"faster than all": {pos: 999, end: 1000, rate: 1000, firstByte: at(-time.Second)},
	} {
		require.Same(t, slow, slowest([]*Segment{fast, s, slow}, at(0), 100), what)
	}
	require.Nil(t, slowest(nil, at(0), 100))
}

// TestQuickerThanMeasured: a segment that is there before its speed can be sampled shows what
// can be had, unless it is so small that it may have waited in a buffer.
func TestQuickerThanMeasured(t *testing.T) {
	for size, quick := range map[int64]bool{burst / 2: false, burst: true} {
		p, s := inParts(2*size, 2)
		arrive(p, s[0], size, at(time.Millisecond))
		p.End(s[0], at(2*time.Millisecond))
		p.Done(s[0])
		require.Equal(t, quick, p.recentRate > 0)
	}
}
