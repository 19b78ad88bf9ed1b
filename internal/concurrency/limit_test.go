package concurrency

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/replay"
)

// host is a limit, and the time at a host that it is about.
type host struct {
	*testing.T
	Limit
	now      time.Time
	received int64
}

func newHost(t *testing.T, most int) *host {
	return &host{T: t, Limit: New(most), now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (h *host) pass(d time.Duration) { h.now = h.now.Add(d) }

// send sends so many requests, one after the other.
func (h *host) send(n int) (sent []*Request) {
	for range n {
		h.pass(time.Microsecond)
		sent = append(sent, h.Begin(h.now))
	}
	return sent
}

func (h *host) end(sent ...*Request) {
	for _, t := range sent {
		h.End(t, h.now)
	}
}

// second is one in which so many bytes come, while every slot is in use and more are wanted.
func (h *host) second(bytes int64) int {
	h.pass(time.Second)
	h.received += bytes
	return h.Tick(h.now, Usage{Used: h.Allowed(), Waiting: 1, Received: h.received})
}

func TestOneRefusal(t *testing.T) {
	h := newHost(t, 16)
	sent := h.send(6)
	h.pass(100 * time.Millisecond)
	require.Equal(t, 5, h.Refused(sent[5], h.now), "what is being served")

	h = newHost(t, 16)
	sent = h.send(12)
	h.pass(100 * time.Millisecond)
	require.Equal(t, 8, h.Refused(sent[11], h.now), "but no more than half")
	h.end(sent...)
	h.pass(time.Second)
	require.Equal(t, 1, h.Refused(h.send(1)[0], h.now), "one request is always sent")
}

// TestCrowd: a host that bears six refuses all others of a crowd, which is one discovery.
func TestCrowd(t *testing.T) {
	t.Run("answered", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(16)
		h.pass(100 * time.Millisecond)
		for _, r := range sent[6:] {
			require.LessOrEqual(t, h.Refused(r, h.now), 8)
			h.end(r)
		}
		require.Equal(t, 6, h.Allowed())
		require.Equal(t, firstHoldOff, h.holdOff)
		require.Equal(t, 6, h.InFlight())
	})
	t.Run("cut off, so that they are over by then", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(16)
		h.pass(100 * time.Millisecond)
		for _, r := range sent[6:] {
			h.end(r)
			h.TurnedAway(r, h.now)
		}
		require.Equal(t, 6, h.Allowed())
	})
	t.Run("larger than what is remembered", func(t *testing.T) {
		h := newHost(t, 128)
		sent := h.send(128)
		h.pass(100 * time.Millisecond)
		h.end(sent[:6]...)
		for _, r := range sent[6:] {
			h.Refused(r, h.now)
			h.end(r)
		}
		require.Equal(t, 6, h.Allowed())
	})
}

// TestBeside: who was there when a request was refused.
func TestBeside(t *testing.T) {
	h := newHost(t, 16)
	before := h.send(3)
	h.pass(time.Second)
	h.end(before[0]) // it is over when the refused one begins
	refused := h.send(1)[0]
	soon := h.send(2)
	h.pass(time.Second)
	late := h.send(1)
	h.end(before[1], soon[0])
	require.Equal(t, 4, h.Refused(refused, h.now), "two from before and two begun with it, one of each over by now")
	h.end(late...)
}

