package littledl

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/littledl/littledl/internal/httprange"
)

// What a source has to show before it goes on with the bytes of another.

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
	if err := f.awaitSeam(ctx, src); err != nil {
		return false, err
	}
	k := f.sampler(src, f.r.d.set.cfg.StallTimeout)
	defer k.giveBack()
	began := time.Now()
	got, theirs, err := f.sample(ctx, src, k, nil, from, seam.Hi)
	if errors.Is(err, errUnlike) {
		return false, nil
	}
	if err != nil && (k.at == nil || k.at == src.host) { // a redirect's target says nothing of it
		err = f.blame(src, began, err)
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

// outageError is why a source cannot be asked while its host serves nobody.
type outageError struct{ err error }

func (e *outageError) Error() string { return e.err.Error() }
func (e *outageError) Unwrap() error { return e.err }

// awaitSeam waits until a source's host may be asked, unless another one can be sooner.
func (f *file) awaitSeam(ctx context.Context, src *source) error {
	for {
		d, err := src.host.wait(time.Now(), f.r.d.set.cfg.Retry.MaxElapsed)
		if err != nil {
			return &outageError{err}
		}
		if d <= 0 {
			return nil
		}
		if why, busy := src.host.ails(); why != nil && f.sooner(src, busy) {
			return &outageError{why}
		}
		if !sleep(ctx, f.soonest(src, d)) {
			return context.Cause(ctx)
		}
	}
}

// blame notes with the host of a source why that could not be asked, if that is the
// host's own trouble: it is an outageError then.
func (f *file) blame(src *source, began time.Time, err error) error {
	retry := f.r.d.set.cfg.Retry
	if asksTooLong(retry, err) {
		return err
	}
	switch served, serving := src.host.alive(); diagnose(err, served) {
	case remedyHost:
		if isTurnedAway(err) && (serving > 0 || src.host.servedSince(began, time.Now())) {
			return err
		}
		src.host.down(began, time.Now(), err, retry, rand.Float64())
	case remedyTurn:
		f.mu.Lock()
		n := src.seam.refused
		f.mu.Unlock()
		src.host.throttle(began, time.Now(), busyDelay(retry, n, err), err, retry.MaxElapsed)
		if !src.host.ailing() {
			return err
		}
	default:
		return err
	}
	return &outageError{err}
}

// passes reports whether a source that could not be asked may answer the next time.
func passes(err error) bool {
	switch diagnose(err, true) {
	case remedyAgain, remedyRetry, remedyHost, remedyTurn, remedyLocal:
		return true
	}
	return false
}

// askAgain reports whether the only source is to be asked once more for what it has to be
// compared by, for which it waits; false: there are others, or that has been tried enough.
func (f *file) askAgain(ctx context.Context, src *source, err error) bool {
	retry := f.r.d.set.cfg.Retry
	outage, busy := errors.As(err, new(*outageError)), diagnose(err, true) == remedyTurn
	f.mu.Lock()
	others, t := f.othersLocked(src), &src.seam
	d, enough := retryDelay(retry, t.tries, err), t.tries >= retry.MaxRetries
	switch {
	case busy:
		d, enough = busyDelay(retry, t.refused, err), t.waited >= retry.MaxElapsed
		t.refused++
		t.cost(time.Now(), d)
	case !outage:
		t.tries++
	}
	f.mu.Unlock()
	switch {
	case others || asksTooLong(retry, err):
		return false
	case outage:
		return src.host.hopeful(time.Now(), retry.MaxElapsed, false) // it is waited for before it is asked
	case enough:
		return false
	}
	_ = sleep(ctx, d) // paused or ended, the caller finds that out
	return true
}
