package task

import (
	"github.com/littledl/littledl/internal/names"
	"github.com/littledl/littledl/internal/safename"
)

// What callers wish of one task, at any time and from anywhere. A task that somebody owns has
// its wish done by its owner, who is told to stop; every other one waits for somebody to do it:
// it may hold something open, and what it has left may have to be deleted.

// Wish is what is to become of a task.
type Wish uint8

const (
	None   Wish = iota
	Pause       // it keeps what it has and waits to be resumed
	Cancel      // it ends, for a cause
	Remove      // it ends, and nothing is left of it
)

type wish struct {
	kind  Wish
	cause error
}

// Wish notes what is to become of a task. Running is what transfers it now and is to be stopped;
// nil: nothing does, and where it is not too late Granted returns the task.
func (tab *Table) Wish(t *Task, kind Wish, cause error) (running any) {
	tab.mu.Lock()
	defer tab.unlock()
	if t.has(forgotten) || t.status.Ended() && (kind != Remove || t.has(wished)) {
		return nil
	}
	r := t.some()
	if r.wish == nil || r.wish.kind < kind {
		r.wish = &wish{kind, cause}
		t.change(r)
	}
	_, active := tab.active[t]
	switch {
	case active:
		return r.held
	case t.has(wished):
	case t.status.Ended(), tab.pull(t):
		tab.awaitsWish(t)
	}
	return nil
}

// unwish has nothing be wished of a task.
func (tab *Table) unwish(t *Task) {
	r := t.some()
	r.wish = nil
	t.change(r)
}

// awaitsWish has a task wait for somebody to do what its caller wishes, if anything.
func (tab *Table) awaitsWish(t *Task) bool {
	if t.some().wish == nil {
		return false
	}
	t.set(wished, true)
	tab.wishes = append(tab.wishes, t)
	return true
}

// pull takes a task out of where it waits; false: somebody owns it.
func (tab *Table) pull(t *Task) bool {
	_, paused := tab.held[t]
	switch {
	case t.at > notQueued:
		tab.ready.remove(t)
		tab.unhint(t)
	case t.at < notQueued:
		tab.awake(tab.delayed.remove(t))
	case paused:
		tab.unhold(t)
	case t.some().follows != nil:
		tab.leaves(t)
	default:
		return false
	}
	return true
}

// Granted gives its caller a task for which there is something to do that its own caller wishes;
// nil: there is none.
func (tab *Table) Granted() *Task {
	tab.mu.Lock()
	defer tab.unlock()
	if len(tab.wishes) == 0 {
		tab.wishes = nil
		return nil
	}
	t := tab.wishes[0]
	tab.wishes = tab.wishes[1:]
	t.set(wished, false)
	tab.taken++ // until it is done: see Done
	return t
}

// Done ends what Granted began.
func (tab *Table) Done() {
	tab.mu.Lock()
	defer tab.unlock()
	tab.taken--
}

// Wished is what is to become of a task, for its owner. It is not wished any more then, but for
// Remove.
func (tab *Table) Wished(t *Task) (kind Wish, cause error) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	r := t.some()
	if r.wish == nil {
		return None, nil
	}
	kind, cause = r.wish.kind, r.wish.cause
	if kind != Remove {
		tab.unwish(t)
	}
	t.set(alone, kind != Pause)
	return kind, cause
}

// Rest has a task wait until it is resumed. Holds: it holds something open meanwhile. Who waited
// for its file gets what it has left, and goes on.
func (tab *Table) Rest(t *Task, holds bool) {
	tab.mu.Lock()
	defer tab.unlock()
	t.move(Paused)
	if !tab.awaitsWish(t) { // another one, meanwhile
		t.set(held, true)
		tab.held[t] = holds
		if holds {
			tab.holding.Add(1)
		}
	}
	for _, w := range t.unfollow() {
		tab.inherit(w, t)
		tab.place(w)
	}
	tab.hurry(t)
}

func (tab *Table) unhold(t *Task) {
	if tab.held[t] {
		tab.holding.Add(-1)
	}
	delete(tab.held, t)
	t.set(held, false)
}

