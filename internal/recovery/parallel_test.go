package recovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/wait"
)

// invited is a file of n sources that serve at once.
func invited(t *testing.T, n int, proven bool) *driver {
	d := drive(t, n)
	d.serves(0, mib, 64*mib)
	d.f.Invite(proven)
	return d
}

func (d *driver) choose(last int, l ...Load) int {
	a := d.f.Choose(d.now, wait.Tries{}, last, l, d.o)
	require.Equal(d, Fetch, a.Kind)
	return a.Source
}

// TestChoose: a worker stays with the source that served it, unless another has room and less
// to do or is much faster; one without goes where connections are least in use.
func TestChoose(t *testing.T) {
	const m = 1e6
	for name, c := range map[string]struct {
		last int
		l    []Load
		want int
	}{
		"nothing known":          {-1, []Load{{0, 4, 0}, {0, 4, 0}}, 0},
		"less to do":             {-1, []Load{{2, 4, 0}, {1, 4, 0}}, 1},
		"more capacity":          {-1, []Load{{1, 2, 0}, {2, 8, 0}}, 1},
		"faster":                 {-1, []Load{{0, 4, m}, {1, 4, 4 * m}}, 1},
		"full":                   {-1, []Load{{3, 4, m}, {1, 1, 9 * m}}, 0},
		"all full":               {-1, []Load{{6, 4, 0}, {2, 2, 0}}, 1},
		"stays":                  {1, []Load{{1, 4, m}, {0, 4, m}}, 1},
		"stays though slower":    {1, []Load{{1, 4, 2 * m}, {1, 4, m}}, 1},
		"leaves for much faster": {1, []Load{{1, 4, 2.1 * m}, {1, 4, m}}, 0},
		"leaves for less to do":  {1, []Load{{0, 4, m}, {1, 4, m}}, 0},
		"no room elsewhere":      {1, []Load{{1, 1, 9 * m}, {3, 4, m}}, 1},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, invited(t, 2, true).choose(c.last, c.l...)) })
	}
}

// TestChooseAmongReady: who is down, refuses, was left or was not compared is not chosen.
func TestChooseAmongReady(t *testing.T) {
	l := []Load{{0, 4, 0}, {1, 4, 0}, {2, 4, 0}}
	d := invited(t, 3, true)
	d.o[0].Unreachable(d.now, d.now, 1, usual().Limits)
	require.Equal(t, 1, d.choose(0, l...))
	require.False(t, d.f.HasRoom(d.now, 0, l, d.o))
	d.f.source(1).notBefore = d.now + sec // it has refused another worker
	require.Equal(t, 2, d.choose(-1, l...))
	require.False(t, d.f.HasRoom(d.now, 1, l, d.o))
	require.True(t, d.f.HasRoom(d.now, 2, l, d.o))
	d.o[2].Unreachable(d.now, d.now, 1, usual().Limits)
	require.Equal(t, 1, d.choose(-1, l...), "rather than none")
	d.o[1].Unreachable(d.now, d.now-10*ms, 1, usual().Limits)
	a := d.f.Choose(d.now, wait.Tries{}, -1, l, d.o)
	require.Equal(t, Wait, a.Kind)
	require.Equal(t, min(d.o[0].Until, d.o[1].Until, d.o[2].Until), a.Until)

	d = invited(t, 2, false)
	require.Equal(t, 0, d.choose(-1, Load{3, 4, 0}, Load{0, 4, 0}))
}

// TestWholeServesAlone: a source without ranges is not asked beside others, and begins anew
// once they are gone.
func TestWholeServesAlone(t *testing.T) {
	l := []Load{{4, 4, 0}, {0, 4, 0}}
	d := invited(t, 2, true)
	d.f.source(1).plain = true
	require.Equal(t, 0, d.choose(-1, l...))
	d.f.source(0).become(Rejected)
	d.f.have = 0
	a := d.f.Choose(d.now, wait.Tries{}, -1, l, d.o)
	require.Equal(t, []any{Restart, 1, true}, []any{a.Kind, a.Source, a.Stream})
}

