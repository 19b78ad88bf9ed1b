package littledl

import (
	"time"

	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/task"
)

// EventKind is what happened.
type EventKind string

// Of files. A task's first event is EventStarted, its last one of the three ends; what ResumeTask
// or another Start queues again begins anew.
const (
	EventStarted   = EventKind(event.Started)   // its turn has come: Source is its URL
	EventRequest   = EventKind(event.Request)   // it is asked for: Source, Origin, Request, Offset and Length; Length -1: to the end, 0: by HEAD
	EventResponse  = EventKind(event.Response)  // the head of that Request's answer is in: Origin, after redirects, Status, Protocol, Length; or Err: there is none
	EventRetry     = EventKind(event.Retry)     // it is asked for again after a failure: Err, and Wait since then
	EventSource    = EventKind(event.Source)    // one of its sources was left: Source, Err
	EventRestart   = EventKind(event.Restart)   // so many bytes, Length, that it had are to be fetched again: Err, where a failure is why
	EventReused    = EventKind(event.Reused)    // the same content was at hand: Length
	EventCompleted = EventKind(event.Completed) // it is under its name: Task
	EventFailed    = EventKind(event.Failed)    // Task, Err
	EventCancelled = EventKind(event.Cancelled) // Task, Err; the only one of a task that was removed
	EventPaused    = EventKind(event.Paused)    // it waits for Resume or ResumeTask
)

// Of hosts.
const (
	EventHostUp    = EventKind(event.HostUp)    // it serves again
	EventHostBusy  = EventKind(event.HostBusy)  // it has too much to do: Err, and Wait before it is asked again
	EventHostDown  = EventKind(event.HostDown)  // it is out of reach: Err, Wait
	EventHostLimit = EventKind(event.HostLimit) // it may have so many requests in flight: Limit
)

// Event is one thing that happened. A field that its kind does not have is zero.
type Event struct {
	Kind     EventKind
	Time     time.Time
	TaskID   string
	Task     FileTask // at ends only
	Origin   string   // scheme, host and port
	Source   string   // a URL as given: may hold a secret
	Err      error
	Wait     time.Duration
	Limit    int
	Request  int64 // tells one from the next, from 1 on in each Start
	Offset   int64 // bytes
	Length   int64 // bytes; -1: not known
	Status   int
	Protocol string // such as "HTTP/1.1"
}

// WithEvents has fn called with everything that happens, in order, from one goroutine, which is
// that of the other callbacks: an end comes first as an event, then as a callback. No event is
// dropped; while ten thousand wait for a slow fn no new file begins. Otherwise it is as with
// ProgressFunc. For both downloaders; the default is nil: nobody listens.
func WithEvents(fn func(Event)) Option {
	return func(s *settings) error { s.events = fn; return nil }
}

func eventOf(e event.Event) Event {
	out := Event{
		Kind: EventKind(e.Kind), Time: e.Time, TaskID: e.TaskID, Origin: e.Origin, Source: e.Source, Err: e.Err, Wait: e.Wait,
		Limit: e.Limit, Request: e.Request, Offset: e.Offset, Length: e.Length, Status: e.Status, Protocol: e.Protocol,
	}
	if s, ok := e.Ended.(task.Snapshot); ok {
		out.Task = fileTask(s)
	}
	return out
}
