package task

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

const (
	url   = "http://files.test/a.bin"
	print = Print(7)
)

// fetch takes the next task, which has to be this one, and fetches it as far as complete.
func fetch(t *testing.T, tab *Table, want *Task, name string) {
	t.Helper()
	require.Same(t, want, tab.Take())
	turn, _ := tab.Turn(want)
	require.Equal(t, Fetch, turn)
	tab.Begin(want, "transfer")
	tab.Known(want, 100, true)
	tab.Count(want, 100)
	require.True(t, tab.Names(want, "a.bin").Take(name))
	tab.Leave(want, nil, "", print)
}

// TestShare: who wants the same under the same name has it when the first has it.
func TestShare(t *testing.T) {
	tab := table(4)
	first, same, elsewhere := add(t, tab, url, Spec{Dir: "d"}), add(t, tab, url, Spec{Dir: "d/"}), add(t, tab, url, Spec{Dir: "e"})
	other := add(t, tab, url, Spec{Dir: "d", Header: http.Header{"A": {"b"}}})
	fetch(t, tab, first, "a.bin")
	require.Same(t, other, tab.Take(), "other headers may bring another file")
	require.Nil(t, tab.Take())

	require.Equal(t, []*Task{same}, endOf(tab, first, Completed, "", nil))
	s := tab.Snapshot(same)
	require.Equal(t, "a.bin", s.Name())
	s.naming = naming{}
	require.Equal(t, Snapshot{Task: same, Status: Completed, Size: 100, Downloaded: 100, Ranges: true, LengthKnown: true}, s)
	require.Same(t, elsewhere, tab.Take())
	turn, done := tab.Turn(elsewhere)
	require.Equal(t, Copy, turn)
	require.Equal(t, Done{Task: first, Name: "a.bin", Size: 100, Print: print}, done)
	require.False(t, tab.Copied(elsewhere, first), "it is the same URL")
	tab.End(elsewhere, Completed, "", nil)
	require.EqualValues(t, 100, tab.Totals().Downloaded, "bytes count once")
}

// TestCopies: all that want copies make them at once; one that finds the same content in its
// place has bytes of its own.
func TestCopies(t *testing.T) {
	tab := table(4)
	first, e, f := add(t, tab, url, Spec{Dir: "d"}), add(t, tab, url, Spec{Dir: "e"}), add(t, tab, url, Spec{Dir: "f"})
	fetch(t, tab, first, "a.bin")
	tab.End(first, Completed, "", nil)
	for _, one := range []*Task{e, f} {
		require.Same(t, one, tab.Take())
		turn, _ := tab.Turn(one)
		require.Equal(t, Copy, turn)
	}
	tab.Reused(e, 100)
	tab.End(e, Completed, "", nil)
	tab.Copied(f, first)
	tab.End(f, Completed, "", nil)
	require.Equal(t, Totals{Files: 3, Completed: 3, Active: 0, Bytes: 200, Downloaded: 200, Percent: 100, Reused: 1, Saved: 100}, tab.Totals())
}

// TestLater: who comes when the first has completed shares its file as long as that is as it
// was; when that has changed the first of them fetches and the others wait for it.
func TestLater(t *testing.T) {
	tab := table(4)
	first := add(t, tab, url, Spec{Dir: "d"})
	fetch(t, tab, first, "a.bin")
	tab.End(first, Completed, "", nil)
	second, third := add(t, tab, url, Spec{Dir: "d"}), add(t, tab, url, Spec{Dir: "d"})
	require.Same(t, second, tab.Take())
	require.Nil(t, tab.Take(), "the third waits for the second")
	turn, done := tab.Turn(second)
	require.Equal(t, Share, turn)
	require.True(t, done.Shares)
	tab.Changed(first)
	turn, _ = tab.Turn(second)
	require.Equal(t, Fetch, turn)
	tab.Shared(second, first)
	require.Equal(t, []*Task{third}, endOf(tab, second, Completed, "", nil))
}