// TestMovesOn: a worker that was put off turns to another source that has room, and waits if
// there is none.
func TestMovesOn(t *testing.T) {
	l := []Load{{1, 4, 0}, {1, 4, 0}}
	d := invited(t, 2, true)
	d.o[0].Sent()
	d.tell(d.f.ask(0), fail.Busy, asking(7*sec))
	at := d.now
	a := d.f.Choose(d.now, d.tries, -1, l, d.o)
	require.Equal(t, []any{Fetch, 1}, []any{a.Kind, a.Source})
	d.o[1].Sent()
	d.tell(a, fail.Busy, asking(5*sec))
	a = d.f.Choose(d.now, d.tries, -1, l, d.o)
	require.Equal(t, []any{Wait, at + 10*ms + 5*sec}, []any{a.Kind, a.Until})

	d = invited(t, 2, true)
	d.tell(d.f.ask(0), fail.Interrupted)
	l[1].Capacity = 1
	a = d.f.Choose(d.now, d.tries, -1, l, d.o)
	require.Equal(t, []any{Wait, d.tries.Until}, []any{a.Kind, a.Until})
}

// TestVerify: a mirror is compared, at the price of any request, before it serves; one that has
// another file, or no answer of any use, does not.
func TestVerify(t *testing.T) {
	verify := func(d *driver, want Kind) Action {
		a := d.f.Verify(d.now, 1, d.tries, d.o)
		require.Equal(d, want, a.Kind)
		return a
	}
	d := invited(t, 3, false)
	d.f.Compared(1, verify(d, Compare).Gen, true)
	verify(d, Leave)
	require.Equal(t, 1, d.choose(-1, Load{2, 4, 0}, Load{0, 4, 0}, Load{}))

	d = invited(t, 3, false)
	d.f.Compared(1, verify(d, Compare).Gen, false)
	verify(d, Leave)
	require.Equal(t, Different, d.f.Standing(1))

	d = invited(t, 3, false)
	d.tell(verify(d, Compare), fail.Permanent)
	verify(d, Leave)

	d = invited(t, 3, false)
	d.tell(verify(d, Compare), fail.Busy, asking(2*sec))
	require.Equal(t, d.now+2*sec, verify(d, Wait).Until)
	d.now += 2 * sec
	verify(d, Compare)

	d = invited(t, 3, false)
	d.tell(verify(d, Compare), fail.Timeout)
	verify(d, Leave)
	require.Equal(t, Suspended, d.f.Standing(1), "which may pass")
}

// TestOnePieceOrAnother: beside others that serve it does not matter which pieces one fails
// that has brought nothing.
func TestOnePieceOrAnother(t *testing.T) {
	d := invited(t, 2, true)
	for range 4 {
		a := d.f.ask(1)
		d.tries = wait.Tries{}
		d.tell(a, fail.Interrupted)
	}
	require.Equal(t, Rejected, d.f.Standing(1))
}

// TestForgiven: connections that one ends which has served beside others were too many,
// perhaps, but not for ever.
func TestForgiven(t *testing.T) {
	d := invited(t, 2, true)
	d.now += 5 * sec
	for range 3 {
		d.tell(d.f.ask(0), fail.Closed)
		require.Equal(t, Active, d.f.Standing(0))
		d.now += 5 * sec
	}
	d.tell(d.f.ask(0), fail.Closed)
	require.Equal(t, Blocked, d.f.Standing(0))
}

// TestMirrorWithoutRanges and one that has another file are left beside others that serve,
// also when they were believed before.
func TestMirrorWithoutRanges(t *testing.T) {
	for _, c := range []fail.Class{fail.NoRanges, fail.Changed} {
		d := invited(t, 2, true)
		d.tell(d.f.ask(1), c)
		require.Equal(t, Different, d.f.Standing(1))
		require.Equal(t, 0, d.choose(-1, Load{9, 4, 0}, Load{0, 4, 0}))
	}
	d := invited(t, 2, true)
	for range 17 {
		d.f.Answered(1, 64*mib, false)
		d.f.Served(1, d.f.source(1).gen, d.now, 1, true)
	}
	require.Equal(t, Different, d.f.Standing(1))
}

// TestSpare: whether a failure leaves anybody else to ask.
func TestSpare(t *testing.T) {
	d := drive(t, 2)
	require.True(t, d.f.Spare(d.now, 0, d.o))
	d.o[1].Unreachable(d.now, d.now, 1, usual().Limits)
	require.False(t, d.f.Spare(d.now, 0, d.o))
	require.True(t, d.f.Others(d.now, 0, d.o))
	require.True(t, d.f.Spare(d.now+time.Minute, 0, d.o))
}

// TestOneTooManyAmongMany: of requests that were under way together one that was too many
// says nothing of the others: what befalls those counts.
func TestOneTooManyAmongMany(t *testing.T) {
	d := invited(t, 2, true)
	a := d.f.ask(0)
	d.o[0].Sent()
	d.o[0].Sent()
	d.tell(a, fail.Busy, asking(sec))
	d.tell(a, fail.Unreachable)
	require.Equal(t, Blocked, d.f.Standing(0))
}
