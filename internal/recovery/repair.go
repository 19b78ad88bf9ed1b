package recovery

import (
	"time"

	"github.com/littledl/littledl/internal/fail"
)

// What happens when one of several sources lies, which a digest brings to light: the file is
// completed from one source alone, then from the next, until it is right. What another had
// delivered, and comes out different then, excludes that one.

// Mismatched notes that the file is complete and its digest is wrong. Delivered is how many of
// its bytes each source has given.
func (f *File) Mismatched(now time.Duration, size int64, delivered []int64, why *fail.Error) {
	f.trace.add(Step{Call: callMismatched, Now: now, Bytes: size, Delivered: delivered, Failure: Failure{Err: why}})
	f.mismatched(size, delivered, why)
}

// Spoilt is Mismatched for a file of which it is known what is wrong: so many bytes, of which each
// source has given these. What is right stays, whoever has given it.
func (f *File) Spoilt(now time.Duration, bad int64, delivered []int64, why *fail.Error) {
	f.trace.add(Step{Call: callSpoilt, Now: now, Bytes: bad, Delivered: delivered, Failure: Failure{Err: why}})
	f.pieces = true
	f.mismatched(bad, delivered, why)
}

func (f *File) mismatched(size int64, delivered []int64, why *fail.Error) {
	f.wrong = why
	if f.isolated > 0 { // alone it did not have the right file
		f.source(f.isolated - 1).become(Rejected)
		f.isolateNext()
		return
	}
	for i, n := range delivered {
		s := f.source(i)
		if s.share = n; n == size && (n > 0 || i == f.current) { // it was alone already
			s.tried = true
			s.become(Rejected)
		}
	}
	f.isolateNext()
}

// isolateNext goes on to the next source that is asked alone; the one before, if any, is
// excluded, and what it showed of others is void.
func (f *File) isolateNext() {
	next := -1
	for i := range f.n() {
		s := f.source(i)
		s.suspected = false
		if !s.tried && s.standing != Rejected && (next < 0 || f.before(i, next)) {
			next = i
		}
	}
	if f.isolated > 0 {
		f.source(f.isolated - 1).standing = Rejected
	}
	if next < 0 {
		f.dead = f.wrong
		return
	}
	s := f.source(next)
	pinned := s.pinned
	f.isolated, f.current, f.changes = next+1, next, f.lim.changes // it is not to pay for the others
	*s = source{gen: s.gen + 1, epoch: s.epoch, notBefore: s.notBefore, plain: s.plain, instead: s.instead, most: s.most, forms: s.forms, brought: s.brought, tried: true, share: s.share,
		recalls: f.lim.recalls, returns: f.lim.returns, companions: f.lim.companions, err: s.err}
	f.restart()
	f.keep, f.stream = (f.pieces || pinned && s.share > 0) && !s.plain, s.plain
}

// before reports whether a source is asked alone before another: one that has delivered more
// is, but of what is known to be wrong less; and those that were left since they did not answer
// are last.
func (f *File) before(i, j int) bool {
	a, b := f.source(i), f.source(j)
	left := func(s *source) bool { return s.standing == Suspended || s.standing == Blocked }
	if left(a) != left(b) {
		return left(b)
	}
	if f.pieces {
		return a.share < b.share
	}
	return a.share > b.share
}

// Repairing reports whether one source is asked alone since the digest was wrong.
func (f *File) Repairing() bool { return f.isolated > 0 }

// Suspect notes that a source had delivered other bytes than those that are written now.
func (f *File) Suspect(i int) {
	f.trace.add(Step{Call: callSuspect, Source: i})
	if f.isolated > 0 && i != f.isolated-1 {
		f.source(i).suspected = true
	}
}

// Matched notes that the digest is right, and returns how many sources had sent other bytes.
func (f *File) Matched() (corrupt int) {
	f.trace.add(Step{Call: callMatched})
	for i := range f.n() {
		if s := f.source(i); s.suspected && s.standing != Rejected {
			s.become(Rejected)
			corrupt++
		}
	}
	f.isolated = 0
	return corrupt
}
