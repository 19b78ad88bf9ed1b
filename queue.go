package littledl

import (
	"container/heap"
	"time"
)

// queue holds the tasks that could start now, best first: by priority, then
// known small size, then arrival. It implements heap.Interface.
type queue struct {
	tasks      []*task
	smallFirst bool
	threshold  int64 // known to be below it: first in any case
}

func (q *queue) Len() int { return len(q.tasks) }

func (q *queue) Less(i, j int) bool { return q.before(q.tasks[i], q.tasks[j]) }

func (q *queue) before(a, b *task) bool {
	if a.priority != b.priority {
		return a.priority < b.priority
	}
	if ta, tb := q.tiny(a), q.tiny(b); ta != tb {
		return ta
	}
	if q.smallFirst {
		if sa, sb := a.sortSize(), b.sortSize(); sa != sb {
			return sa < sb
		}
	}
	return a.seq < b.seq
}

func (q *queue) tiny(t *task) bool { return t.size >= 0 && t.size < q.threshold }

// sortSize puts files of unknown size between the small ones and the others.
func (t *task) sortSize() int64 {
	if t.size < 0 {
		return smallSize
	}
	return t.size
}

func (q *queue) Swap(i, j int) {
	q.tasks[i], q.tasks[j] = q.tasks[j], q.tasks[i]
	q.tasks[i].at, q.tasks[j].at = int32(i), int32(j)
}

// Push is for package heap.
func (q *queue) Push(x any) {
	t := x.(*task)
	t.at = int32(len(q.tasks))
	q.tasks = append(q.tasks, t)
}

// Pop is for package heap.
func (q *queue) Pop() any {
	last := len(q.tasks) - 1
	t := q.tasks[last]
	q.tasks[last] = nil
	q.tasks = q.tasks[:last]
	t.at = -1
	return t
}

func (q *queue) add(t *task) { heap.Push(q, t) }

// take removes the best task; nil when there is none.
func (q *queue) take() *task {
	if len(q.tasks) == 0 {
		return nil
	}
	return heap.Pop(q).(*task)
}

// takeAll removes all tasks, in no order.
func (q *queue) takeAll() []*task {
	all := q.tasks
	q.tasks = nil
	for _, t := range all {
		t.at = -1
	}
	return all
}

// best returns the best task without removing it; nil when there is none.
func (q *queue) best() *task {
	if len(q.tasks) == 0 {
		return nil
	}
	return q.tasks[0]
}

// moved restores the order after t's priority or size changed.
func (q *queue) moved(t *task) {
	if t.at >= 0 {
		heap.Fix(q, int(t.at))
	}
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
