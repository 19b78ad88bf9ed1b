package littledl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// attempt is one request that failed.
type attempt struct {
	f        *file
	s        *segment
	src      *source
	host     *host // the one that was asked
	at       *host // the one that failed, perhaps where a redirect led; nil: none was reached
	began    time.Time
	progress int64 // bytes it brought
	answered bool  // there was an answer, which then broke off
}

// treat applies the remedy for a failed attempt. It returns the segment when its
// worker shall go on with it.
func (a attempt) treat(err error) *segment {
	f := a.f
	if u, _ := f.address(a.src); u.Scheme == "https" && a.s.separate && a.progress == 0 && !isAnswer(err) &&
		context.Cause(f.ctx) == nil && a.host.spokeHTTP1(false) {
		return a.s // once more, over HTTP/2
	}
	if a.answered && (isSilentClose(err) || errors.Is(err, io.ErrUnexpectedEOF)) {
		a.host.broke(time.Now())
	}
	served, _ := a.host.alive()
	r := diagnose(err, served && !a.answered)
	if r != remedyAgain {
		f.mu.Lock()
		f.owed++
		a.src.errors++
		f.furtherLocked(a.src)
		f.lastFailure = err
		f.mu.Unlock()
		f.r.log("attempt failed", f.t, err)
	}
	if isAnswer(err) {
		a.host.spoke()
	}
	if errors.Is(err, errBackupPage) {
		return f.dropUnlike(a.src, a.s, err)
	}
	switch r {
	case remedyAgain:
		return a.s
	case remedyPlain:
		a.host.dropIfRange()
		return a.s
	case remedyHost:
		return a.unreached(err)
	case remedyLocal:
		return a.rest(err)
	case remedyTurn:
		return a.throttled(err)
	case remedyRetry:
		if (errors.Is(err, ErrStalled) || isTimeout(err)) && f.othersNow(a.src) {
			return f.dropSilent(a.src, a.s, err)
		}
		return a.again(err)
	case remedyStream:
		return a.toStream(err)
	case remedyChanged:
		return a.changed(err)
	case remedyRenew:
		return a.renew(err)
	}
	return a.giveUp(err)
}

// furtherLocked forgives a source what it was given up for, where the file has got further
// than ever: what is fetched again, since sources in turn start it over, does not count.
func (f *file) furtherLocked(src *source) {
	if n := f.done.Len(); n >= f.furthest+goodProgress {
		f.furthest, src.revivals, src.returns = n, 0, 0
	}
}

// elsewhere reports whether a redirect led to another host, which says nothing of the one
// that was asked.
func (a attempt) elsewhere() bool { return a.at != nil && a.at != a.host }

// giveUp ends the round, unless it was one source's failure and there are others.
func (a attempt) giveUp(err error) *segment {
	if !isLocal(err) && context.Cause(a.f.r.ctx) == nil && a.f.others(a.src) {
		return a.f.dropSource(a.src, a.s, err)
	}
	a.f.fail(gateError(err))
	return nil
}

// goodProgress is what an attempt must have brought so that its failure does not count
// against the file: a line that breaks now and then is only slow. A stream loses what
// it had.
const goodProgress = 4 * worthyProgress

// crowdTime is in which connections that fail have failed together, of the same cause: that
// counts once.
const crowdTime = 20 * time.Millisecond

// again retries after a backoff, as often as the configuration and the file's
// size allow.
func (a attempt) again(err error) *segment {
	f, retry, now := a.f, a.f.r.d.set.cfg.Retry, time.Now()
	f.mu.Lock()
	a.s.tries++
	crowd := a.began.Before(f.failed) && now.Sub(f.failed) < crowdTime
	if (f.stream || a.progress < goodProgress) && !crowd {
		f.failures++
		f.failed = now
	}
	f.broke = f.stream
	tries, failures, budget := a.s.tries, f.failures, 10
	if f.parallel && a.src.bytes == 0 { // beside others that serve: no matter which segments it was asked for
		tries = max(tries, a.src.errors)
	}
	if f.pin != nil && f.pin.Size > 0 {
		budget += int(f.pin.Size / (16 * mib))
	}
	flapping := f.stream && f.changes > 1
	f.mu.Unlock()
	final := tries > retry.MaxRetries || failures > budget || asksTooLong(retry, err)
	if isTimeout(err) && !a.answered && !a.elsewhere() {
		final = a.host.mute(a.began, now, final, retry.MaxElapsed) || final
	}
	if final {
		if flapping {
			err = fmt.Errorf("%w, and no answer came whole: %v", ErrRemoteChanged, err)
		}
		return a.giveUp(err)
	}
	d := retryDelay(retry, tries-1, err)
	f.mu.Lock()
	a.s.shuns, a.s.until = a.src, time.Now().Add(d)
	f.mu.Unlock()
	return f.wait(a.s, d)
}

// toStream gives up on ranges: the file starts over as one stream. Beside other
// sources that do ranges it is the source that goes.
func (a attempt) toStream(err error) *segment {
	f := a.f
	if f.mixed(a.src) {
		return f.dropUnlike(a.src, a.s, err)
	}
	f.mu.Lock()
	hopeless := f.stream && f.pin == nil // asked without a range, and still no usable answer
	if f.stream {
		f.failures++
		hopeless = hopeless || f.failures > 10
	}
	f.mu.Unlock()
	if hopeless {
		return a.giveUp(err)
	}
	f.fail(errStream)
	return nil
}

// changed starts over once with ranges, once as a single stream (one response is
// one version), and then gives up. A mirror that differs from the others has
// another file.
func (a attempt) changed(err error) *segment {
	f := a.f
	if f.mixed(a.src) {
		return f.dropUnlike(a.src, a.s, err)
	}
	f.mu.Lock()
	if f.err != nil { // a colleague saw it as well: it is one change
		f.dropLocked(a.s)
		f.mu.Unlock()
		return nil
	}
	a.src.resolved = nil // redirects may lead elsewhere now
	if f.broke {
		f.broke = false
		f.failLocked(errStream)
		f.mu.Unlock()
		return nil
	}
	f.changes++
	changes := f.changes
	switch changes {
	case 1:
		f.failLocked(errRestart)
	case 2:
		f.failLocked(errStream)
	}
	f.mu.Unlock()
	if changes > 2 {
		return a.giveUp(err)
	}
	return nil
}

// renew asks the URL as given again where a redirect's target or a signature has
// expired, once in a row; answers to what was asked before that do not count.
func (a attempt) renew(err error) *segment {
	var answer *answerError
	errors.As(err, &answer)
	f, src := a.f, a.src
	f.mu.Lock()
	current := src.u
	if src.resolved != nil {
		current = src.resolved
	}
	if !sameURL(answer.at, current) { // a colleague has resolved it again meanwhile
		f.mu.Unlock()
		return a.s
	}
	final := src.renewed && !a.began.Before(src.renewal)
	if !src.renewed {
		src.renewal = time.Now()
	}
	src.renewed, src.resolved = true, nil
	f.mu.Unlock()
	if final {
		return a.giveUp(err)
	}
	return a.again(err)
}
