package recovery

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/replay"
)

// random is a world in which one source is good: it has the right file, and is only down,
// busy or closing connections for less than MaxElapsed, if it is in trouble at all.
func random(t testing.TB, rnd *rand.Rand) (*sim, int) {
	src := make([]conduct, 1+rnd.IntN(3))
	for j := range src {
		c := conduct{origin: j, from: time.Duration(rnd.IntN(10_000)) * ms, class: fail.Class(1 + rnd.IntN(int(fail.Local)-1))}
		if c.class == fail.Shortage {
			c.class = fail.Permanent
		}
		c.to = c.from + time.Duration(1000+rnd.IntN(58_400))*ms
		if rnd.IntN(3) > 0 {
			c.to = time.Hour
		}
		if rnd.IntN(3) == 0 {
			c.version = 1 + rnd.IntN(2)
		}
		if rnd.IntN(4) == 0 {
			c.once = 1 + rnd.IntN(3)
		}
		c.plain, c.lies = rnd.IntN(6) == 0, rnd.IntN(6) == 0
		if rnd.IntN(6) == 0 {
			c.capacity = 1 + rnd.IntN(3)
		}
		if c.class == fail.Busy {
			c.ask = time.Duration(rnd.IntN(8)) * sec
		}
		if j > 0 && rnd.IntN(6) == 0 {
			c.origin = 0
		}
		src[j] = c
	}
	good := rnd.IntN(len(src))
	g := &src[good]
	g.class = []fail.Class{fail.Unreachable, fail.Busy, fail.Closed}[rnd.IntN(3)]
	g.to = g.from + time.Duration(1000+rnd.IntN(58_400))*ms
	g.version, g.ask, g.origin, g.lies = 0, 0, good, false
	if g.class == fail.Busy {
		g.ask = time.Duration(rnd.IntN(8)) * sec
	}
	for j := range src { // a URL that is busy for good would be a reason to give up its origin
		if src[j].origin == good {
			src[j].origin = j
		}
	}
	s := newSim(t, rnd, (1+rnd.Int64N(16))*mib, 1+rnd.IntN(4), src...)
	s.digest = rnd.IntN(3) == 0
	for i := range s.o { // each has served others before
		s.o[i].Useful(0)
		s.o[i].Done()
	}
	s.now = 2 * sec
	return s, good
}

// TestOutagesFailNothing: where one source is only down, busy or closing for less than
// MaxElapsed the file is had, whatever the others do; and nothing takes for ever. The worlds
// are always the same ones, unless there is time for others.
func TestOutagesFailNothing(t *testing.T) {
	seed, enough, long := uint64(1), 60_000, 8*time.Second
	if all, ok := exploring(t); ok {
		seed, enough, long = replay.Seed(t), math.MaxInt, all
	}
	most, longest, until := 0, time.Duration(0), time.Now().Add(long)
	worlds := 0
	for ; worlds < enough && time.Now().Before(until); worlds++ {
		i := worlds
		s, good := random(t, rand.New(rand.NewPCG(seed, uint64(i))))
		if i%50 == 0 {
			s.trace = s.f.Record()
		}
		ok := func() bool {
			defer func() {
				if t.Failed() {
					t.Logf("seed %d, world %d", seed, i)
				}
			}()
			return s.run()
		}()
		if !ok {
			t.Fatalf("seed %d, world %d: good is %d of %+v; failed at %v, %+v", seed, i, good, s.src, s.now, s.ended)
		}
		most, longest = max(most, len(s.asked)), max(longest, s.now)
		if s.trace != nil {
			if err := s.trace.Replay(); err != nil {
				t.Fatalf("seed %d, world %d: %v", seed, i, err)
			}
		}
	}
	t.Logf("%d worlds, at most %d requests and %v", worlds, most, longest)
}

// TestAllBreakAtOnce: what breaks all connections of a file at once is one failure, however
// many there are.
func TestAllBreakAtOnce(t *testing.T) {
	s := newSim(t, seeded(1), 8*mib, 16, conduct{rate: 50 * kib, breaks: 4 * sec})
	if !s.run() {
		t.Fatalf("fails at %v: %+v", s.now, s.f.first)
	}
	if s.f.first.retriesSpent != 2 {
		t.Fatalf("%d failures", s.f.first.retriesSpent)
	}
}

// TestBusySourcesAreLeftAlone: workers that are put off by one of several sources do not go
// back and forth between them.
func TestBusySourcesAreLeftAlone(t *testing.T) {
	busy := conduct{class: fail.Busy, ask: 4 * sec, from: 300 * ms, to: 50 * sec}
	other := busy
	other.origin, other.ask = 1, 6*sec
	s := newSim(t, seeded(1), 8*mib, 3, busy, other)
	s.digest = true
	if !s.run() || len(s.asked) > 3*50/4+3*50/6+16+10 {
		t.Fatalf("%d requests, %+v", len(s.asked), s.ended)
	}
}

// TestOutageOfTheSecond: nor does a file fail for an outage of the only source that is left,
// whenever that began, as long as it is shorter than MaxElapsed; and be that told by others.
func TestOutageOfTheSecond(t *testing.T) {
	const lasts = time.Minute - 300*ms
	for _, first := range []fail.Class{fail.Permanent, fail.ServerError, fail.Timeout, fail.Unreachable, fail.Closed, fail.Busy} {
		for _, second := range []conduct{
			{class: fail.Unreachable}, {class: fail.Closed}, {class: fail.Busy}, {class: fail.Busy, ask: sec}, {class: fail.Busy, ask: 7 * sec}, {class: fail.Busy, ask: 13 * sec},
		} {
			for _, begins := range []time.Duration{0, 2900 * ms, 3 * sec, 3500 * ms} {
				for _, heard := range []bool{false, true} {
					dead := conduct{from: 3 * sec, to: time.Hour, class: first}
					second.origin, second.from, second.to = 1, begins, begins+lasts
					s := newSim(t, seeded(1), 16*mib, 1, dead, second)
					s.now, s.timeout, s.others = 2*sec, 5*sec, heard
					for i := range s.o {
						s.o[i] = health.New(true)
					}
					require.True(t, s.run(), "%v, %v, begins at %v, heard %v: %v", first, second, begins, heard, s.now)
				}
			}
		}
	}
}

// TestOutageOfTheLast: what is turned to after all others, and is down at that moment, is not
// used up by it.
func TestOutageOfTheLast(t *testing.T) {
	last := conduct{from: 3717 * ms, to: 12500 * ms, class: fail.Unreachable, plain: true}
	other := conduct{origin: 1, from: 5266 * ms, to: time.Hour, class: fail.Expired, version: 1}
	third := conduct{origin: 2, from: 6735 * ms, to: time.Hour, class: fail.Expired}
	s := newSim(t, seeded(1), 15*mib, 3, last, other, third)
	for i := range s.o {
		s.o[i] = health.New(true)
	}
	s.now = 2 * sec
	require.True(t, s.run(), "%v: %+v", s.now, s.ended)
}
