package task

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPlaces: no more tasks than places, the best first, and a place goes on to the next.
func TestPlaces(t *testing.T) {
	tab := table(2)
	require.True(t, tab.Idle(true))
	c := add(t, tab, "http://files.test/c", Spec{Priority: 2})
	a := add(t, tab, "http://files.test/a", Spec{})
	b := add(t, tab, "http://files.test/b", Spec{Priority: 1})
	require.Same(t, a, tab.Take())
	require.Same(t, b, tab.Take())
	require.Nil(t, tab.Take(), "every place is taken")
	require.True(t, tab.Crowded())

	tab.End(a, Completed, "", nil)
	next, more := tab.Next(true)
	require.Same(t, c, next)
	require.False(t, more)
	require.False(t, tab.Crowded())
	add(t, tab, "http://files.test/d", Spec{})
	add(t, tab, "http://files.test/e", Spec{})
	next, more = tab.Next(false)
	require.Nil(t, next, "none was wanted")
	require.True(t, more, "a task waits and there is a place for it")
	require.False(t, tab.Idle(true))
}

// TestDelayed: a task that is delayed holds no place, and is nobody's until its time has come.
func TestDelayed(t *testing.T) {
	tab, now := table(1), time.Unix(100, 0)
	late := add(t, tab, "http://files.test/late", Spec{})
	soon := add(t, tab, "http://files.test/soon", Spec{})
	require.Same(t, late, tab.Take())
	tab.Delay(late, now.Add(time.Minute), true)
	require.Equal(t, 1, tab.Holding())
	next, more := tab.Next(true)
	require.Nil(t, next, "who has to ask Due first gets nothing")
	require.True(t, more)

	require.Same(t, soon, tab.Take())
	tab.Delay(soon, now.Add(time.Second), false)
	tab.Next(true)
	require.False(t, tab.Idle(true))
	require.Equal(t, now.Add(time.Second), tab.Due(now))
	require.Nil(t, tab.Take())
	require.Equal(t, now.Add(time.Minute), tab.Due(now.Add(time.Second)))
	require.Same(t, soon, tab.Take())
	tab.End(soon, Completed, "", nil)
	tab.Next(true)
	require.True(t, tab.Due(now.Add(time.Minute)).IsZero())
	require.Zero(t, tab.Holding())
	require.Same(t, late, tab.Take())
}

// TestManyDelayed: what is wished of one task costs the same, however many are delayed.
func TestManyDelayed(t *testing.T) {
	const n = 100_000
	tab := table(n)
	var all []*Task
	for i := range n {
		one := add(t, tab, fmt.Sprint("http://files.test/", i), Spec{})
		require.Same(t, one, tab.Take())
		tab.Delay(one, time.Unix(int64(i), 0), false)
		tab.Next(false)
		all = append(all, one)
	}
	began := time.Now()
	for _, one := range slices.Backward(all) {
		tab.Wish(one, Cancel, nil)
	}
	require.Less(t, time.Since(began), time.Second)
	require.Empty(t, tab.delayed)
}

// TestDrain: all that waits is handed out, in the order it was added.
func TestDrain(t *testing.T) {
	tab := table(1)
	delayed := add(t, tab, "http://files.test/a", Spec{})
	require.Same(t, delayed, tab.Take())
	tab.Delay(delayed, time.Unix(1, 0), true)
	tab.Next(false)
	second := add(t, tab, "http://files.test/b", Spec{Priority: 2})
	third := add(t, tab, "http://files.test/c", Spec{Priority: 1})
	require.Equal(t, []*Task{delayed, second, third}, tab.Drain())
	require.True(t, tab.Idle(true))
	require.Zero(t, tab.Holding())
}

