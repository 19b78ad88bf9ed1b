package task

import (
	"container/heap"
	"slices"
)

// queue holds the tasks that could start now, best first: by priority, then
// known small size, then arrival. Most tasks come in the very order in which they
// leave: they stand in line, and only the others cost a search for their place.
type queue struct {
	tasks   *store
	line    []int32 // of them, in order, from head on; gone: has left it out of turn
	head    int
	waiting int // in line
	others  taskHeap
}

// manyWaiting is how many in line the room is let go of when none is left.
const manyWaiting = 1 << 10

// standing marks a task's index as one in the line.
const standing = 1 << 30

// gone is the index of no task.
const gone = -1

func newQueue(tasks *store, o order) queue { return queue{tasks: tasks, others: taskHeap{order: o}} }

// grow makes room for so many more.
func (q *queue) grow(n int) { q.line = slices.Grow(q.line, n) }

func (q *queue) Len() int { return q.waiting + q.others.Len() }

func (q *queue) add(t *Task) {
	if n := len(q.line); n == 0 || q.others.before(q.tasks.at(int(q.line[n-1])), t) {
		t.at = int32(standing | n)
		q.line = append(q.line, t.seq)
		q.waiting++
		return
	}
	heap.Push(&q.others, t)
}

// best returns the best task without removing it; nil when there is none.
func (q *queue) best() *Task {
	var t *Task
	if q.waiting > 0 {
		t = q.tasks.at(int(q.line[q.head]))
	}
	if len(q.others.tasks) > 0 && (t == nil || q.others.before(q.others.tasks[0], t)) {
		t = q.others.tasks[0]
	}
	return t
}

// take removes the best task; nil when there is none.
func (q *queue) take() *Task {
	t := q.best()
	if t != nil {
		q.remove(t)
	}
	return t
}

func (q *queue) remove(t *Task) {
	if t.at < standing {
		heap.Remove(&q.others, int(t.at))
		return
	}
	q.line[t.at-standing] = gone
	t.at = notQueued
	q.waiting--
	if q.waiting == 0 {
		if q.head = 0; cap(q.line) > manyWaiting {
			q.line = nil // they may have been a million
		}
		q.line = q.line[:0]
		return
	}
	for q.line[q.head] == gone { // the first and the last one in line are there
		q.head++
	}
	for last := len(q.line) - 1; q.line[last] == gone; last-- {
		q.line = q.line[:last]
	}
	if q.head >= manyWaiting && q.head > len(q.line)/2 {
		q.moveUp()
	}
}

// moveUp takes the room of those who have left: a line that is never empty would grow for ever.
func (q *queue) moveUp() {
	q.line, q.head = append(q.line[:0], q.line[q.head:]...), 0
	for i, seq := range q.line {
		if seq != gone {
			q.tasks.at(int(seq)).at = int32(standing | i)
		}
	}
}

// moved restores the order after t's priority or size changed.
func (q *queue) moved(t *Task) {
	switch {
	case t.at >= standing:
		q.remove(t)
		heap.Push(&q.others, t)
	case t.at >= 0:
		heap.Fix(&q.others, int(t.at))
	}
}

// order is what decides between tasks of equal priority.
type order struct {
	smallFirst bool
	small      int64 // below it a file is small, and one of unknown size is taken for so large
	threshold  int64 // known to be below it: first in any case
}

func (o *order) before(a, b *Task) bool {
	if pa, pb := a.priority(), b.priority(); pa != pb {
		return pa < pb
	}
	if ta, tb := o.tiny(a), o.tiny(b); ta != tb {
		return ta
	}
	if o.smallFirst {
		if sa, sb := o.sortSize(a), o.sortSize(b); sa != sb {
			return sa < sb
		}
	}
	return a.seq < b.seq
}

func (o *order) tiny(t *Task) bool { return t.size >= 0 && t.size < o.threshold }

// sortSize puts files of unknown size between the small ones and the others.
func (o *order) sortSize(t *Task) int64 {
	if t.size < 0 {
		return o.small
	}
	return t.size
}

// taskHeap has the tasks that did not come in order. It implements heap.Interface.
type taskHeap struct {
	order
	tasks []*Task
}

func (h *taskHeap) Len() int { return len(h.tasks) }

func (h *taskHeap) Less(i, j int) bool { return h.before(h.tasks[i], h.tasks[j]) }

func (h *taskHeap) Swap(i, j int) {
	h.tasks[i], h.tasks[j] = h.tasks[j], h.tasks[i]
	h.tasks[i].at, h.tasks[j].at = int32(i), int32(j)
}

// Push is for package heap.
func (h *taskHeap) Push(x any) {
	t := x.(*Task)
	t.at = int32(len(h.tasks))
	h.tasks = append(h.tasks, t)
}

// Pop is for package heap.
func (h *taskHeap) Pop() any {
	last := len(h.tasks) - 1
	t := h.tasks[last]
	h.tasks[last] = nil
	h.tasks = h.tasks[:last]
	t.at = notQueued
	return t
}
