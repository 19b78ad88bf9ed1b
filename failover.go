package littledl

import (
	"context"
	"errors"
	"slices"
)

// From one source to the next.

// errSwitch ends a round whose source failed, when another is to go on.
var errSwitch = errors.New("another source goes on")

// dropUnlike is dropSource for one that may still serve alone.
func (f *file) dropUnlike(src *source, s *segment, err error) *segment {
	f.mu.Lock()
	src.unlike = true
	f.mu.Unlock()
	return f.dropSource(src, s, err)
}

// dropSilent is dropSource for one that may answer again.
func (f *file) dropSilent(src *source, s *segment, err error) *segment {
	f.mu.Lock()
	src.silent = true
	f.mu.Unlock()
	return f.dropSource(src, s, err)
}

// dropInOutage is dropSilent for one whose host serves nobody.
func (f *file) dropInOutage(src *source, s *segment, err error) *segment {
	f.mu.Lock()
	src.outage = true
	f.mu.Unlock()
	return f.dropSilent(src, s, err)
}

// dropSource leaves a source that failed for the next. It returns the segment where
// the worker may go on at once, beside others or from the very beginning.
func (f *file) dropSource(src *source, s *segment, err error) *segment {
	next, news := f.discard(src, s, err)
	if news {
		f.r.warn("source dropped", f.t, err)
	}
	return next
}

// discard is dropSource without a word; it is no news where a colleague has done it.
func (f *file) discard(src *source, s *segment, err error) (next *segment, news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news = !src.dropped
	f.discardLocked(src, err)
	if current := f.sources[f.current]; !f.stream && (f.pin == nil || f.parallel && current.proven) {
		return s, news
	}
	f.failLocked(errSwitch)
	return nil, news
}

// discardLocked gives a source up; the next one in the order given is current then. It
// does not pay for those before it, unless it was given up as well: two that take turns
// would go on for ever.
func (f *file) discardLocked(src *source, err error) {
	src.dropped = true
	for _, s := range f.running { // nothing may ever come of these
		if s.src == src && s.cancel != nil && s.firstByte.IsZero() {
			s.cancel(errShed)
		}
	}
	if f.lastError == nil || src == f.sources[0] {
		f.lastError = err // the caller's own URL explains most
	}
	for i, o := range f.sources {
		if !o.dropped {
			f.current = i
			break
		}
	}
	if !f.sources[f.current].turned {
		f.failures, f.trouble = 0, trouble{}
		for _, s := range slices.Concat(f.running, f.todo) {
			s.trouble = trouble{}
		}
	}
}

// errOther: a source has another file than the one before it.
var errOther = errors.New("it has another file, or another version of it")

// takeOver readies a file for its next source: what was fetched is kept if one of those
// left provably has the same file. Where none has, the file starts over from the first
// that answered.
func (f *file) takeOver() error {
	if f.unconfirmed && !f.t.options().hash.IsZero() {
		return nil // of an earlier process: the next one's answer, and the digest, will tell
	}
	var unlike []*source
	for f.pin != nil && !f.stream && f.done.Len() > 0 {
		epoch, err := f.enter() // nothing is asked during a pause
		if err != nil {
			return err
		}
		src := f.sources[f.current]
		if src.pin != nil { // it has served before, or was compared; it must go on saying so
			return nil
		}
		same, err := f.sameEntity(epoch, src)
		if same {
			return nil
		}
		if f.r.ctx.Err() != nil {
			return context.Cause(f.r.ctx)
		}
		if err != nil && epoch.Err() != nil {
			continue // paused in the middle of it
		}
		if err == nil {
			unlike, err = append(unlike, src), errOther
		} else if passes(err) && f.askAgain(epoch, src, err) {
			continue
		}
		if !f.next(src, err, len(unlike) == 0) {
			break
		}
	}
	f.readmit(unlike)
	f.stream = false
	f.r.warn("starting over from another source", f.t, f.lastError)
	return f.startOver()
}

// next leaves a source for the one after it; false: there is none. Any: one that did
// not fit in before will do.
func (f *file) next(src *source, err error, any bool) bool {
	if any && !f.others(src) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.othersLocked(src) {
		return false
	}
	src.errors++
	src.unlike = err == errOther
	src.silent = !src.unlike && passes(err)
	src.outage = src.silent && errors.As(err, new(*outageError))
	f.discardLocked(src, err)
	return true
}

// readmit takes back sources that were dropped for not being like the first; the
// first of them serves.
func (f *file) readmit(unlike []*source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(unlike) - 1; i >= 0; i-- {
		unlike[i].takeBack()
		f.current = slices.Index(f.sources, unlike[i])
	}
}
