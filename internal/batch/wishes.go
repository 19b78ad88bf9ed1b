package batch

import (
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/task"
	"github.com/littledl/littledl/internal/transfer"
)

// What callers wish of single tasks is done by who owns the task: the worker that transfers it,
// or, for those that wait, the dispatcher; where nothing runs, by who wishes.

// Wish has something become of a task. It waits for nothing while a Start runs. What comes too late
// for one is done by who calls Granted after End.
func (c *Control) Wish(tab *task.Table, t *task.Task, kind task.Wish, cause error, remove func(*task.Task)) {
	if f, ok := tab.Wish(t, kind, cause).(*transfer.File); ok {
		f.Halt(transfer.ErrHalted)
		return
	}
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	if r != nil {
		r.Wake()
		return
	}
	Granted(tab, remove)
}

// Granted does what is wished of tasks while nothing runs.
func Granted(tab *task.Table, remove func(*task.Task)) {
	for t := tab.Granted(); t != nil; t = tab.Granted() {
		switch kind, cause := tab.Wished(t); kind {
		case task.None: // it is not wished any more
			tab.Requeue(t)
		case task.Pause:
			tab.Rest(t, false)
		case task.Cancel:
			tab.End(t, task.Cancelled, "download", cause)
		case task.Remove:
			remove(t)
			tab.Remove(t, task.Cancelled, fail.ErrCancelled)
		}
		tab.Done()
	}
}

// SetPriority changes how urgent a task is.
func (c *Control) SetPriority(tab *task.Table, t *task.Task, p int) {
	f, ok := tab.SetPriority(t, p).(*transfer.File)
	if !ok {
		return
	}
	f.SetPriority(int32(p))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil && c.run.Share != nil {
		c.run.Share.Pool().SetPriority(t.ID(), p)
	}
}

// ResumeTask has a task go on that is paused alone, or begin again.
func (c *Control) ResumeTask(tab *task.Table, t *task.Task) {
	tab.Resume(t)
	c.Wake()
}

// grant does what is wished of tasks that wait.
func (r *Run) grant() {
	for t := r.Table.Granted(); t != nil; t = r.Table.Granted() {
		if !r.granted(t, transfer.ErrHalted) {
			r.Table.Requeue(t) // it is not wished any more
		}
		r.Table.Done()
	}
}

// granted does what is wished of a task, for its owner, whose transfer has ended with an error or
// nil. False: nothing is, or the task has come to its own end before.
func (r *Run) granted(t *task.Task, err error) bool {
	kind, cause := r.Table.Wished(t)
	switch ended := !transfer.Requeued(err); {
	case kind == task.Remove && err == nil:
		r.gone(t, task.Completed)
	case kind == task.Remove:
		r.remove(t)
	case kind == task.None, ended:
		return false
	case kind == task.Cancel:
		r.engine.Drop(t)
		r.endAs(t, task.Cancelled, cause)
	default:
		r.hold(t)
	}
	return true
}

// hold has a task wait until it is resumed. What it has stays open as long as few do: not all of
// it could be gone on from later. Where another goes on with it, it cannot.
func (r *Run) hold(t *task.Task) {
	r.engine.Undelay(t)
	open := transfer.RestOf(r.Table.Held(t)).Open()
	if open && (r.Table.Waited(t) || r.Table.Holding() >= r.Bounds().Holding) {
		r.engine.Drop(t)
		open = false
	}
	r.Table.Rest(t, open)
	r.engine.Events.Tell(event.Event{Kind: event.Paused, TaskID: t.ID()})
	r.Wake() // something else may have been wished meanwhile
}

// remove ends a task of which nothing is to be left.
func (r *Run) remove(t *task.Task) {
	r.engine.Drop(t)
	if !r.Table.Waited(t) {
		r.engine.Delete(t)
	}
	r.gone(t, task.Cancelled)
}

// gone has a task be known no more.
func (r *Run) gone(t *task.Task, to task.Status) {
	s, others := r.Table.Remove(t, to, fail.ErrCancelled)
	r.tellRemoved(s)
	for _, o := range others {
		r.tellEnded(o)
	}
}
