package health

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// usual are the limits of a configuration that nobody has touched.
var usual = Limits{Base: 500 * ms, MaxDelay: 30 * sec, MaxElapsed: time.Minute}

// up is an origin that is serving one answer.
func up(now time.Duration) Health {
	var h Health
	h.Useful(now)
	return h
}

// idle is an origin that has served somebody and does not at the moment.
func idle(now time.Duration) Health {
	h := up(now)
	h.Done()
	return h
}

// TestTable has the transitions of the package comment.
func TestTable(t *testing.T) {
	never, long := Health{}, idle(0)
	long.fresh = 0
	down := long
	down.Unreachable(50*sec, 51*sec, 1, usual)
	for name, c := range map[string]struct {
		h       Health
		event   func(*Health) Verdict
		state   State
		verdict Verdict
	}{
		"unheard, unreachable":  {never, unreachable, Down, Outage},
		"up, unreachable":       {idle(60 * sec), unreachable, Down, Outage},
		"unheard, refused":      {never, refused, Busy, Outage},
		"up, refused":           {idle(60 * sec), refused, Busy, Outage},
		"down, refused":         {down, refused, Busy, Outage},
		"unheard, closed":       {never, closed, Unheard, Unknown},
		"long ago, closed":      {long, closed, Down, Outage},
		"just now, closed":      {idle(60 * sec), closed, Up, TurnedAway},
		"serving, closed":       {up(0), closed, Up, Draining},
		"down, closed":          {down, closed, Down, Outage},
		"earlier Start, closed": {New(true), closed, Down, Outage},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.h
			require.Equal(t, c.verdict, c.event(&h))
			require.Equal(t, c.state, h.State)
			epoch := h.Epoch
			h.Useful(62 * sec)
			require.Equal(t, Up, h.State)
			require.Zero(t, h.Until)
			ended := 0
			if c.state >= Busy {
				ended = 1
			}
			require.Equal(t, epoch+ended, h.Epoch)
		})
	}
}

func unreachable(h *Health) Verdict { h.Unreachable(60*sec, 61*sec, 1, usual); return Outage }
func refused(h *Health) Verdict     { h.Refused(60*sec, 61*sec, sec, usual); return Outage }
func closed(h *Health) Verdict      { return h.Closed(60*sec, 60500*ms, 0, 1, usual) }

// TestDelays: an origin that is down is left alone for half to whole of a delay that
// doubles, up to five seconds; a crowd that failed together moves nothing.
func TestDelays(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		var h Health
		now, whole := 10*sec, usual.Base
		for range 8 {
			begun := now
			h.Unreachable(begun, now, jitter, usual)
			d := h.Until - now
			require.InDelta(t, float64(whole)*(0.5+jitter/2), float64(d), 1)
			for range 20 {
				h.Unreachable(begun, now+ms, jitter, usual)
			}
			require.Equal(t, now+d, h.Until, "a crowd")
			now, whole = h.Until, min(2*whole, 5*sec)
		}
	}
	h, short := Health{}, usual
	short.MaxDelay = 2 * sec
	for range 8 {
		h.Unreachable(h.Until, h.Until, 1, short)
	}
	now := h.Until
	h.Unreachable(now, now, 1, short)
	require.Equal(t, now+2*sec, h.Until, "the caller's bound")
}

// ask has an origin asked by one file after the other as soon as that may be, until it is no
// longer worth it, and returns how long that was and how many requests it took.
func ask(h *Health, now, takes time.Duration, fails func(h *Health, start, now time.Duration)) (time.Duration, int) {
	begun, n := now, 0
	for h.WithinDeadline(usual) {
		now = max(now, h.Until)
		fails(h, now, now+takes)
		now += takes
		n++
	}
	return now - begun, n
}

// TestWaitedForOnce: an origin that refuses everything costs MaxElapsed, however many files
// it is asked for, as does one that is down.
func TestWaitedForOnce(t *testing.T) {
	for name, fails := range map[string]func(h *Health, start, now time.Duration){
		"down":       func(h *Health, start, now time.Duration) { h.Unreachable(start, now, 1, usual) },
		"busy":       func(h *Health, start, now time.Duration) { h.Refused(start, now, sec, usual) },
		"closes":     func(h *Health, start, now time.Duration) { h.Closed(start, now, 0, 1, usual) },
		"in turns":   turns(),
		"100 files":  func(h *Health, start, now time.Duration) { crowd(h, 100, start, now) },
		"long waits": func(h *Health, start, now time.Duration) { h.Refused(start, now, 25*sec, usual) },
	} {
		t.Run(name, func(t *testing.T) {
			h := idle(0)
			took, n := ask(&h, 10*sec, 10*ms, fails)
			require.GreaterOrEqual(t, took, 55*sec)
			require.Less(t, took, 90*sec)
			require.Less(t, n, 70)
			require.False(t, h.Askable(h.Until-1, usual))
			require.True(t, h.Askable(h.Until, usual), "by whoever comes later")
			h.Useful(200 * sec)
			require.True(t, h.WithinDeadline(usual))
		})
	}
}

