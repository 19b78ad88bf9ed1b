package task

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
)

// table is one with so many places.
func table(places int) *Table {
	return New(Config{Places: places, SmallFirst: true, Small: 5 * mib, Threshold: mib})
}

func add(t *testing.T, tab *Table, url string, s Spec) *Task {
	t.Helper()
	added, err := tab.Add(url, s)
	require.NoError(t, err)
	return added
}

// TestIDs: a task is found by its ID, in the one way that is written, and by nothing else.
func TestIDs(t *testing.T) {
	tab := table(1)
	first := add(t, tab, "http://files.test/a", Spec{Dir: "d"})
	second := add(t, tab, "http://files.test/b", Spec{Dir: "d"})
	require.Equal(t, []*Task{first, second}, slices.Collect(tab.Tasks()))
	require.Equal(t, []string{"task-1", "task-2"}, []string{first.ID(), second.ID()})
	require.Same(t, second, tab.ByID("task-2"))
	for _, id := range []string{"", "2", "task-", "task-0", "task--1", "task-3", "task-02", "task-+2", "Task-2", "task-2 ", "task-99999999999999999999"} {
		require.Nil(t, tab.ByID(id), id)
	}
}

// TestAddNothing: where a name is another's nothing is added, and the error says whose.
func TestAddNothing(t *testing.T) {
	tab := table(1)
	add(t, tab, "http://files.test/a", Spec{Dir: "d", Filename: "n"})
	_, err := tab.Add("http://files.test/b", Spec{Dir: "d/", Filename: "N"})
	var taken *NameTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, NameTakenError{Dir: "d/", Name: "N", Owner: "task-1"}, *taken)
	require.EqualError(t, err, `"N" in "d/" belongs to task-1`)
	_, err = tab.AddAll([]string{"http://files.test/c"}, Spec{Dir: "d", Filename: "n"})
	require.ErrorAs(t, err, &taken)
	require.Len(t, slices.Collect(tab.Tasks()), 1)
	require.Equal(t, 1, tab.Totals().Files)
}

// TestSpec: a task knows what was said of it, and no more is kept than was said.
func TestSpec(t *testing.T) {
	tab := table(1)
	plain := add(t, tab, "http://files.test/a", Spec{Dir: "d", Priority: 3})
	require.Nil(t, plain.rare)
	add(t, tab, "http://files.test/c", Spec{Dir: "e"})
	require.Same(t, plain.spec, add(t, tab, "http://files.test/d", Spec{Dir: "d", Priority: 3}).spec)
	require.Equal(t, Spec{Dir: "d", Priority: 3}, plain.Spec())
	require.EqualValues(t, 3, tab.Priority(plain))
	s := Spec{Dir: "d", Filename: "n", Hash: digest.Sum{Algorithm: "md5", Bytes: "x"}, Backups: []string{"http://backup.test/a"}}
	require.Equal(t, s, add(t, tab, "http://files.test/b", s).Spec())
}

// TestSmall: a million may be queued.
func TestSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Task{}), uintptr(80))
	const n = 1000
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://files.test/%d.bin", i)
	}
	tab := table(1)
	tab.Grow(n)
	i := 0
	perTask := testing.AllocsPerRun(n-1, func() {
		_, _ = tab.Add(urls[i], Spec{Dir: "d"})
		i++
	})
	require.Zero(t, perTask, "tasks come in blocks")
}