// TestPreempts: a transfer makes way for what is more urgent, and, being large or of a size
// that nobody knows, for what is as urgent and known to be small.
func TestPreempts(t *testing.T) {
	tab := table(1)
	tab.Take()
	running := add(t, tab, "http://files.test/running", Spec{Priority: 1})
	require.Same(t, running, tab.Take())
	for _, other := range []string{"x", "y"} {
		add(t, tab, "http://files.test/"+other, Spec{Priority: 1})
	}
	require.True(t, tab.Crowded())
	require.False(t, tab.Preempts(1, false), "nobody knows its size")

	one := tab.Unsized(1)
	require.NotNil(t, one)
	tab.Hint(one, mib+1)
	require.True(t, tab.Preempts(1, false))
	require.False(t, tab.Preempts(1, true), "of two small ones the first stays")
	require.False(t, tab.Preempts(0, false), "less urgent")
	require.True(t, tab.Preempts(2, true))
	require.Nil(t, tab.Unsized(1), "as many as that are sized")

	tab.Requeue(running)
	next, _ := tab.Next(true)
	require.Same(t, one, next)
}

// TestUnsized: sizes are asked for once, not of the best task, nor of one whose file another
// fetches, nor where a single one waits.
func TestUnsized(t *testing.T) {
	tab := table(1)
	best := add(t, tab, "http://files.test/a", Spec{})
	require.Nil(t, tab.Unsized(9), "a single one")
	add(t, tab, "http://files.test/a", Spec{})
	require.Nil(t, tab.Unsized(9), "a single one, and another waits for it")
	b := add(t, tab, "http://files.test/b", Spec{})
	c := add(t, tab, "http://files.test/c", Spec{})
	require.Same(t, b, tab.Unsized(9))
	require.Same(t, c, tab.Unsized(9))
	require.Nil(t, tab.Unsized(9))
	tab.Hint(c, 5)
	require.Same(t, c, tab.Take(), "it is the smallest")
	require.False(t, tab.Queued(c))
	require.True(t, tab.Queued(best))
	tab.Hint(c, 7)
	require.EqualValues(t, 5, tab.Snapshot(c).Size, "a hint that comes late is of no use")
	tab.Known(c, 9, true)
	tab.Requeue(c)
	tab.Hint(c, 7)
	require.EqualValues(t, 9, tab.Snapshot(c).Size)
	require.EqualValues(t, 3*9, tab.Totals().Bytes, "the others are taken to be as large")
}

// TestUnsizedAgain: who was about to start is asked for in the next Start, if it did not.
func TestUnsizedAgain(t *testing.T) {
	tab := table(1)
	a := add(t, tab, "http://files.test/a", Spec{})
	require.Same(t, a, tab.Take())
	b, c := add(t, tab, "http://files.test/b", Spec{}), add(t, tab, "http://files.test/c", Spec{})
	require.Same(t, c, tab.Unsized(9))
	require.Nil(t, tab.Unsized(9))
	for _, one := range append(tab.Drain(), a) {
		tab.End(one, Cancelled, "download", errors.New("cancelled"))
	}
	tab.Next(false)
	tab.EndStart()
	tab.BeginStart()
	require.Same(t, b, tab.Unsized(9))
	require.Nil(t, tab.Unsized(9))
}

// TestFiles: those are in transfer that somebody has begun with, wherever their places are.
func TestFiles(t *testing.T) {
	tab := table(2)
	a := add(t, tab, "http://files.test/a", Spec{})
	tab.Take()
	require.Zero(t, tab.Files())
	tab.Begin(a, nil)
	require.Equal(t, 1, tab.Files())
	tab.Leave(a, nil, "", 0)
	require.Zero(t, tab.Files())
}

// TestRemovedIsNotBegun: what is to be removed is not queued again by a Start that begins meanwhile.
func TestRemovedIsNotBegun(t *testing.T) {
	tab := table(1)
	a := add(t, tab, "http://files.test/a", Spec{})
	require.Same(t, a, tab.Take())
	tab.End(a, Failed, "download", nil)
	tab.Next(false)
	tab.Wish(a, Remove, nil)
	tab.BeginStart()
	require.Same(t, a, tab.Granted())
	kind, _ := tab.Wished(a)
	require.Equal(t, Remove, kind)
	tab.Remove(a, Cancelled, nil)
	tab.Done()
	require.Nil(t, tab.Take())
	require.True(t, tab.Idle(true))
}