func turns() func(h *Health, start, now time.Duration) {
	n := 0
	return func(h *Health, start, now time.Duration) {
		if n++; n%2 == 0 {
			h.Refused(start, now, sec, usual)
		} else {
			h.Unreachable(start, now, 1, usual)
		}
	}
}

func crowd(h *Health, n int, start, now time.Duration) {
	for range n {
		h.Sent()
	}
	for range n {
		h.Ended()
		h.Refused(start, now, sec, usual)
	}
}

// TestNobodyAskedMeanwhile: time in which no file of an origin had a place, or the batch was
// paused, is no time that it was waited for.
func TestNobodyAskedMeanwhile(t *testing.T) {
	for _, fails := range []func(h *Health, now time.Duration){
		func(h *Health, now time.Duration) { h.Unreachable(now, now, 1, usual) },
		func(h *Health, now time.Duration) { h.Refused(now, now, sec, usual) },
	} {
		h := idle(0)
		now := 10 * sec
		for range 10 {
			fails(&h, now)
			require.True(t, h.WithinDeadline(usual))
			now += 400 * sec
		}
	}
}

// TestRefusedBesideOthers: a refusal beside requests that are served, or may be, says
// nothing of the origin.
func TestRefusedBesideOthers(t *testing.T) {
	h := idle(0)
	h.Sent()
	before := h
	for range 1000 {
		h.Refused(10*sec, 11*sec, 20*sec, usual)
	}
	require.Equal(t, before, h)
	h.Ended()
	h.Refused(10*sec, 11*sec, 20*sec, usual)
	require.Equal(t, Busy, h.State)
	require.Equal(t, 31*sec, h.Until)
}

// TestBreakOneByOne: an outage that the answers under way notice one after the other is one
// all the same: requests that are ended without an answer meanwhile were not too many.
func TestBreakOneByOne(t *testing.T) {
	h := up(0)
	h.Useful(0)
	require.Equal(t, TurnedAway, h.Closed(400*ms, 450*ms, 0, 1, usual), "nothing has broken yet")
	h.Interrupted(500 * ms)
	h.Done()
	require.True(t, h.Breaking(600*ms))
	require.Equal(t, Outage, h.Closed(500*ms, 600*ms, 0, 1, usual), "the other answer has only not noticed")
	require.Equal(t, Down, h.State)
	h.Useful(2 * sec)
	require.False(t, h.Breaking(2*sec))
	require.Equal(t, TurnedAway, h.Closed(2*sec, 2100*ms, 0, 1, usual))
}

// TestOneURLThatResets: a URL that always ends the connection is no outage of its origin, as
// long as that answers others at all, and be that once in a round trip.
func TestOneURLThatResets(t *testing.T) {
	h := Health{}
	for now := time.Duration(0); now < 60*sec; now += 900 * ms {
		h.Useful(now)
		h.Done()
		require.Equal(t, TurnedAway, h.Closed(now+800*ms, now+850*ms, 0, 1, usual))
		require.Equal(t, Up, h.State)
	}
	h = idle(0)
	require.Equal(t, TurnedAway, h.Closed(3*sec, 4*sec, 2500*ms, 1, usual), "answers take long")
	require.Equal(t, Outage, h.Closed(3*sec, 4*sec, 0, 1, usual))
}

// TestServedSince: it does not matter what has become of the origin since it served, unless
// answers break off.
func TestServedSince(t *testing.T) {
	require.False(t, Health{}.ServedSince(0, 0, 0))
	require.False(t, New(true).ServedSince(0, 0, 0), "in an earlier Start")
	h := idle(5 * sec)
	require.True(t, h.ServedSince(5900*ms, 20*sec, 0))
	require.False(t, h.ServedSince(6*sec, 20*sec, 0))
	require.True(t, h.ServedSince(6*sec, 20*sec, 50*ms))
	h.Refused(5500*ms, 5600*ms, sec, usual)
	require.True(t, h.ServedSince(5900*ms, 6*sec, 0))
	h.Interrupted(5900 * ms)
	require.False(t, h.ServedSince(5900*ms, 6*sec, 0))
}

// TestOutageOverTwoStarts: an origin that has served in an earlier Start is in an outage when
// it ends connections without an answer; one that never has may be a wrong address, also
// when it could not be reached for a while.
func TestOutageOverTwoStarts(t *testing.T) {
	h := New(true)
	require.Equal(t, Outage, h.Closed(0, ms, 0, 1, usual))
	h = New(false)
	h.Unreachable(0, ms, 1, usual)
	require.Equal(t, Unknown, h.Closed(sec, 2*sec, 0, 1, usual))
}