func TestOutageIsNoLimit(t *testing.T) {
	t.Run("others break afterwards", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(8)
		h.pass(time.Millisecond)
		require.Equal(t, 7, h.TurnedAway(sent[7], h.now))
		require.Equal(t, 6, h.TurnedAway(sent[6], h.now))
		h.pass(time.Second / 2)
		h.Interrupted(sent[0], h.now)
		require.Equal(t, 16, h.Allowed(), "both are taken back")
		require.Equal(t, 16, h.second(1000), "as if nothing had been")
	})
	t.Run("others break before", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(8)
		h.Interrupted(sent[1], h.now)
		require.True(t, h.Breaking(h.now))
		require.Equal(t, 16, h.TurnedAway(sent[0], h.now))
		h.pass(breakTime)
		require.False(t, h.Breaking(h.now))
		require.Equal(t, 7, h.TurnedAway(sent[0], h.now))
	})
	t.Run("others break much later", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(8)
		h.TurnedAway(sent[7], h.now)
		h.pass(breakTime)
		h.Interrupted(sent[0], h.now)
		require.Equal(t, 7, h.Allowed())
	})
	t.Run("it said so", func(t *testing.T) {
		h := newHost(t, 16)
		sent := h.send(8)
		h.TurnedAway(sent[7], h.now)
		h.Refused(sent[6], h.now)
		h.Interrupted(sent[0], h.now)
		require.Equal(t, 6, h.Allowed())
	})
}

func TestNeverRefused(t *testing.T) {
	h := newHost(t, 16)
	for range 60 {
		require.Equal(t, 16, h.second(1000))
	}
}

func TestGrowth(t *testing.T) {
	refusedAtEight := func(t *testing.T) *host {
		h := newHost(t, 16)
		h.second(0)
		sent := h.send(8)
		h.pass(time.Millisecond)
		h.Refused(sent[7], h.now)
		h.end(sent...)
		require.Equal(t, 7, h.Allowed())
		return h
	}
	t.Run("while it pays", func(t *testing.T) {
		h := refusedAtEight(t)
		for range 9 {
			require.Equal(t, 7, h.second(700), "what was refused is not tried at once")
		}
		for n := 8; n <= 16; n++ {
			require.Equal(t, n, h.second(int64(h.Allowed())*100))
		}
		require.Equal(t, 16, h.second(1600), "the caller's limit")
	})
	t.Run("that does not pay", func(t *testing.T) {
		h := refusedAtEight(t)
		for h.second(700) == 7 {
		}
		require.Equal(t, 7, h.second(700))
		for range 9 {
			require.Equal(t, 7, h.second(700), "it is not tried again so soon")
		}
		require.Equal(t, 8, h.second(700))
	})
	t.Run("that nobody wants", func(t *testing.T) {
		h := refusedAtEight(t)
		for range 60 {
			h.pass(time.Second)
			require.Equal(t, 7, h.Tick(h.now, Usage{Used: 7}))
			h.pass(time.Second)
			require.Equal(t, 7, h.Tick(h.now, Usage{Used: 6, Waiting: 1}), "they wait for something else")
		}
	})
	t.Run("that is refused again", func(t *testing.T) {
		h := refusedAtEight(t)
		for h.second(700) == 7 {
		}
		sent := h.send(8)
		h.pass(time.Millisecond)
		require.Equal(t, 7, h.Refused(sent[7], h.now))
		for range 19 {
			require.Equal(t, 7, h.second(700), "twice as long")
		}
		require.Equal(t, 8, h.second(700))
	})
}

// TestFindsWhatAHostBears: within a few refusals, and it stays there.
func TestFindsWhatAHostBears(t *testing.T) {
	const most = 32
	for capacity := 1; capacity <= 40; capacity++ {
		h := newHost(t, most)
		episodes := 0
		for second := range 300 {
			sent := h.send(h.Allowed())
			h.pass(10 * time.Millisecond)
			served := min(capacity, len(sent))
			for _, r := range sent[served:] {
				h.Refused(r, h.now)
			}
			if served < len(sent) {
				episodes++
			}
			h.end(sent...)
			h.second(int64(served) * 1000)
			if second > 30 { // halved at first, and one more a second after ten
				require.InDelta(t, min(capacity, most), h.Allowed(), 1, "capacity %d, after %d s", capacity, second)
			}
		}
		require.LessOrEqual(t, episodes, 8, "capacity %d", capacity)
		if capacity >= most {
			require.Zero(t, episodes)
		}
	}
}

