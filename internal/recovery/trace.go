package recovery

import (
	"fmt"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// Trace is a record of all that a file was told and has decided, from its beginning. What
// happened over a network, with workers and real clocks, can be played again without any.
type Trace struct {
	Sources int
	Limits  *Limits
	Steps   []Step
}

// Step is one call of a File's method: what it was given, and what it returned.
type Step struct {
	Call      call
	Now       time.Duration
	Source    int
	Gen       int
	Bytes     int64
	Flag      bool
	Failure   Failure
	Healths   []health.Health
	Loads     []Load
	Delivered []int64
	Tries     wait.Tries // given, or, of a Failure, returned
	Action    Action     // returned
}

type call uint8

const (
	callNext call = iota
	callChoose
	callVerify
	callFailed
	callServed
	callCompared
	callAnswered
	callRestarted
	callAdopted
	callHas
	callTrust
	callInvite
	callEmptied
	callPaused
	callMismatched
	callSuspect
	callMatched
	callPlain
	callUnranged
	callRefreshed
	callSpoilt
)

var calls = [...]string{
	"Next", "Choose", "Verify", "Failed", "Served", "Compared", "Answered", "Restarted", "Adopted", "Has", "Trust", "Invite",
	"Emptied", "Paused", "Mismatched", "Suspect", "Matched", "Plain", "Unranged", "Refreshed", "Spoilt",
}

func (c call) String() string { return calls[c] }

// Record has all that follows noted in a trace. It is to be called before anything else.
func (f *File) Record() *Trace {
	f.trace = &Trace{Sources: f.n(), Limits: f.lim}
	return f.trace
}

// endless is more steps than any file has that comes to an end.
const endless = 1 << 18

// add notes a step, if anybody wants to know.
func (t *Trace) add(s Step) {
	if t == nil {
		return
	}
	if len(t.Steps) == endless {
		panic("recovery: a file goes from decision to decision without an end")
	}
	s.Healths, s.Loads, s.Delivered = slices.Clone(s.Healths), slices.Clone(s.Loads), slices.Clone(s.Delivered)
	t.Steps = append(t.Steps, s)
}

// Replay plays a trace to a new file. It fails where that decides otherwise, or where an
// outcome does not bring it nearer to its end.
func (t *Trace) Replay() error {
	f := New(t.Sources, t.Limits)
	size := int64(0)
	for _, s := range t.Steps {
		if s.Call == callAnswered {
			size = max(size, s.Bytes)
		}
	}
	for i, s := range t.Steps {
		before, stale := f.Measure(size), f.stale(s.Failure.Source, s.Failure.Gen)
		if s.Call == callCompared {
			stale = f.stale(s.Source, s.Gen)
		}
		if why := f.replay(s); why != "" {
			return fmt.Errorf("step %d, %v: %s", i, s.Call, why)
		}
		after := f.Measure(size)
		switch order := slices.Compare(after[:], before[:]); {
		case s.Call > callCompared, s.Call == callServed && f.stream, order < 0: // who brings a whole file ends
		case order > 0, (s.Call == callFailed || s.Call == callCompared) && !stale:
			return fmt.Errorf("step %d, %v: the measure was %v and is %v", i, s.Call, before, after)
		}
	}
	return nil
}

// replay makes one call again, and says what is not as it was.
func (f *File) replay(s Step) string {
	var a Action
	tries := s.Tries
	switch s.Call {
	case callNext:
		a = f.Next(s.Now, s.Tries, s.Healths)
	case callChoose:
		a = f.Choose(s.Now, s.Tries, s.Source, s.Loads, s.Healths)
	case callVerify:
		a = f.Verify(s.Now, s.Source, s.Tries, s.Healths)
	case callFailed:
		tries = f.Failed(s.Failure, s.Healths)
	case callServed:
		f.Served(s.Source, s.Gen, s.Now, s.Bytes, s.Flag)
	case callCompared:
		f.Compared(s.Source, s.Gen, s.Flag)
	case callAnswered:
		f.Answered(s.Source, s.Bytes, s.Flag)
	case callRestarted:
		f.Restarted(s.Bytes)
	case callAdopted:
		f.Adopted(s.Source, s.Bytes)
	case callHas:
		f.Has(s.Bytes)
	case callTrust:
		f.Trust()
	case callInvite:
		f.Invite(s.Flag)
	case callEmptied:
		f.Emptied()
	case callPaused:
		f.Paused()
	case callMismatched:
		f.Mismatched(s.Now, s.Bytes, s.Delivered, s.Failure.Err)
	case callSpoilt:
		f.Spoilt(s.Now, s.Bytes, s.Delivered, s.Failure.Err)
	case callSuspect:
		f.Suspect(s.Source)
	case callMatched:
		f.Matched()
	case callPlain:
		f.Plain(s.Source)
	case callUnranged:
		f.Unranged(s.Source)
	case callRefreshed:
		f.Refreshed()
	}
	switch {
	case a != s.Action:
		return fmt.Sprintf("it decides %+v, not %+v", a, s.Action)
	case tries != s.Tries:
		return fmt.Sprintf("so much has been tried: %+v, not %+v", tries, s.Tries)
	}
	return ""
}
