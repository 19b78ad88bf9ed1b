package recovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

const (
	ms  = time.Millisecond
	sec = time.Second
	kib = int64(1) << 10
	mib = int64(1) << 20
)

// usual are the limits of a configuration that nobody has touched.
func usual() *Limits {
	return NewLimits(health.Limits{Base: 500 * ms, MaxDelay: 30 * sec, MaxElapsed: time.Minute}, 3, 4, 1<<20)
}

// driver makes one request after the other for a file, and says what comes of each.
type driver struct {
	*testing.T
	f     *File
	o     []health.Health
	now   time.Duration
	tries wait.Tries
	asked int
}

// drive begins a file of n sources whose origins have all served before.
func drive(t *testing.T, n int) *driver {
	d := &driver{T: t, f: New(n, usual()), now: 100 * sec}
	for range n {
		d.o = append(d.o, health.New(true))
	}
	return d
}

// next is what is to be done now, when all waits are over.
func (d *driver) next() Action {
	d.Helper()
	for range 4 {
		a := d.f.Next(d.now, d.tries, d.o)
		if a.Kind != Wait {
			return a
		}
		require.Greater(d, a.Until, d.now)
		d.now = a.Until
	}
	require.Fail(d, "it waits and waits")
	return Action{}
}

// want is next, which must be this.
func (d *driver) want(k Kind, source int) Action {
	d.Helper()
	a := d.next()
	require.Equal(d, k, a.Kind, "%+v", a)
	require.Equal(d, source, a.Source, "%+v", a)
	return a
}

// fails has the next request, which goes to this source, fail.
func (d *driver) fails(source int, c fail.Class, with ...func(*Failure)) Action {
	d.Helper()
	a := d.next()
	require.True(d, a.Kind == Fetch || a.Kind == Compare, "%+v", a)
	require.Equal(d, source, a.Source)
	d.tell(a, c, with...)
	return a
}

// tell has a request fail 10 ms after it was begun.
func (d *driver) tell(a Action, c fail.Class, with ...func(*Failure)) {
	d.asked++
	e := Failure{Source: a.Source, Gen: a.Gen, Err: &fail.Error{Class: c}, Start: d.now, Now: d.now + 10*ms, Jitter: 1, Tries: d.tries}
	for _, w := range with {
		w(&e)
	}
	h := &d.o[a.Source]
	switch {
	case e.Elsewhere:
	case c == fail.Unreachable:
		h.Unreachable(e.Start, e.Now, 1, d.f.lim.Limits)
	case c == fail.Closed:
		e.Verdict = h.Closed(e.Start, e.Now, 0, 1, d.f.lim.Limits)
	case c == fail.Busy:
		h.Heard(e.Now)
		h.Refused(e.Start, e.Now, max(e.Err.RetryAfter, d.f.lim.Base), d.f.lim.Limits)
	case c == fail.Timeout && !e.Answered:
		h.Silent(e.Start, e.Now)
	}
	d.now = e.Now
	d.tries = d.f.Failed(e, d.o)
}

// serves has the next request, which goes to this source, bring so many bytes of a file.
func (d *driver) serves(source int, n, size int64) Action {
	d.Helper()
	a := d.want(Fetch, source)
	d.answers(source, size)
	d.now += 10 * ms
	d.f.Served(source, d.f.source(source).gen, d.now, n, false)
	d.tries = wait.Tries{}
	d.asked++
	return a
}

// answers has a source answer others, and this file.
func (d *driver) answers(source int, size int64) {
	d.o[source].Useful(d.now)
	d.o[source].Done()
	d.f.Answered(source, size, false)
}

// served has an origin serve somebody else.
func (d *driver) served(source int) {
	d.o[source].Useful(d.now)
	d.o[source].Done()
}

func (d *driver) compares(source int, same bool) {
	d.Helper()
	a := d.want(Compare, source)
	d.served(source)
	d.f.Compared(source, a.Gen, same)
	d.asked++
}

// Facts of a failure.

func asking(ask time.Duration) func(*Failure) {
	return func(e *Failure) { e.Err.RetryAfter, e.Err.Asked = ask, true }
}

func bringing(n int64) func(*Failure) {
	return func(e *Failure) { e.Answered, e.Brought = true, n }
}

func takes(t time.Duration) func(*Failure) { return func(e *Failure) { e.Now = e.Start + t } }

func elsewhere(e *Failure) { e.Elsewhere = true }
