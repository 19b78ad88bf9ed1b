package task

import (
	"slices"
	"time"
)

// Take gives the best of the tasks in the queue a place, and its caller the task. Nil: none
// is there, or no place.
func (tab *Table) Take() *Task {
	tab.mu.Lock()
	defer tab.unlock()
	if tab.full() {
		return nil
	}
	t := tab.take()
	if t != nil {
		tab.taken++
	}
	return t
}

func (tab *Table) take() *Task {
	t := tab.ready.take()
	if t != nil {
		tab.unhint(t)
	}
	return t
}

// Next is Take for who has a place already, of a task that is no longer its own. Nil: the
// place is free now, as it is in any case where none is wanted, and while tasks are delayed:
// the time of one may have come, which Due finds out. More: there is a further place and a
// task for it.
func (tab *Table) Next(wanted bool) (t *Task, more bool) {
	tab.mu.Lock()
	defer tab.unlock()
	tab.taken--
	if wanted && len(tab.delayed) == 0 && !tab.full() { // its place may have gone to another: see StandAside
		if t = tab.take(); t != nil {
			tab.taken++
		}
	}
	return t, !tab.full() && tab.ready.Len() > 0
}

// SetPlaces changes how many places there are. Those that are taken beyond it stay so until their
// tasks leave them.
func (tab *Table) SetPlaces(n int) {
	tab.mu.Lock()
	defer tab.unlock()
	tab.cfg.Places = n
}

// full reports whether every place is taken. Who stands aside has none.
func (tab *Table) full() bool { return tab.taken-tab.aside >= tab.cfg.Places }

// StandAside gives the place of a task in transfer to one that waits, while it goes on beside it.
// False: nobody waits, it has none, or as many as there are places stand aside already.
func (tab *Table) StandAside(t *Task) bool {
	tab.mu.Lock()
	defer tab.unlock()
	if _, active := tab.active[t]; !active || t.has(aside) || tab.ready.Len() == 0 || tab.aside >= tab.cfg.Places {
		return false
	}
	t.set(aside, true)
	tab.aside++
	return true
}

// Aside reports whether a task has given its place to another.
func (tab *Table) Aside(t *Task) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.has(aside)
}

// returns ends that: the task is no longer in transfer.
func (tab *Table) returns(t *Task) {
	if t.has(aside) {
		t.set(aside, false)
		tab.aside--
	}
}

// Requeue puts a task back in the queue, which has made way for others. Wished: something is to
// become of it first, and Granted has it.
func (tab *Table) Requeue(t *Task) (wished bool) {
	tab.mu.Lock()
	defer tab.unlock()
	t.move(Pending)
	if tab.awaitsWish(t) {
		return true
	}
	tab.ready.add(t)
	return false
}

// Delay has a task wait for a time. Holds: it holds something open meanwhile. Wished is as with
// Requeue.
func (tab *Table) Delay(t *Task, until time.Time, holds bool) (wished bool) {
	tab.mu.Lock()
	defer tab.unlock()
	t.move(Pending)
	if tab.awaitsWish(t) {
		return true
	}
	tab.delayed.add(waiting{until, t, holds})
	if holds {
		tab.holding.Add(1)
	}
	return false
}

// Due queues the delayed tasks whose time has come. Next is the time to ask again, zero
// where no more wait.
func (tab *Table) Due(now time.Time) (next time.Time) {
	tab.mu.Lock()
	defer tab.unlock()
	for {
		w, next, ok := tab.delayed.due(now)
		if !ok {
			return next
		}
		tab.awake(w)
		tab.ready.add(w.task)
	}
}

func (tab *Table) awake(w waiting) {
	if w.holds {
		tab.holding.Add(-1)
	}
}

// Drain gives its caller all tasks of the queue, those that are delayed and those that are
// paused alone, in the order they were added. They have no places.
func (tab *Table) Drain() []*Task {
	tab.mu.Lock()
	defer tab.unlock()
	all := make([]*Task, 0, tab.ready.Len()+len(tab.delayed))
	for t := tab.take(); t != nil; t = tab.take() {
		all = append(all, t)
	}
	for _, w := range tab.delayed {
		tab.awake(w)
		w.task.at = notQueued
		all = append(all, w.task)
	}
	tab.delayed = nil
	for t := range tab.held {
		tab.unhold(t)
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Task) int { return int(a.seq - b.seq) })
	return all
}

// Idle reports whether no task is in the queue, delayed, wished something for or in a place.
// Those that are paused alone count where it is asked for.
func (tab *Table) Idle(held bool) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.taken == 0 && tab.ready.Len() == 0 && len(tab.delayed) == 0 && len(tab.wishes) == 0 && !(held && len(tab.held) > 0)
}

// Holding is how many delayed tasks hold something open.
func (tab *Table) Holding() int { return int(tab.holding.Load()) }

// nobody waits, or there is a place for whoever does.
const nobody = -1

// unlock ends what may have changed who waits. Transfers see that without the lock: twice
// the priority of the best task while every place is taken, one more where that is not known
// to be small.
func (tab *Table) unlock() {
	next := int64(nobody)
	if t := tab.ready.best(); t != nil && tab.full() {
		next = int64(t.priority()) << 1
		if !tab.cfg.SmallFirst || t.size < 0 || t.size >= tab.cfg.Small {
			next |= 1
		}
	}
	tab.next.Store(next)
	tab.wanted.Store(len(tab.wishes) > 0)
	tab.mu.Unlock()
}

// Wanted reports whether Granted has something to do.
func (tab *Table) Wanted() bool { return tab.wanted.Load() }

// Files is how many tasks are in transfer.
func (tab *Table) Files() int {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return len(tab.active)
}

// Crowded reports whether tasks wait for a place.
func (tab *Table) Crowded() bool { return tab.next.Load() != nobody }

// Preempts reports whether a task waits that ought to have the place of one in transfer, of
// a priority and known to be small or not: of two small ones the first stays.
func (tab *Table) Preempts(priority int32, small bool) bool {
	next := tab.next.Load()
	if next == nobody {
		return false
	}
	return next>>1 < int64(priority) || next>>1 == int64(priority) && next&1 == 0 && !small
}
