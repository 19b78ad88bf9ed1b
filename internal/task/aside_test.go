package task

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStandAside: who stands aside gives its place to one that waits, goes on beside it, and has no
// place for another when it ends.
func TestStandAside(t *testing.T) {
	tab := table(2)
	var all []*Task
	for i := range 7 {
		all = append(all, add(t, tab, fmt.Sprint("http://files.test/", i), Spec{Priority: i}))
	}
	begin := func() *Task {
		k := tab.Take()
		if k != nil {
			tab.Begin(k, nil)
		}
		return k
	}
	end := func(k *Task) (*Task, bool) {
		tab.Leave(k, nil, "", 0)
		tab.End(k, Completed, "", nil)
		return tab.Next(true)
	}
	require.Same(t, all[0], begin())
	require.Same(t, all[1], begin())
	require.Nil(t, begin())
	require.False(t, tab.StandAside(all[2]), "it is not in transfer")
	require.True(t, tab.StandAside(all[0]))
	require.False(t, tab.StandAside(all[0]), "it has no place any more")
	require.Same(t, all[2], begin())
	require.True(t, tab.StandAside(all[1]))
	require.Same(t, all[3], begin())
	require.False(t, tab.StandAside(all[2]), "no more stand aside than there are places")
	require.Nil(t, begin())

	next, more := end(all[0])
	require.Nil(t, next, "its place is another's")
	require.False(t, more)
	require.True(t, tab.StandAside(all[2]))
	require.Same(t, all[4], begin())
	next, _ = end(all[4])
	require.Same(t, all[5], next)
	tab.Begin(next, nil)
	for _, k := range []*Task{all[1], all[2], all[3], all[5]} {
		if next, _ = end(k); next != nil {
			tab.Begin(next, nil)
			all[6] = next
		}
	}
	_, more = end(all[6])
	require.False(t, more)
	require.True(t, tab.Idle(true))
}
