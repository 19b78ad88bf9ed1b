// Package event is what happens in a batch, told as it happens.
//
// Those who watch a batch, for a log, a trace or a page, would otherwise have to ask again and
// again, and miss what lies between. So whoever does something that others may want to know of
// says so, in a few words and without waiting: what it is kept for and who hears it, and when, is
// not known here. Nobody says anything where nobody listens.
package event

import "time"

// Kind is what happened.
type Kind string

// Of files.
const (
	Started   Kind = "started"   // its turn has come
	Request   Kind = "request"   // it is asked for
	Response  Kind = "response"  // the head of an answer is in, or it is certain that none comes
	Retry     Kind = "retry"     // it is asked for again after a failure
	Source    Kind = "source"    // a source was left
	Restart   Kind = "restart"   // bytes that were there have to be fetched again
	Reused    Kind = "reused"    // the same content was at hand
	Completed Kind = "completed" // it is under its name
	Failed    Kind = "failed"
	Cancelled Kind = "cancelled"
	Paused    Kind = "paused"
)

// Of hosts.
const (
	HostUp    Kind = "host-up"    // it serves, after it had not
	HostBusy  Kind = "host-busy"  // it has too much to do
	HostDown  Kind = "host-down"  // it is out of reach
	HostLimit Kind = "host-limit" // it may have another number of requests in flight
)

// Event is one thing that happened. A field that its kind does not have is zero.
type Event struct {
	Kind     Kind
	Time     time.Time
	TaskID   string
	Ended    any    // the task, at ends
	Origin   string // that is asked, or that it is about
	Source   string // the URL as given
	Err      error
	Wait     time.Duration
	Limit    int
	Request  int64 // tells one from the next
	Offset   int64
	Length   int64
	Status   int
	Protocol string
}

// Sink hears of what happens; nil: nobody listens. It waits for nothing.
type Sink func(Event)

// Tell tells of something that happens now.
func (s Sink) Tell(e Event) {
	if s != nil {
		e.Time = time.Now()
		s(e)
	}
}
