package task

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const mib = 1 << 20

// TestQueueOrder: whatever is added, moved and taken in whatever order, the best of
// those that wait is the next.
func TestQueueOrder(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 0))
	for range 300 {
		tasks := &store{}
		q := newQueue(tasks, order{smallFirst: rnd.IntN(4) > 0, small: 5 * mib, threshold: []int64{0, mib}[rnd.IntN(2)]})
		var waiting []*Task
		sizes := []int64{-1, -1, -1, 100, 2 * mib, 5 * mib, 9 * mib}
		priorities := 1 + rnd.IntN(3)
		for range 200 {
			switch what := rnd.IntN(10); {
			case what < 6:
				n := tasks.add()
				n.init("", &Spec{Priority: rnd.IntN(priorities)})
				if what == 0 {
					n.size = sizes[rnd.IntN(len(sizes))]
				}
				q.add(n)
				waiting = append(waiting, n)
			case what == 6 && len(waiting) > 0:
				n := waiting[rnd.IntN(len(waiting))]
				n.size, n.spec = sizes[rnd.IntN(len(sizes))], &Spec{Priority: rnd.IntN(priorities)}
				q.moved(n)
			case what > 7:
				waiting = requireBest(t, &q, waiting)
			}
			require.Equal(t, len(waiting), q.Len())
		}
		for len(waiting) > 0 {
			waiting = requireBest(t, &q, waiting)
		}
		require.Nil(t, q.take())
	}
}

// requireBest takes the next task and returns those that are left.
func requireBest(t *testing.T, q *queue, waiting []*Task) []*Task {
	t.Helper()
	slices.SortFunc(waiting, func(a, b *Task) int {
		if q.others.before(a, b) {
			return -1
		}
		return 1
	})
	best := q.best()
	n := q.take()
	require.Same(t, best, n)
	if len(waiting) == 0 {
		require.Nil(t, n)
		return nil
	}
	require.Same(t, waiting[0], n)
	require.EqualValues(t, -1, n.at)
	for _, o := range waiting[1:] {
		require.NotEqualValues(t, -1, o.at)
	}
	return waiting[1:]
}
