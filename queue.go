package littledl

import (
	"container/heap"
	"slices"
	"time"
)

// queue holds the tasks that could start now, best first: by priority, then
// known small size, then arrival. Most tasks come in the very order in which they
// leave: they stand in line, and only the others cost a search for their place.
type queue struct {
	line    []*task // in order, from head on; nil: has left it out of turn
	head    int
	waiting int // in line
	others  taskHeap
}

// standing marks a task's index as one in the line.
const standing = 1 << 30

func newQueue(smallFirst bool, threshold int64) queue {
	return queue{others: taskHeap{smallFirst: smallFirst, threshold: threshold}}
}

// grow makes room for so many more.
func (q *queue) grow(n int) { q.line = slices.Grow(q.line, n) }

func (q *queue) Len() int { return q.waiting + q.others.Len() }

func (q *queue) add(t *task) {
	if q.waiting == 0 {
		q.line, q.head = q.line[:0], 0
	}
	if n := len(q.line); n == 0 || q.others.before(q.line[n-1], t) {
		t.at = int32(standing | n)
		q.line = append(q.line, t)
		q.waiting++
		return
	}
	heap.Push(&q.others, t)
}

// best returns the best task without removing it; nil when there is none.
func (q *queue) best() *task {
	var t *task
	if q.waiting > 0 {
		t = q.line[q.head]
	}
	if len(q.others.tasks) > 0 && (t == nil || q.others.before(q.others.tasks[0], t)) {
		t = q.others.tasks[0]
	}
	return t
}

// take removes the best task; nil when there is none.
func (q *queue) take() *task {
	t := q.best()
	if t != nil {
		q.remove(t)
	}
	return t
}

func (q *queue) remove(t *task) {
	if t.at < standing {
		heap.Remove(&q.others, int(t.at))
		return
	}
	q.line[t.at-standing] = nil
	t.at = -1
	q.waiting--
	if q.waiting == 0 {
		return
	}
	for q.line[q.head] == nil { // the first and the last one in line are there
		q.head++
	}
	for last := len(q.line) - 1; q.line[last] == nil; last-- {
		q.line = q.line[:last]
	}
}

// takeAll removes all tasks, in no order.
func (q *queue) takeAll() []*task {
	all := make([]*task, 0, q.Len())
	for t := q.take(); t != nil; t = q.take() {
		all = append(all, t)
	}
	return all
}

// moved restores the order after t's priority or size changed.
func (q *queue) moved(t *task) {
	switch {
	case t.at >= standing:
		q.remove(t)
		heap.Push(&q.others, t)
	case t.at >= 0:
		heap.Fix(&q.others, int(t.at))
	}
}

// taskHeap has the tasks that did not come in order. It implements heap.Interface.
type taskHeap struct {
	tasks      []*task
	smallFirst bool
	threshold  int64 // known to be below it: first in any case
}

func (h *taskHeap) Len() int { return len(h.tasks) }

func (h *taskHeap) Less(i, j int) bool { return h.before(h.tasks[i], h.tasks[j]) }

func (h *taskHeap) before(a, b *task) bool {
	if a.priority != b.priority {
		return a.priority < b.priority
	}
	if ta, tb := h.tiny(a), h.tiny(b); ta != tb {
		return ta
	}
	if h.smallFirst {
		if sa, sb := a.sortSize(), b.sortSize(); sa != sb {
			return sa < sb
		}
	}
	return a.seq < b.seq
}

func (h *taskHeap) tiny(t *task) bool { return t.size >= 0 && t.size < h.threshold }

// sortSize puts files of unknown size between the small ones and the others.
func (t *task) sortSize() int64 {
	if t.size < 0 {
		return smallSize
	}
	return t.size
}

func (h *taskHeap) Swap(i, j int) {
	h.tasks[i], h.tasks[j] = h.tasks[j], h.tasks[i]
	h.tasks[i].at, h.tasks[j].at = int32(i), int32(j)
}

// Push is for package heap.
func (h *taskHeap) Push(x any) {
	t := x.(*task)
	t.at = int32(len(h.tasks))
	h.tasks = append(h.tasks, t)
}

// Pop is for package heap.
func (h *taskHeap) Pop() any {
	last := len(h.tasks) - 1
	t := h.tasks[last]
	h.tasks[last] = nil
	h.tasks = h.tasks[:last]
	t.at = -1
	return t
}

// parked is a task that waits for a time without holding a place in transfer.
type parked struct {
	until time.Time
	task  *task
}

// parkingLot orders parked tasks by time. It implements heap.Interface.
type parkingLot []parked

func (p parkingLot) Len() int           { return len(p) }
func (p parkingLot) Less(i, j int) bool { return p[i].until.Before(p[j].until) }
func (p parkingLot) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }

// Push is for package heap.
func (p *parkingLot) Push(x any) { *p = append(*p, x.(parked)) }

// Pop is for package heap.
func (p *parkingLot) Pop() any {
	old := *p
	last := old[len(old)-1]
	old[len(old)-1] = parked{}
	*p = old[:len(old)-1]
	return last
}

func (p *parkingLot) park(t *task, until time.Time) { heap.Push(p, parked{until, t}) }

// due removes and returns the next task whose time has come; else nil and the
// time to look again, zero when nothing is parked.
func (p *parkingLot) due(now time.Time) (*task, time.Time) {
	if len(*p) == 0 {
		return nil, time.Time{}
	}
	if next := (*p)[0].until; next.After(now) {
		return nil, next
	}
	return heap.Pop(p).(parked).task, time.Time{}
}
