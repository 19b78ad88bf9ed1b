package task

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTotals: sizes that nobody knows are estimated, what fails is no longer waited for, and
// the percentage neither falls nor is 100 before the end.
func TestTotals(t *testing.T) {
	tab := table(9)
	require.Equal(t, Totals{}, tab.Totals())
	var all []*Task
	for _, u := range []string{"a", "b", "c", "d"} {
		add(t, tab, "http://files.test/"+u, Spec{Dir: "d"})
		one := tab.Take()
		tab.Begin(one, one)
		all = append(all, one)
	}
	require.Equal(t, Totals{Files: 4, Active: 4, Remaining: -1}, tab.Totals())
	tab.Known(all[0], 100, true)
	tab.Known(all[1], 300, true)
	tab.Known(all[2], -1, false)
	tab.Count(all[0], 100)
	require.Equal(t, Totals{Files: 4, Active: 4, Bytes: 800, Downloaded: 100, Remaining: 700, Percent: 12.5}, tab.Totals())

	tab.Count(all[1], 50)
	tab.Leave(all[1], nil, "", 0)
	tab.End(all[1], Failed, "download", errors.New("no"))
	c := tab.Totals()
	require.EqualValues(t, 800-150-250, c.Remaining)
	require.Equal(t, 3, c.Active)

	tab.Count(all[0], -100) // it turned out to be of no use
	require.Equal(t, c.Percent, tab.Totals().Percent)
	tab.Count(all[0], 100)
	tab.Count(all[2], 1000) // of the size that nobody knew
	tab.Leave(all[2], nil, "", 1)
	tab.End(all[2], Completed, "", nil)
	require.EqualValues(t, 1000, tab.Snapshot(all[2]).Size)
	tab.Reused(all[3], 40)
	tab.Leave(all[3], nil, "", 1)
	tab.End(all[3], Completed, "", nil)
	tab.Leave(all[0], nil, "", 1)
	tab.End(all[0], Completed, "", nil)
	require.Equal(t, Totals{
		Files: 4, Completed: 3, Failed: 1, Bytes: 100 + 300 + 1000 + 40, Downloaded: 100 + 50 + 1000 + 40, Percent: 100 * 1190. / 1440,
		Reused: 1, Saved: 40,
	}, tab.Totals())
}
