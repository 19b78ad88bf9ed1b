package littledl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/littledl/littledl/internal/backoff"
)

// What is done about an attempt that failed for its host's sake: no attempt is counted, but
// it is waited, for MaxElapsed in all.

// maxTurnedAway is how often in a row a request may be ended without an answer by a host
// that answers others meanwhile. Those were too many, or nothing else comes of this URL.
const maxTurnedAway = 10

// unreached waits for a host that was not reached, or closed the connection without a
// word: as a host, if it serves nobody.
func (a attempt) unreached(err error) *segment {
	f, retry := a.f, a.f.r.d.set.cfg.Retry
	_, serving := a.host.alive()
	switch silent := isSilentClose(err); {
	case silent && a.host.servedSince(a.began, time.Now()):
		if a.s.refused >= maxTurnedAway {
			return a.giveUp(err)
		}
		return a.rest(err)
	case a.elsewhere(),
		silent && (a.host.serves(time.Now()) || f.forgives(a.src, retry.MaxRetries)),
		errors.Is(err, syscall.ECONNREFUSED) && (serving > 0 || a.host.crowded() && f.othersNow(a.src)):
		return a.rest(err)
	}
	patient := a.host.down(a.began, time.Now(), err, retry, rand.Float64())
	if f.othersNow(a.src) || !patient && f.others(a.src) {
		return f.dropInOutage(a.src, a.s, err)
	}
	if !patient {
		return a.giveUp(fmt.Errorf("%w; the host did not answer for %v", err, retry.MaxElapsed))
	}
	return a.s // the worker waits for the host before it asks again
}

// throttled obeys a host that has too much to do.
func (a attempt) throttled(err error) *segment {
	retry := a.f.r.d.set.cfg.Retry
	if asksTooLong(retry, err) {
		return a.giveUp(err)
	}
	d := busyDelay(retry, a.s.refused, err)
	if !a.elsewhere() && !a.host.throttle(a.began, time.Now(), d, err, retry.MaxElapsed) {
		a.s.waited = retry.MaxElapsed // by others before
	}
	return a.waitTurn(d, err)
}

// waitTurn waits without counting an attempt, for MaxElapsed in all. Where there are
// other sources, one that serves nothing to anybody is not waited for so long.
func (a attempt) waitTurn(d time.Duration, err error) *segment {
	now := time.Now()
	a.f.mu.Lock()
	a.s.refused++
	waited, refused := a.s.waited, a.s.refused
	a.s.cost(now, d)
	a.s.shuns, a.s.until = a.src, now.Add(d)
	a.f.mu.Unlock()
	retry := a.f.r.d.set.cfg.Retry
	if _, serving := a.host.alive(); refused > retry.MaxRetries && serving == 0 && a.f.othersNow(a.src) {
		if a.host.ailing() {
			return a.f.dropInOutage(a.src, a.s, err)
		}
		return a.f.dropSilent(a.src, a.s, err)
	}
	if waited >= retry.MaxElapsed { // it has been; what is still to come may serve
		return a.giveUp(fmt.Errorf("%w; waited for %v", err, retry.MaxElapsed))
	}
	if a.f.moveOn(a.s, a.src, d) {
		return nil
	}
	return a.f.wait(a.s, d)
}

// rest is waitTurn for a moment that grows.
func (a attempt) rest(err error) *segment {
	p := backoff.Policy{Base: a.f.r.d.set.cfg.Retry.BaseDelay, Max: hostRetryMax}
	return a.waitTurn(p.Delay(a.s.refused, rand.Float64()), err)
}
