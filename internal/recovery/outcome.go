package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/wait"
)

// Failure is one request that came to nothing, or not to its end.
type Failure struct {
	Source, Gen int         // as the Action said
	Err         *fail.Error // why
	fail.Facts
	Verdict    health.Verdict // on a connection that ended without an answer, or an error of the server's
	Rest       time.Duration  // for how long the origin that a redirect led to is not to be asked
	Start, Now time.Duration
	Jitter     float64    // random, from 0 to 1
	Brought    int64      // bytes that were not there before
	Tries      wait.Tries // of the piece that was asked for
}

// What a failure is of which the verdict says more than its class.
const (
	turnedAway = fail.Classes + iota
	oneTooMany
	moved
	rangeRefused
	draining
	outage
	stale
	kinds
)

// entry is what follows from one kind of failure: its price is paid, and the first row that
// fits says what becomes of the source.
type entry struct {
	price func(*outcome)
	rows  []row
}

type row struct {
	while func(*outcome) bool
	then  func(*outcome)
}

// table is all that is ever decided about requests that failed. Prices, conditions and
// consequences are in prices.go and rows.go; which entry one is, in kind.go.
var table = [kinds]entry{
	// class: {price, while and then}
	fail.Displaced:   {displace, []row{{always, stay}}},
	fail.Interrupted: retried,
	fail.ServerError: retried,
	fail.Closed:      retried, // by who has never served anybody
	fail.Timeout: {attempt, []row{
		{anotherNow, suspend},
		{unresponsive, reject},
		{spent, reject},
		{always, stay},
	}},
	fail.TooSlow: {slow, []row{
		{impatient, reject},
		{anotherNow, suspend},
		{always, stay},
	}},
	outage: {outOfReach, []row{
		{unpaid, reject},
		{insteadInVain, askShortRanges},
		{waitedLong, askInsteadOnce},
		{forgiven, forgive},
		{anotherNow, block},
		{pastDeadline, block},
		{always, stay},
	}},
	oneTooMany: {companion, []row{
		{waitedOut, reject},
		{always, stay},
	}},
	moved: {attempt, []row{
		{spentAlone, reject},
		{always, renew},
	}},
	rangeRefused: {otherForm, []row{
		{besideRanges, differPlain},
		{insteadOfRange, askShort},
		{plainInVain, askShort},
		{nothingThere, askInstead},
		{lastAttempt, askInstead},
		{longAfterErrors, shorten},
		{divisible, halve},
		{always, askInstead},
	}},
	turnedAway: {turnAway, []row{
		{tooOften, reject},
		{waitedInVain, reject},
		{tired, leave},
		{always, stay},
	}},
	draining: {drain, []row{
		{waitedOut, reject},
		{tired, leave},
		{always, stay},
	}},
	fail.Busy: {refusal, []row{
		{asksTooLong, reject},
		{unpaid, reject},
		{pastDeadline, block},
		{waitedOut, reject},
		{insteadInVain, askShortRanges},
		{waitedLong, askInsteadOnce},
		{tired, leave},
		{always, stay},
	}},
	fail.Shortage: {shortage, []row{
		{shortTooLong, die},
		{always, stay},
	}},
	stale: {free, []row{{always, refresh}}},
	fail.Expired: {attempt, []row{
		{renewed, reject},
		{spentAlone, reject},
		{always, renew},
	}},
	fail.NoRanges: {free, []row{
		{besideOthers, differ},
		{ranged, toStream},
		{unanswered, reject},
		{always, retry},
	}},
	fail.Changed: {free, changed},
	fail.Dubious: {free, changed},
	fail.Mismatched: {free, append([]row{
		{others, differ},
	}, changed...)},
	fail.Permanent: {free, []row{{always, reject}}},
	fail.Declined: {attempt, []row{
		{spent, reject},
		{always, stay},
	}},
	fail.Local: {free, []row{{always, die}}},
}

var retried = entry{attempt, []row{
	{spent, reject},
	{unverifiedBesideAnother, suspend},
	{always, stay},
}}

var changed = []row{
	{besideOthers, differ},
	{beginsAnew, beginAnew},
	{tooMuchChange, reject},
	{firstChange, changedOnce},
	{always, changedAgain},
}

// outcome is a failure that is being dealt with.
type outcome struct {
	*Failure
	f      *File
	s      *source
	o      []health.Health
	h      *health.Health // of the origin that was asked
	tries  wait.Tries
	left   time.Duration // of the waiting for the source, before this
	stale  bool          // the piece pays, and nothing follows
	unpaid bool          // it is one outage too many
}

