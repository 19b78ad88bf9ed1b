package task

import (
	"container/heap"
	"time"
)

// waiting is a task that waits for a time without holding a place.
type waiting struct {
	until time.Time
	task  *Task
	holds bool // something open meanwhile
}

// delayed has them by time, and each task knows where it stands: a million may wait for one host, and
// be wished something one by one. It implements heap.Interface.
type delayed []waiting

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].until.Before(d[j].until) }

func (d delayed) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].task.at, d[j].task.at = delayedAt(i), delayedAt(j)
}

// delayedAt is the index of a task that stands there. It is its own inverse.
func delayedAt(i int) int32 { return int32(notQueued - 1 - i) }

// Push is for package heap.
func (d *delayed) Push(x any) {
	w := x.(waiting)
	w.task.at = delayedAt(len(*d))
	*d = append(*d, w)
}

// Pop is for package heap.
func (d *delayed) Pop() any {
	old := *d
	last := old[len(old)-1]
	old[len(old)-1] = waiting{}
	*d = old[:len(old)-1]
	last.task.at = notQueued
	return last
}

func (d *delayed) add(w waiting) { heap.Push(d, w) }

// remove takes a task out that is there.
func (d *delayed) remove(t *Task) waiting { return heap.Remove(d, int(delayedAt(int(t.at)))).(waiting) }

// due removes and returns the next task whose time has come. Not ok: none has, and next is
// the time to look again, zero when nobody waits.
func (d *delayed) due(now time.Time) (w waiting, next time.Time, ok bool) {
	if len(*d) == 0 {
		return w, next, false
	}
	if next = (*d)[0].until; next.After(now) {
		return w, next, false
	}
	return heap.Pop(d).(waiting), time.Time{}, true
}