// TestDrain: an origin that ends new connections while it goes on with the answers under way
// turns them away, and drains as soon as nobody was answered for a second; when the last
// answer has ended it is down.
func TestDrain(t *testing.T) {
	h := up(0)
	for now := 100 * ms; now < 8*sec; now += 500 * ms {
		want := Draining
		if now < sec {
			want = TurnedAway
		}
		require.Equal(t, want, h.Closed(now, now+ms, 0, 1, usual))
	}
	h.Useful(8 * sec)
	h.Done()
	require.Equal(t, TurnedAway, h.Closed(8*sec, 8*sec+ms, 0, 1, usual), "another was let in")
	h.Done()
	require.Equal(t, Outage, h.Closed(10*sec, 10*sec+ms, 0, 1, usual))
}

// TestUnresponsive: a list of an origin's files does not keep others waiting as long as
// each of them alone could.
func TestUnresponsive(t *testing.T) {
	var h Health
	for i := range 3 {
		h.Silent(time.Duration(20*i)*sec, time.Duration(20*i+20)*sec)
		require.False(t, h.Unresponsive(usual), "nobody has given up")
	}
	h.GaveUp()
	require.True(t, h.Unresponsive(usual))
	h.Heard(61 * sec)
	require.False(t, h.Unresponsive(usual))
	h.GaveUp()
	h.Silent(50*sec, 120*sec)
	require.False(t, h.Unresponsive(usual), "59 s of silence")
	h.Silent(120*sec, 121*sec)
	require.True(t, h.Unresponsive(usual))
}

// TestUnresponsiveIsAskedOrServes: time in which nobody asks does not count, nor does one
// in which the origin serves others, and requests side by side count once.
func TestUnresponsiveIsAskedOrServes(t *testing.T) {
	h := idle(0)
	for range 4 {
		h.Silent(0, 20*sec)
	}
	h.Silent(500*sec, 520*sec)
	h.GaveUp()
	require.False(t, h.Unresponsive(usual), "40 s")
	serving := up(0)
	serving.Silent(0, 100*sec)
	serving.GaveUp()
	require.False(t, serving.Unresponsive(usual))
	serving.Done()
	require.False(t, serving.Unresponsive(usual))
	h.Silent(600*sec, 621*sec)
	require.True(t, h.Unresponsive(usual))
	h.Useful(700 * sec)
	require.False(t, h.Unresponsive(usual))
}

// TestAsksForLonger: an origin that asks to be left alone for longer than it is waited for at all
// is asked by nobody before; then again.
func TestAsksForLonger(t *testing.T) {
	h := idle(0)
	h.Refused(10*sec, 11*sec, 60*sec, usual)
	require.True(t, h.WithinDeadline(usual), "exactly as long")
	h.Refused(10*sec, 11*sec, 61*sec, usual)
	require.False(t, h.Askable(60*sec, usual))
	require.True(t, h.Askable(72*sec, usual))
	h.Useful(72 * sec)
	require.True(t, h.WithinDeadline(usual))
}

// TestErred: one URL that answers with errors says nothing of its origin, two of them do, each,
// and so does one that has served. Who has never served anybody may be the wrong address.
func TestErred(t *testing.T) {
	h := Health{}
	require.Equal(t, Unknown, h.Erred(1, false, 0, ms, 1, usual))
	require.Equal(t, Unknown, h.Erred(2, false, 0, ms, 1, usual))
	for range 3 { // as often as it serves
		h.Useful(sec)
		h.Done()
		require.Equal(t, Unknown, h.Erred(1, false, 10*sec, 10*sec+ms, 1, usual))
		require.Equal(t, Unknown, h.Erred(1, false, 11*sec, 11*sec+ms, 1, usual))
		require.Equal(t, Up, h.State)
		require.Equal(t, Outage, h.Erred(2, false, 12*sec, 12*sec+ms, 1, usual))
		require.Equal(t, Down, h.State)
		require.Equal(t, Outage, h.Erred(1, false, 13*sec, 13*sec+ms, 1, usual))
		require.Equal(t, Outage, h.Erred(1, false, 14*sec, 14*sec+ms, 1, usual))
	}
	h = idle(0)
	require.Equal(t, Outage, h.Erred(1, true, 10*sec, 10*sec+ms, 1, usual))
	h = up(0)
	require.Equal(t, TurnedAway, h.Erred(1, true, 10*sec, 10*sec+ms, 1, usual))
	require.Equal(t, Draining, h.Erred(2, false, 10*sec, 10*sec+ms, 1, usual))
	require.Equal(t, Up, h.State)
}