// TestManyAtOnce: whoever adds, transfers, asks and looks at the same time, each task is
// transferred by one goroutine and all complete.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const adders, each, places = 4, 200, 8
	tab := table(places)
	var ended, inTransfer atomic.Int64
	var adding, working sync.WaitGroup
	for a := range adders {
		adding.Go(func() {
			for i := range each {
				_, err := tab.Add(fmt.Sprintf("http://files.test/%d/%d", a/2, i), Spec{Dir: "d", Priority: i % 3})
				if err != nil {
					t.Error(err)
				}
				if one := tab.Unsized(64); one != nil {
					tab.Hint(one, int64(i)<<16)
				}
				tab.Totals()
			}
		})
	}
	work := func(one *Task) {
		for ; one != nil; one, _ = tab.Next(true) {
			if inTransfer.Add(1) > places {
				t.Error("more tasks than places")
			}
			switch turn, first := tab.Turn(one); turn {
			case Fetch:
				tab.Begin(one, one)
				tab.Move(one, Downloading)
				tab.Known(one, 100, false)
				tab.Count(one, 100)
				tab.Names(one, "x").Take(one.ID())
				tab.Leave(one, nil, "", 1)
				ended.Add(int64(1 + len(endOf(tab, one, Completed, "", nil))))
			case Share:
				tab.Shared(one, first.Task)
				ended.Add(int64(1 + len(endOf(tab, one, Completed, "", nil))))
			case Copy:
				t.Error("they share a place")
			}
			inTransfer.Add(-1)
		}
	}
	for done := false; !done; {
		if ended.Load() == adders*each {
			done = true
		}
		tab.Due(time.Now())
		for one := tab.Take(); one != nil; one = tab.Take() {
			working.Go(func() { work(one) })
		}
		for _, s := range tab.Snapshots() {
			if s.Status == Completed && s.Downloaded != 100 {
				t.Errorf("%s is complete without its bytes", s.Task.ID())
			}
		}
		tab.Active(nil)
	}
	adding.Wait()
	working.Wait()
	require.True(t, tab.Idle(true))
	c := tab.Totals()
	require.Equal(t, Totals{Files: 800, Completed: 800, Bytes: 400 * 100, Downloaded: 400 * 100, Percent: 100}, c)
}

// TestStarts: what failed is tried again by the next Start with the name it had, unless that
// has gone to another.
func TestStarts(t *testing.T) {
	tab := table(3)
	why := errors.New("no")
	kept, lost, done := add(t, tab, "http://files.test/a", Spec{Dir: "d"}), add(t, tab, "http://files.test/b", Spec{Dir: "d", Filename: "n"}), add(t, tab, "http://files.test/c", Spec{Dir: "d"})
	for range 3 {
		tab.Take()
	}
	require.True(t, tab.Names(kept, "a").Take("called"))
	require.True(t, tab.Names(done, "c").Free("a"), "it is called something else")
	require.True(t, tab.Names(done, "c").Take("c"))
	kept.Retried()
	tab.End(kept, Failed, "download", why)
	tab.End(lost, Cancelled, "verify", why)
	tab.End(done, Completed, "", nil)
	for range 3 {
		tab.Next(false)
	}
	require.False(t, tab.Names(kept, "a").Free("c"), "for who is added later, or in the next Start")
	failed, _, all := tab.EndStart()
	require.True(t, tab.Names(kept, "a").Free("c"))
	require.False(t, all)
	require.Equal(t, []*Failure{
		{TaskID: "task-1", URL: "http://files.test/a", Path: filepath.Join("d", "called"), Op: "download", Attempts: 2, Err: why},
		{TaskID: "task-2", URL: "http://files.test/b", Op: "verify", Err: why},
	}, failed)

	other := add(t, tab, "http://files.test/d", Spec{Dir: "d", Filename: "n"})
	tab.BeginStart()
	require.Equal(t, []Status{Pending, Pending, Completed, Pending}, statuses(tab))
	require.Equal(t, "called", tab.Name(kept))
	require.True(t, tab.Named(kept))
	require.False(t, tab.Named(lost), "another has been added with its name")
	require.True(t, tab.Named(other))
	require.Nil(t, tab.Snapshot(kept).Failure)
	_, err := tab.Add("http://files.test/e", Spec{Dir: "d", Filename: "called"})
	require.Error(t, err, "it has its name again")
}

func statuses(tab *Table) (all []Status) {
	for _, s := range tab.Snapshots() {
		all = append(all, s.Status)
	}
	return all
}
