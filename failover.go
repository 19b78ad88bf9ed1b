package littledl

import (
	"context"
	"errors"
	"slices"

	"github.com/littledl/littledl/internal/httprange"
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

// dropSource leaves a source that failed for the next. It returns the segment where
// the worker may go on at once, beside others or from the very beginning.
func (f *file) dropSource(src *source, s *segment, err error) *segment {
	f.r.warn("source dropped", f.t, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	if s != nil {
		s.tries, s.refused, s.waited = 0, 0, 0
	}
	f.discardLocked(src, err)
	if next := f.sources[f.current]; !f.stream && (f.pin == nil || f.parallel && next.proven) {
		return s
	}
	f.failLocked(errSwitch)
	return nil
}

// discardLocked gives a source up; the next one in the order given is current then.
func (f *file) discardLocked(src *source, err error) {
	src.dropped = true
	f.failures = 0
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
			return
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
	f.discardLocked(src, err)
	return true
}

// passes reports whether a source that could not be asked may answer the next time.
func passes(err error) bool {
	switch diagnose(err, true, false) {
	case remedyAgain, remedyRetry, remedyHost, remedyTurn, remedyLocal:
		return true
	}
	return false
}

// askAgain waits before the only source is asked once more for what it has to be compared
// by; false: there are others, or that has been tried often enough.
func (f *file) askAgain(ctx context.Context, src *source, err error) bool {
	retry := f.r.d.set.cfg.Retry
	f.mu.Lock()
	src.seams++
	n, others := src.seams, f.othersLocked(src)
	f.mu.Unlock()
	if others || n > retry.MaxRetries || asksTooLong(retry, err) {
		return false
	}
	_ = sleep(ctx, retryDelay(retry, n-1, err)) // paused or ended, the caller finds that out
	return true
}

// readmit takes back sources that were dropped for not being like the first; the
// first of them serves.
func (f *file) readmit(unlike []*source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(unlike) - 1; i >= 0; i-- {
		unlike[i].dropped, unlike[i].unlike = false, false
		f.current = slices.Index(f.sources, unlike[i])
	}
}

// seamSize is how many bytes before the seam must be the same on both sides.
const seamSize = 64 << 10

// sameEntity asks a source for the end of what was fetched already: size, strong
// ETag and Last-Modified must equal what the file was pinned to, and so must the
// bytes. An error says that it could not be asked.
func (f *file) sameEntity(ctx context.Context, src *source) (bool, error) {
	f.mu.Lock()
	seam := f.done.Ranges()[0]
	pin := *f.pin
	f.mu.Unlock()
	from := max(seam.Hi-seamSize, seam.Lo)
	k := f.sampler(src, f.r.d.set.cfg.StallTimeout)
	defer k.giveBack()
	got, theirs, err := f.sample(ctx, src, k, nil, from, seam.Hi)
	if errors.Is(err, errUnlike) {
		return false, nil
	}
	if err != nil || theirs.Size != pin.Size || theirs.LastModified == "" || theirs.LastModified != pin.LastModified ||
		!httprange.StrongETag(pin.ETag) || theirs.ETag != pin.ETag || !f.onDisk(from, got) {
		return false, err
	}
	f.mu.Lock()
	src.pin = &theirs
	f.mu.Unlock()
	return true, nil
}