// Waited reports whether others wait for a task's file.
func (tab *Table) Waited(t *Task) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.some().nextWaiter != nil
}

// inherit gives what a task has left, which must be closed, to another that wants the same file in
// the same place.
func (tab *Table) inherit(t, from *Task) {
	r := from.some()
	if r.held == nil || t.some().held != nil || t.url != from.url || names.Absolute(t.Dir()) != names.Absolute(from.Dir()) {
		return
	}
	if sub, _ := safename.Split(t.given()); sub != "" || t.given() != "" && from.given() != "" {
		return
	}
	t.hold(r.held)
	from.hold(nil)
	n := from.downloaded.Swap(0)
	t.downloaded.Add(n)
	if from.status.Ended() && from.has(counted) {
		tab.totals.lost += n
	}
}

// Resume queues a task again that is paused alone, or has failed or was cancelled. A wish that was
// not done yet is none any more.
func (tab *Table) Resume(t *Task) {
	tab.mu.Lock()
	defer tab.unlock()
	r := t.some()
	switch {
	case t.has(forgotten), r.wish != nil && r.wish.kind == Remove:
		return
	case t.has(held):
		tab.unhold(t)
		t.move(Pending)
		tab.place(t)
	case t.status == Failed, t.status == Cancelled:
		tab.retry(t)
	case r.wish != nil:
		tab.unwish(t) // who has been stopped for it goes on
	}
}

// SetPriority changes how urgent a task is. Running is what transfers it now; nil: nothing does.
func (tab *Table) SetPriority(t *Task, priority int) (running any) {
	tab.mu.Lock()
	defer tab.unlock()
	if t.has(forgotten) || t.status.Ended() {
		return nil
	}
	s := *t.spec
	s.Priority = priority
	t.spec = tab.said(&s)
	tab.hurry(t)
	tab.ready.moved(t)
	if first := t.some().follows; first != nil {
		tab.hurry(first)
	}
	if _, active := tab.active[t]; active {
		return t.some().held
	}
	return nil
}

// Remove ends a task, as complete or for a cause, if it has not ended, and forgets it. It returns
// how it ended, which is nothing where it had before, and those that have ended for its sake.
func (tab *Table) Remove(t *Task, to Status, cause error) (was Snapshot, others []Snapshot) {
	tab.mu.Lock()
	defer tab.unlock()
	if t.has(forgotten) {
		return Snapshot{}, nil
	}
	tab.unwish(t)
	if !t.status.Ended() {
		if to != Completed {
			t.fail(&failure{op: "download", err: cause})
		}
		tab.end(t, to)
		others = tab.release(t)
		was = t.snapshot()
	}
	tab.uncount(t)
	tab.forget(t)
	return was, others
}

// Alone has nobody else end with what a task is about to end with.
func (tab *Table) Alone(t *Task) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	t.set(alone, true)
}

// Forget gives up a task that has ended: its name, its URL and its memory are free. It still counts in
// all sums. One that is to be removed is left to whoever does that, and one that has been queued again
// to a later end.
func (tab *Table) Forget(was Snapshot) {
	tab.mu.Lock()
	defer tab.unlock()
	t := was.Task
	if now := t.some(); t.has(forgotten) || now.wish != nil || t.status != was.Status || now.failure != was.failure {
		return
	}
	if f := t.told(); f != nil {
		tab.forgotten.add(f)
	}
	tab.forget(t)
}

func (tab *Table) forget(t *Task) {
	byURL := names.OfURL(t.url)
	for _, name := range []string{t.given(), t.called(byURL)} {
		if name != "" {
			tab.names.Forget(t.seq, t.Dir(), name, byURL)
		}
	}
	tab.first.forget(t)
	t.print, t.rare = 0, nil
	tab.tasks.forget(t)
}

// Forgotten reports whether there is no such task any more, or is to be none.
func (tab *Table) Forgotten(t *Task) bool {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	w := t.some().wish
	return t.has(forgotten) || w != nil && w.kind == Remove
}
