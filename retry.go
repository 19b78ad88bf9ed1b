package littledl

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/littledl/littledl/internal/backoff"
)

// worthyProgress is how many bytes make an attempt count as one that got somewhere.
const worthyProgress = 64 << 10

// maxCrumbs is how many answers may be shorter than that, though more was asked,
// before a file is fetched in one stream.
const maxCrumbs = 16

// settle draws the conclusion from an attempt: it returns the segment when the
// worker shall go on with it, nil when it is done with, and may wait in between.
func (f *file) settle(s *segment, src *source, h, at *host, began time.Time, err error) *segment {
	if err == nil {
		return f.settleSuccess(s)
	}
	f.mu.Lock()
	over := f.ctx.Err() != nil
	progress := s.pos - s.base
	if progress >= worthyProgress {
		s.tries, f.tries = 0, 0
	}
	if progress > 0 {
		s.refused, s.waited = 0, 0
		f.refused, f.waited = 0, 0
	}
	if t := s.twin; t != nil && t.firstByte.IsZero() && t.cancel != nil && (errors.Is(err, ErrStalled) || isTimeout(err)) {
		t.cancel(errCovered) // it says nothing either: what is to be done about that is decided for this one
		t.twin, s.twin = nil, nil
	}
	switch {
	case over, errors.Is(err, errCovered), s.twin != nil && !isDecision(err):
		f.dropLocked(s) // the round has ended, or the twin has these bytes or will have them
		f.mu.Unlock()
		return nil
	case errors.Is(err, errShed):
		f.requeueLocked(s)
		f.mu.Unlock()
		return nil
	case isDecision(err):
		f.failLocked(err)
		f.mu.Unlock()
		return nil
	}
	answered := s.answered
	f.mu.Unlock()
	return attempt{f, s, src, h, at, began, progress, answered}.treat(err)
}

// isDecision: the first answer has decided what becomes of the whole file.
func isDecision(err error) bool {
	return errors.Is(err, errKept) || errors.Is(err, errReuse) || errors.Is(err, errDisown)
}

// settleSuccess ends a segment that is all there, or goes on with the rest of it.
func (f *file) settleSuccess(s *segment) *segment {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.trouble = trouble{}
	if s.pos < s.end && !(f.stream && f.whole) {
		if s.pos-s.base < worthyProgress && !f.stream {
			f.crumbs++
		}
		if f.crumbs > maxCrumbs { // a server that gives a byte at a time would be asked for ever
			f.failLocked(errStream)
			return nil
		}
		if f.givesWayLocked() {
			f.requeueLocked(s)
			f.failLocked(errYield)
			return nil
		}
		return s
	}
	twin := s.twin
	if s.rate > 0 { // a slow one tells less of what can be had than a quick one before it
		f.lately = max(s.rate, f.lately*0.8)
	}
	f.dropLocked(s)
	if twin != nil && twin.cancel != nil {
		twin.cancel(errCovered)
	}
	if s.early {
		f.early--
		f.staffLocked()
	}
	if f.completeLocked() {
		f.cancel(errCovered)
	}
	return nil
}

// dropLocked takes a segment out of the running ones and away from its twin.
func (f *file) dropLocked(s *segment) {
	if s.rate > 0 {
		s.src.rate = s.rate
	}
	if s.twin != nil {
		s.twin.twin, s.twin = nil, nil
	}
	if i := slices.Index(f.running, s); i >= 0 {
		f.running = slices.Delete(f.running, i, i+1)
	}
}

// wait holds the segment back for a time; nil: the round has ended, or others may take
// it.
func (f *file) wait(s *segment, d time.Duration) *segment {
	if d <= 0 {
		return s
	}
	s, _ = f.hold(s, d)
	return s
}

// hold keeps a worker waiting. One with colleagues waits in its place, but without the
// segment where others may get it from another source; the only one ends the round, so
// that its file gives way to others meanwhile. False: the round has ended.
func (f *file) hold(s *segment, d time.Duration) (*segment, bool) {
	f.mu.Lock()
	if f.workers == 1 && !f.repairing && f.r.mayPark(f) {
		f.requeueLocked(s)
		f.failLocked(&parkError{time.Now().Add(d)})
		f.mu.Unlock()
		return nil, false
	}
	if f.parallel {
		f.requeueLocked(s)
		s = nil
	}
	f.mu.Unlock()
	if sleep(f.ctx, d) {
		return s, true
	}
	f.mu.Lock()
	f.requeueLocked(s)
	f.mu.Unlock()
	return nil, false
}

// sleep waits for a time; false: the context has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retryDelay is the backoff's, or what the server asked for if that is longer.
func retryDelay(retry RetryConfig, attempt int, err error) time.Duration {
	d := backoff.Policy{Base: retry.BaseDelay, Max: retry.MaxDelay}.Delay(attempt, rand.Float64())
	var a *answerError
	if errors.As(err, &a) && a.asked {
		return max(d, a.retryAfter)
	}
	return d
}

// asksTooLong reports whether the server wants to be left alone beyond our patience.
func asksTooLong(retry RetryConfig, err error) bool {
	var a *answerError
	return errors.As(err, &a) && a.asked && a.retryAfter > retry.MaxDelay
}

// busyDelay is how long a host that has too much to do is left alone.
func busyDelay(retry RetryConfig, attempt int, err error) time.Duration {
	var a *answerError
	if errors.As(err, &a) && a.asked && a.retryAfter > 0 {
		return a.retryAfter // exactly: its slot will be free by then
	}
	return min(retryDelay(retry, attempt, err), hostRetryMax) // or a moment in which it serves is missed
}

// requeueLocked puts an unfinished segment in front of those not begun.
func (f *file) requeueLocked(s *segment) {
	if s != nil {
		f.dropLocked(s)
		f.todo = append([]*segment{s}, f.todo...)
	}
}

// awaitHost waits until a source's host may be asked. One that is known to be down is
// not waited for while there are other sources. False: the round has ended, or another
// source is to be chosen.
func (f *file) awaitHost(h *host, src *source, s *segment) (*segment, bool) {
	for {
		d, err := h.wait(time.Now(), f.r.d.set.cfg.Retry.MaxElapsed)
		if why, busy := h.ails(); why != nil && err == nil && d > 0 && f.sooner(src, busy) {
			return f.dropInOutage(src, s, why), false
		}
		if err != nil {
			if f.others(src) {
				return f.dropInOutage(src, s, err), false
			}
			f.fail(err)
			return nil, false
		}
		if d <= 0 {
			return s, true
		}
		var ok bool
		if s, ok = f.hold(s, f.soonest(src, d)); !ok {
			return nil, false
		}
	}
}
