// Package recovery decides what a file does next, after whatever has happened: which of its
// sources is asked, when, and how; or that it cannot be had.
//
// It is the only place that does. Requests that failed come in as events, with their class
// and with what is known of the origins, and actions come out. There is no I/O, no lock, no
// clock and no chance in it: time and random numbers are passed in, on the batch's clock.
// What follows from a failure is one table (outcome.go), and each of its rows has a price
// from a finite budget, so that whatever servers do, in whatever order, a file ends: a
// measure (measure.go) falls with every outcome.
//
// Several requests of a file may be under way. Each carries the generation of its source out
// and back; a failure that counts begins a new one, unless it was one request too many. An
// outcome of an older generation counts for the piece of the file that was asked for, and
// decides nothing: so what breaks ten connections at once is one failure, and what was asked
// before a source was left, or the file was begun anew, tells nothing of it any more.
package recovery

import (
	"slices"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// Kind is what to do.
type Kind uint8

const (
	Fetch   Kind = iota // ask Source for what is missing
	Compare             // ask Source for the end of what is there, and call Compared
	Wait                // ask again at Until what to do
	Restart             // throw away what is there, and what is known of the file, then call Restarted
	Fail                // the file cannot be had
	Refresh             // have the caller give a fresh URL for Source, then call Refreshed, or Failed
	Leave               // there is nothing to be compared at this source
)

// Action is a decision.
type Action struct {
	Kind   Kind
	Source int
	Gen    int           // goes back with the outcome
	Stream bool          // Fetch, Restart: in one answer, without a range
	Keep   bool          // Restart: what Source has delivered stays, or, after Spoilt, what is right
	Until  time.Duration // Wait
	Class  fail.Class    // Fail: why; Changed where each answer was of another version, and none came whole
	Err    *fail.Error   // Fail: the error of Source, which explains most; nil: the file has only heard of its origin's
}

// File is what is known of the sources of one file. It is not safe for concurrent use. Its
// methods that take healths want one for each source: of the origin that is asked for it.
type File struct {
	lim   *Limits
	trace *Trace
	state
	first source
	more  []source // the others
}

// state is what concerns all sources of a file.
type state struct {
	current    int
	parallel   bool  // several sources may serve at once
	stream     bool  // what is there, and what is asked for, is one answer from byte 0
	open       bool  // an answer was accepted since the file was begun
	anew       bool  // a stream has ended early: it begins anew, and may be of another version
	restarting bool  // what is there is to be thrown away
	keep       bool  // but for what the isolated source has delivered, or what is right
	size       int64 // as the first answer told it; 0: it has not
	have       int64 // bytes that are there, as outcomes have told; those of a stream do not count
	unreported int64 // and so many more, of which they have not
	most       int64 // that there ever were, in steps of Limits.good
	changes    int   // left
	displaced  int   // left
	short      wait.Account
	pieces     bool        // it is known which bytes are wrong
	isolated   int         // 1 + the source that is asked alone in a repair; 0: there is none
	wrong      *fail.Error // what the digest said
	dead       *fail.Error // why the file cannot be had, whoever may be asked
}

// New is a file of n sources, in order of preference.
func New(n int, l *Limits) *File {
	f := &File{}
	f.Init(n, l)
	return f
}

// Init is New for a file that is there.
func (f *File) Init(n int, l *Limits) {
	*f = File{lim: l, first: l.source()}
	if n > 1 {
		f.more = slices.Repeat([]source{l.source()}, n-1)
	}
	f.changes, f.displaced, f.first.refreshes = l.changes, l.displaced, l.refreshes
}

func (f *File) n() int { return 1 + len(f.more) }

func (f *File) source(i int) *source {
	if i == 0 {
		return &f.first
	}
	return &f.more[i-1]
}

// Standing is what a source is good for.
func (f *File) Standing(i int) Standing { return f.source(i).standing }

// AsGiven reports whether a source is to be asked at its URL as given, wherever that has led
// before.
func (f *File) AsGiven(i int) bool { return f.source(i).renewed }

// Plain notes, before anything was asked, that a source refuses ranges.
func (f *File) Plain(i int) {
	s := f.source(i)
	if s.plain || s.most > 0 {
		return
	}
	f.trace.add(Step{Call: callPlain, Source: i})
	if !f.open {
		s.plain, s.instead = true, true
	}
}

// Unranged notes, before anything was asked, that no range is ever to be asked of a source.
func (f *File) Unranged(i int) {
	s := f.source(i)
	s.plain, s.forms = true, 0
	f.trace.add(Step{Call: callUnranged, Source: i})
}

// Instead reports whether a source is asked without ranges since it refused them.
func (f *File) Instead(i int) bool { return f.source(i).instead }

// Most is how long a range may be at a source, since it refused a longer one; 0: it did not.
func (f *File) Most(i int) int64 { return f.source(i).most }

// Next decides, for a worker that has a piece of the file in hand, or will get one, which has
// been tried so far. It is to be asked again before each request.
func (f *File) Next(now time.Duration, t wait.Tries, o []health.Health) Action {
	a := f.next(now, t, o)
	f.trace.add(Step{Call: callNext, Now: now, Tries: t, Healths: o, Action: a})
	return a
}

func (f *File) next(now time.Duration, t wait.Tries, o []health.Health) Action {
	for f.dead == nil && !f.restarting {
		if f.expires() {
			if at := t.At(0); at > now {
				return Action{Kind: Wait, Source: 0, Until: at}
			}
			return Action{Kind: Refresh, Gen: f.first.gen, Stream: f.stream}
		}
		i, at := f.pick(now, t, o)
		switch {
		case f.restarting:
		case i < 0 && f.isolated > 0:
			f.isolateNext()
		case i < 0:
			return f.failure()
		case at > now:
			return Action{Kind: Wait, Source: i, Until: at}
		default:
			if f.turnTo(i); !f.restarting {
				return f.ask(i)
			}
		}
	}
	if f.dead != nil {
		return f.failure()
	}
	return Action{Kind: Restart, Source: f.current, Stream: f.source(f.current).plain, Keep: f.keep}
}

// ask is the action of asking a source.
func (f *File) ask(i int) Action {
	s := f.source(i)
	a := Action{Source: i, Gen: s.gen, Stream: f.stream}
	if f.some() && !s.pinned && !s.verified {
		a.Kind = Compare
	}
	return a
}

// failure is the end: the first source's error explains most, since the caller gave it.
func (f *File) failure() Action {
	a := Action{Kind: Fail, Source: f.current, Err: f.dead}
	for i := 0; a.Err == nil && i < f.n(); i++ {
		a.Source, a.Err = i, f.source(i).err
	}
	if a.Err == nil {
		a.Source, a.Class = 0, fail.Unreachable
		return a
	}
	a.Class = a.Err.Class
	switch a.Class {
	case fail.Interrupted, fail.Timeout, fail.ServerError, fail.Closed:
		if f.stream && f.changes == 0 { // each answer was of another version, and none came whole
			a.Class = fail.Changed
		}
	}
	return a
}

// turnTo makes a source the one that is asked. Where nothing is there yet it begins anew, as
// do streams, and whatever comes behind one: what others have said of the file is forgotten.
func (f *File) turnTo(i int) {
	s := f.source(i)
	f.current = i
	if f.open && (f.stream != s.plain || !f.some() && !s.pinned && !s.verified) {
		f.reset()
	}
	f.stream = s.plain
}

// reset has what is there thrown away. All that is under way is of no use any more.
func (f *File) reset() {
	f.restarting, f.keep, f.open, f.anew, f.parallel = true, false, false, false, false
	f.have, f.unreported = 0, 0
	for i := range f.n() {
		s := f.source(i)
		s.pinned, s.verified = false, false
		s.gen++
	}
}

// restart is reset for a file that may be another one by now. Its price is the caller's.
func (f *File) restart() {
	f.reset()
	f.size = 0
}

// Restarted notes that this many bytes are left after a Restart.
func (f *File) Restarted(have int64) {
	f.restarting = false
	if f.have = have; have > 0 {
		f.open, f.source(f.current).pinned = true, true
	}
	f.trace.add(Step{Call: callRestarted, Bytes: have})
}

// Adopted notes bytes that were there before this file was begun: a source says that they
// are of its version.
func (f *File) Adopted(i int, have int64) {
	f.have, f.open, f.current = have, have > 0, i
	f.source(i).pinned = true
	f.trace.add(Step{Call: callAdopted, Source: i, Bytes: have})
}

// Has notes how many bytes are there. Requests tell of theirs when they end, and of those of
// one that was given up nobody does; nor of such that were lost. It is to be called before
// whatever depends on that: Next, Choose and Failed.
func (f *File) Has(n int64) {
	if !f.restarting && !f.stream {
		f.have = min(f.have, n) // or they were lost
		f.unreported = n - f.have
	}
	f.trace.add(Step{Call: callHas, Bytes: n})
}

// some reports whether any bytes are there that another source could go on with.
func (f *File) some() bool { return f.have+f.unreported > 0 }

// Trust lets every source go on with what is there, since a digest will tell.
func (f *File) Trust() {
	for i := range f.n() {
		f.source(i).verified = true
	}
	f.trace.add(Step{Call: callTrust})
}

// Emptied notes that what was there is gone, at nobody's fault. Whoever went on with that, it is the
// first source again that says what the file is.
func (f *File) Emptied() {
	f.restart()
	f.restarting, f.current = false, 0
	f.trace.add(Step{Call: callEmptied})
}

// Paused notes that all requests were given up, at nobody's fault: a stream begins anew.
func (f *File) Paused() {
	f.anew = f.stream && f.open
	f.trace.add(Step{Call: callPaused})
}