// TestHeir: where the first fails with what does not concern the others, the next of them
// fetches, and the rest wait for that one.
func TestHeir(t *testing.T) {
	tab := table(4)
	first := add(t, tab, url, Spec{Dir: "d"})
	heir, last := add(t, tab, url, Spec{Dir: "e"}), add(t, tab, url, Spec{Dir: "f"})
	here := add(t, tab, url, Spec{Dir: "d"})
	require.Same(t, first, tab.Take())
	full := errors.New("disk full")
	require.Equal(t, []*Task{here}, endOf(tab, first, Failed, "write", full))
	require.Equal(t, &Failure{TaskID: "task-4", URL: url, Op: "write", Attempts: 1, Err: full}, tab.Snapshot(here).Failure)
	require.Same(t, heir, tab.Take())
	require.Nil(t, tab.Take())
	turn, _ := tab.Turn(heir)
	require.Equal(t, Fetch, turn)
	gone := errors.New("404")
	require.Equal(t, []*Task{last}, endOf(tab, heir, Failed, "download", gone))
}

// TestCancelledTogether: what is cancelled is so for all that waited.
func TestCancelledTogether(t *testing.T) {
	tab := table(1)
	first, other := add(t, tab, url, Spec{Dir: "d"}), add(t, tab, url, Spec{Dir: "e"})
	require.Same(t, first, tab.Take())
	require.Equal(t, []*Task{other}, endOf(tab, first, Cancelled, "download", errors.New("cancelled")))
	require.Equal(t, []Status{Cancelled, Cancelled}, statuses(tab))
}

// TestOvertake: a task that is tried again and has bytes fetches for one that was added
// since and has none.
func TestOvertake(t *testing.T) {
	tab := table(1)
	old := add(t, tab, url, Spec{Dir: "d"})
	require.Same(t, old, tab.Take())
	tab.Count(old, 7)
	tab.End(old, Failed, "download", errors.New("broken off"))
	tab.Next(false)
	tab.EndStart()
	added, third := add(t, tab, url, Spec{Dir: "d"}), add(t, tab, url, Spec{Dir: "d"})
	tab.BeginStart()
	fetch(t, tab, old, "a.bin")
	require.ElementsMatch(t, []*Task{added, third}, endOf(tab, old, Completed, "", nil))
}

// TestUrgentWish: the more urgent wish of those that want the same counts.
func TestUrgentWish(t *testing.T) {
	tab := table(1)
	between := add(t, tab, "http://files.test/b", Spec{Dir: "d", Priority: 2})
	slow := add(t, tab, url, Spec{Dir: "d", Priority: 5})
	add(t, tab, url, Spec{Dir: "e", Priority: 1})
	require.Same(t, slow, tab.Take())
	require.EqualValues(t, 1, tab.Priority(slow))
	require.True(t, tab.Queued(between))
}

// TestByDigest: where content is reused the same digest makes two URLs one file, and what
// that spared is counted.
func TestByDigest(t *testing.T) {
	sum := digest.Sum{Algorithm: "md5", Bytes: "x"}
	for _, byDigest := range []bool{true, false} {
		tab := New(Config{Places: 2, ByDigest: byDigest})
		first := add(t, tab, url, Spec{Dir: "d", Hash: sum})
		mirror := add(t, tab, "http://mirror.test/b.bin", Spec{Dir: "d", Hash: sum})
		fetch(t, tab, first, "a.bin")
		require.Equal(t, !byDigest, tab.Queued(mirror))
		tab.End(first, Completed, "", nil)
		if !byDigest {
			continue
		}
		require.Same(t, mirror, tab.Take())
		turn, done := tab.Turn(mirror)
		require.Equal(t, Copy, turn, "it has a name of its own")
		require.True(t, tab.Copied(mirror, done.Task))
		tab.End(mirror, Completed, "", nil)
		c := tab.Totals()
		require.Equal(t, 1, c.Reused)
		require.EqualValues(t, 100, c.Saved)
	}
}

// TestNextStart: what an earlier Start has completed is no longer simply shared.
func TestNextStart(t *testing.T) {
	tab := table(1)
	first := add(t, tab, url, Spec{Dir: "d"})
	fetch(t, tab, first, "a.bin")
	tab.End(first, Completed, "", nil)
	tab.Next(false)
	_, _, all := tab.EndStart()
	require.True(t, all)
	again := add(t, tab, url, Spec{Dir: "d"})
	tab.BeginStart()
	require.Same(t, again, tab.Take())
	turn, _ := tab.Turn(again)
	require.Equal(t, Fetch, turn)
	done, ok := tab.Before(again)
	require.True(t, ok)
	require.Equal(t, Done{Task: first, Name: "a.bin", Size: 100, Shares: true, Print: print}, done)
	tab.Changed(first)
	_, ok = tab.Before(again)
	require.False(t, ok)
}
