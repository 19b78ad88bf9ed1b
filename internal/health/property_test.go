package health

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// TestAnyOrder: whatever happens to an origin, in any order.
func TestAnyOrder(t *testing.T) {
	seed := replay.Seed(t)
	for i := range 500 {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		var h Health
		now := time.Duration(0)
		for range 60 {
			now += time.Duration(rnd.IntN(3000)) * ms
			h.InFlight = h.Serving + rnd.IntN(2)
			before, event := h, rnd.IntN(10)
			start := max(now-time.Duration(rnd.IntN(4000))*ms, 0)
			verdict := happens(&h, event, start, now, rnd)
			check(t, before, h, event, start, now, verdict)
			if t.Failed() {
				t.Fatalf("world %d, at %v: event %d\n%+v\n%+v", i, now, event, before, h)
			}
		}
	}
}

// What may happen.
const (
	anUnreachable = iota
	aClosed
	aRefusal
	aUseful
	aDone
	aBreak
	aSilence
	aHeard
	aGaveUp
	anError
)

func happens(h *Health, event int, start, now time.Duration, rnd *rand.Rand) (v Verdict) {
	switch event {
	case anUnreachable:
		h.Unreachable(start, now, rnd.Float64(), usual)
	case aClosed:
		v = h.Closed(start, now, 0, rnd.Float64(), usual)
	case anError:
		v = h.Erred(1+uint64(rnd.IntN(2)), rnd.IntN(2) == 0, start, now, rnd.Float64(), usual)
	case aRefusal:
		h.Refused(start, now, time.Duration(rnd.IntN(20000))*ms, usual)
	case aUseful:
		h.Useful(now)
	case aDone:
		if h.Serving > 0 {
			h.Done()
		}
	case aBreak:
		h.Interrupted(now)
	case aSilence:
		h.Silent(start, now)
	case aHeard:
		h.Heard(now)
	case aGaveUp:
		h.GaveUp()
	}
	return v
}

func check(t *testing.T, before, h Health, event int, start, now time.Duration, v Verdict) {
	outage := event == anUnreachable || v == Outage
	ended := event == aUseful && before.State >= Busy
	require.Equal(t, ended, h.Epoch == before.Epoch+1, "an epoch ends with an outage, and only then")
	require.True(t, ended || h.Epoch == before.Epoch)
	require.True(t, before.State == h.State || outage || event == aRefusal || event == aUseful)
	require.True(t, h.State != Unheard || before.State == Unheard)
	if outage {
		require.Equal(t, Down, h.State)
		require.Greater(t, h.waited.Spent(), before.waited.Spent(), "no failure is free")
		if start < before.Until {
			require.Equal(t, before.Until, h.Until, "one of a crowd")
		} else {
			require.LessOrEqual(t, h.Until-now, MaxBackoff)
			require.Greater(t, h.Until, now)
		}
	}
	if event == aRefusal && before.InFlight > 0 {
		require.Equal(t, before, h, "one too many")
	}
	if event == aUseful {
		require.True(t, h.WithinDeadline(usual) && h.Until == 0 && !h.Unresponsive(usual))
	} else {
		require.GreaterOrEqual(t, h.Until, before.Until, "nobody is asked sooner for a failure")
		require.True(t, before.WithinDeadline(usual) || !h.WithinDeadline(usual), "the deadline moves with an answer alone")
	}
	require.True(t, h.WithinDeadline(usual) || h.State >= Busy)
	require.True(t, h.Askable(h.Until, usual))
	if event == aClosed || event == anError {
		before.erring = h.erring
		require.True(t, v == Outage || h == before)
		require.True(t, h.served || v == Unknown)
		require.Equal(t, h.Serving == 0 && event == anError && v != Unknown, v == Outage && event == anError)
	}
}

// TestRebase: on another clock all goes on the same.
func TestRebase(t *testing.T) {
	seed := replay.Seed(t)
	for i := range 300 {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		var h Health
		now := time.Duration(0)
		for range 1 + rnd.IntN(20) {
			now += time.Duration(rnd.IntN(3000)) * ms
			happens(&h, rnd.IntN(9), now, now, rnd)
		}
		moved := h
		moved.Rebase(now)
		for k := range 10 {
			event, at := rnd.IntN(9), time.Duration(k)*700*ms
			r := rand.New(rand.NewPCG(seed, uint64(k)))
			v := happens(&h, event, now+at, now+at+100*ms, r)
			r = rand.New(rand.NewPCG(seed, uint64(k)))
			require.Equal(t, v, happens(&moved, event, at, at+100*ms, r), "world %d", i)
			require.Equal(t, h.State, moved.State)
			require.Equal(t, max(h.Until-now, 0), moved.Until)
			require.Equal(t, h.WithinDeadline(usual), moved.WithinDeadline(usual))
			require.Equal(t, h.Unresponsive(usual), moved.Unresponsive(usual))
		}
	}
}