// TestLimitProperties holds whatever happens.
func TestLimitProperties(t *testing.T) {
	rnd := rand.New(rand.NewPCG(replay.Seed(t), 0))
	for range 60 {
		most := 1 + rnd.IntN(32)
		h := newHost(t, most)
		var inFlight, over []*Request
		for range 300 {
			h.pass(time.Duration(rnd.ExpFloat64() * float64(time.Second)))
			was, allowed := h.Allowed(), h.Allowed()
			switch op := rnd.IntN(10); {
			case op < 4:
				inFlight = append(inFlight, h.Begin(h.now))
			case op < 7 && len(inFlight) > 0:
				i := rnd.IntN(len(inFlight))
				h.end(inFlight[i])
				over, inFlight = append(over, inFlight[i]), slices.Delete(inFlight, i, i+1)
			case op == 7 && len(inFlight) > 0:
				allowed = h.Refused(inFlight[rnd.IntN(len(inFlight))], h.now)
				require.LessOrEqual(t, allowed, was)
			case op == 8 && len(over) > 0: // its connection was closed, so it is over
				allowed = h.TurnedAway(over[len(over)-1], h.now)
				require.LessOrEqual(t, allowed, was)
			case rnd.IntN(4) == 0 && len(over) > 0:
				h.Interrupted(over[len(over)-1], h.now)
				allowed = h.Allowed()
				require.GreaterOrEqual(t, allowed, was)
			default:
				allowed = h.second(int64(rnd.ExpFloat64() * 1e6))
				require.LessOrEqual(t, max(allowed-was, was-allowed), 1, "one step at a time")
			}
			require.Equal(t, allowed, h.Allowed())
			require.GreaterOrEqual(t, allowed, 1)
			require.LessOrEqual(t, allowed, most)
			require.Equal(t, len(inFlight), h.InFlight())
		}
	}
}

// TestRoom: twice as many as have been served may be tried, and so many of which nothing is known;
// never what was refused, nor what the caller does not allow.
func TestRoom(t *testing.T) {
	l := New(30)
	now := time.Unix(0, 0)
	require.Equal(t, untried, l.Room())
	var all []*Request
	begin := func(n int) {
		for range n {
			all = append(all, l.Begin(now))
		}
	}
	begin(untried)
	require.Zero(t, l.Room())
	for i, r := range all {
		l.Answered(r, now)
		require.Equal(t, max(2*(i+1)-untried, 0), l.Room())
	}
	begin(16 - untried)
	for _, r := range all {
		l.Answered(r, now)
	}
	require.Equal(t, 30-16, l.Room())
	for _, r := range all[3:] {
		l.End(r, now)
	}
	require.Equal(t, 27, l.Room(), "it has served more before")
	now = now.Add(time.Minute)
	l.Refused(l.Begin(now), now)
	require.Zero(t, l.Room())
}

// TestSetMost: what the caller allows may change; what a host was seen to bear stays known.
func TestSetMost(t *testing.T) {
	l := New(10)
	for _, n := range []int{3, 20, 1, 7} { // it has refused nothing
		l.SetMost(n)
		require.Equal(t, n, l.Allowed())
	}
	now := time.Now()
	served := l.Begin(now)
	l.Answered(served, now)
	l.Refused(l.Begin(now), now)
	require.Equal(t, 1, l.Allowed())
	l.SetMost(30)
	require.Equal(t, 1, l.Allowed())

	l = New(10)
	for range 4 {
		l.Answered(l.Begin(now), now)
	}
	l.Refused(l.Begin(now), now)
	require.Equal(t, 4, l.Allowed())
	for most, want := range []int{1, 2, 3, 4, 4, 4} {
		l.SetMost(1)
		l.SetMost(most + 1)
		require.Equal(t, want, l.Allowed())
	}
	l.SetMost(2)
	l.Refused(l.Begin(now.Add(time.Second)), now.Add(time.Second))
	l.SetMost(10)
	require.LessOrEqual(t, l.Allowed(), 2, "what was learned meanwhile counts more")
}