// Failed notes a failure, and returns what has been tried of its piece by now.
func (f *File) Failed(e Failure, o []health.Health) wait.Tries {
	t := f.failed(&e, o)
	f.trace.add(Step{Call: callFailed, Failure: e, Healths: o, Tries: t})
	return t
}

func (f *File) failed(e *Failure, o []health.Health) wait.Tries {
	kind := f.kind(e)
	x := outcome{Failure: e, f: f, s: f.source(e.Source), o: o, h: &o[e.Source], tries: e.Tries}
	x.stale = f.stale(e.Source, e.Gen) && kind != fail.Local && kind != fail.Shortage
	x.left = f.lim.MaxElapsed - x.s.waited.Waited()
	if x.tries.Source != e.Source {
		x.tries = wait.Tries{Source: e.Source}
	}
	if e.Brought >= f.lim.minProgress {
		x.tries.Attempts = 0
	}
	if e.Brought > 0 {
		few := x.tries.TooMany // bytes are no sign yet that there is room
		if x.tries = (wait.Tries{Source: x.tries.Source, Attempts: x.tries.Attempts, Until: x.tries.Until}); e.Brought < f.lim.minProgress {
			x.tries.TooMany = few
		}
	}
	f.progress(e.Source, e.Now, e.Brought)
	table[kind].price(&x)
	if x.stale || f.dead != nil {
		return x.tries
	}
	switch kind {
	case fail.Displaced, fail.Shortage: // neither is the source's
	case fail.Busy, oneTooMany, turnedAway, draining: // who is one too many says nothing of the others
		x.s.err = e.Err
	default:
		x.s.err = e.Err
		x.s.gen++
	}
	for _, r := range table[kind].rows {
		if r.while(&x) {
			r.then(&x)
			break
		}
	}
	return x.tries
}

// stale reports whether an outcome is of what was asked under conditions that are no more.
func (f *File) stale(i, gen int) bool {
	s := f.source(i)
	return gen != s.gen || f.restarting || s.standing != Active
}

// progress notes bytes that were not there before.
func (f *File) progress(i int, now time.Duration, n int64) {
	if n <= 0 || f.restarting {
		return
	}
	s := f.source(i)
	s.brought = true
	s.fresh(now)
	f.short.Clear(now)
	if f.stream { // what it has brought is lost when it breaks off
		return
	}
	f.unreported -= min(n, f.unreported)
	f.have += n
	f.markProgress(s, f.have)
}

// markProgress fills a source's budgets again where the file has got further than ever.
func (f *File) markProgress(s *source, have int64) {
	if have >= f.most+f.lim.goodProgress {
		f.most = have
		s.recalls, s.returns, s.companions = f.lim.recalls, f.lim.returns, f.lim.companions
		f.first.refreshes = f.lim.refreshes
	}
}

// Answered notes that an answer of a source was accepted, of a file of this size, which is 0
// if it did not tell. Whole: it is all of the file, whatever was asked.
func (f *File) Answered(i int, size int64, whole bool) {
	f.trace.add(Step{Call: callAnswered, Source: i, Bytes: size, Flag: whole})
	if f.restarting {
		return
	}
	s := f.source(i)
	s.pinned, s.renewed, s.strikes = true, false, 0
	s.refreshed = false
	f.open = true
	if whole && !f.stream {
		s.plain, f.stream, f.have, f.unreported = true, true, 0, 0
	}
	if f.size == 0 {
		f.size = size
	}
}

// Served notes that a request came to a good end. Short: it brought next to nothing of what
// was asked, and there is more to ask. A source that goes on like that has no ranges.
func (f *File) Served(i, gen int, now time.Duration, brought int64, short bool) {
	f.trace.add(Step{Call: callServed, Source: i, Gen: gen, Now: now, Bytes: brought, Flag: short})
	f.progress(i, now, brought)
	s := f.source(i)
	if !short || s.plain || f.stale(i, gen) {
		return
	}
	if s.shortAnswers++; s.shortAnswers <= f.lim.shortAnswers {
		return
	}
	if s.plain = true; f.parallel {
		s.become(Different)
	} else {
		f.restart()
	}
}

// Compared notes whether a source has the same file as what is there is of.
func (f *File) Compared(i, gen int, same bool) {
	f.trace.add(Step{Call: callCompared, Source: i, Gen: gen, Flag: same})
	s := f.source(i)
	switch {
	case f.stale(i, gen):
	case same:
		s.pinned, s.verified = true, s.verified || f.parallel
	default:
		s.become(Different)
	}
}
