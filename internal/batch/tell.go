package batch

import (
	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/task"
)

// What happens to a task as a whole is told here; what happens in its transfer, there.

// tellStarted tells that a task's turn has come, once until it has ended.
func (r *Run) tellStarted(t *task.Task) {
	if r.engine.Events != nil && r.Table.Started(t) {
		r.engine.Events.Tell(event.Event{Kind: event.Started, TaskID: t.ID(), Source: t.URL()})
	}
}

// tellEnded tells that a task has ended, and then its callback.
func (r *Run) tellEnded(s task.Snapshot) {
	if t := s.Task; r.engine.Events != nil {
		if s.Status == task.Completed { // others may have had the file fetched
			r.tellStarted(t)
		}
		if s.Reused {
			r.engine.Events.Tell(event.Event{Kind: event.Reused, TaskID: t.ID(), Source: t.URL(), Length: s.Size})
		}
		r.tellEnd(s)
	}
	r.notify.file(s)
}

// tellRemoved tells that a task was removed, if it had not ended.
func (r *Run) tellRemoved(s task.Snapshot) {
	if s.Task != nil && r.engine.Events != nil {
		s.Status = task.Cancelled
		r.tellEnd(s)
	}
}

var ends = map[task.Status]event.Kind{task.Completed: event.Completed, task.Failed: event.Failed, task.Cancelled: event.Cancelled}

func (r *Run) tellEnd(s task.Snapshot) {
	e := event.Event{Kind: ends[s.Status], TaskID: s.Task.ID(), Source: s.Task.URL(), Ended: s}
	if s.Failure != nil {
		e.Err = s.Failure.Err
	}
	r.engine.Events.Tell(e)
}
