package task

import (
	"fmt"
	"slices"
)

// Status is where a task stands.
type Status uint8

const (
	Pending     Status = iota // queued, or waiting to be tried again
	Probing                   // asked for; no answer yet
	Downloading               // bytes are arriving
	Paused                    // stopped for a time, bytes kept
	Completed                 // under its final name, verified
	Failed                    // its Failure says why
	Cancelled                 // ended from outside
)

var statusNames = [...]string{"pending", "probing", "downloading", "paused", "completed", "failed", "cancelled"}

func (s Status) String() string { return statusNames[s] }

// Ended reports whether nothing more happens to the task in this Start.
func (s Status) Ended() bool { return s >= Completed }

// transitions is the one table of what may follow what. An ended task is left only by the
// next Start.
var transitions = [...][]Status{
	Pending:     {Probing, Downloading, Paused, Completed, Failed, Cancelled},
	Probing:     {Downloading, Pending, Paused, Completed, Failed, Cancelled},
	Downloading: {Probing, Pending, Paused, Completed, Failed, Cancelled},
	Paused:      {Probing, Downloading, Pending, Failed, Cancelled},
	Completed:   {},
	Failed:      {Pending},
	Cancelled:   {Pending},
}

// move changes the status and panics on a transition that the table does not have: that
// is a bug, and one that would lose a file.
func (t *Task) move(to Status) {
	if t.status == to {
		return
	}
	if !slices.Contains(transitions[t.status], to) {
		panic(fmt.Sprintf("littledl: task %s cannot go from %s to %s", t.ID(), t.status, to))
	}
	t.status = to
}
