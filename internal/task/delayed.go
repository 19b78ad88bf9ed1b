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

// delayed has them by time. It implements heap.Interface.
type delayed []waiting

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].until.Before(d[j].until) }
func (d delayed) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }

// Push is for package heap.
func (d *delayed) Push(x any) { *d = append(*d, x.(waiting)) }

// Pop is for package heap.
func (d *delayed) Pop() any {
	old := *d
	last := old[len(old)-1]
	old[len(old)-1] = waiting{}
	*d = old[:len(old)-1]
	return last
}

func (d *delayed) add(w waiting) { heap.Push(d, w) }

// removeAt takes out the one that stands there.
func (d *delayed) removeAt(i int) waiting { return heap.Remove(d, i).(waiting) }

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
