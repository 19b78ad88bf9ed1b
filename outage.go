package littledl

import (
	"fmt"
	"time"

	"github.com/littledl/littledl/internal/backoff"
)

// outage is a time in which a host serves nobody: it is down, or it refuses everything.
// It is waited for as a host, not once for each of its files. host.mu guards it.
type outage struct {
	since   time.Time // zero: there is none
	blocked time.Time // no request before this
	last    time.Time // when it was of no use for the last time
	err     error     // why
	busy    bool      // it does answer, but refuses
	step    int
}

const (
	hostRetryMax = 5 * time.Second // how long a host that is down is left alone at most
	promptly     = time.Second     // who waited for a host asks it so soon
)

// beginLocked notes that a request begun at start found the host of no use. Time in which
// nobody was waiting, since the batch was paused or others had the places, does not count.
func (o *outage) beginLocked(start, now time.Time, err error, busy bool) {
	if o.since.IsZero() {
		o.since = now
	} else if unasked := start.Sub(o.blocked); unasked > promptly {
		o.since = o.since.Add(unasked)
	}
	o.last, o.err, o.busy = now, err, busy
}

// patientLocked reports whether it has not been waited for as long as patience allows: up
// to the last time that somebody asked, since perhaps it serves again.
func (o *outage) patientLocked(maxElapsed time.Duration) bool {
	return o.since.IsZero() || o.last.Sub(o.since) < maxElapsed
}

// wait returns how long the host as a whole must not be asked; an error when it has
// served nobody for longer than patience allows.
func (h *host) wait(now time.Time, maxElapsed time.Duration) (time.Duration, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.blocked.After(now):
		return 0, nil
	case h.patientLocked(maxElapsed):
		return h.blocked.Sub(now), nil
	case h.busy:
		return 0, fmt.Errorf("%w; the host has served nobody for %v", gateError(h.err), maxElapsed)
	}
	return 0, fmt.Errorf("the host is down: %w", h.err)
}

// ails is why the host serves nobody; nil: it does. Busy: it does answer.
func (h *host) ails() (why error, busy bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.since.IsZero():
		return nil, false
	case h.busy:
		return gateError(h.err), true
	}
	return fmt.Errorf("the host is down: %w", h.err), false
}

// hopeful reports whether a host that serves nobody has not been waited for as long as
// patience allows; at once: nor must be any longer.
func (h *host) hopeful(now time.Time, maxElapsed time.Duration, atOnce bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return (!atOnce || !h.blocked.After(now)) && h.patientLocked(maxElapsed)
}

// ailing reports whether the host serves nobody.
func (h *host) ailing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.since.IsZero()
}

// down notes that a request begun at start found the host unreachable. It returns
// false when the host has been waited for long enough.
func (h *host) down(start, now time.Time, err error, retry RetryConfig, u float64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.beginLocked(start, now, err, false)
	if !start.Before(h.blocked) { // not one of a crowd that failed together
		p := backoff.Policy{Base: retry.BaseDelay, Max: min(retry.MaxDelay, hostRetryMax)}
		// At least half of the bound: a host that is down gains nothing from haste.
		h.blocked = now.Add(p.Delay(h.step, 0.5+u/2))
		h.step++
	}
	return h.patientLocked(retry.MaxElapsed)
}

// throttle makes the whole host wait after a refusal of a request begun at start, unless
// it is serving other requests or may be: the answers to a crowd come in any order. It
// returns false when the host has refused everything for long enough.
func (h *host) throttle(start, now time.Time, d time.Duration, err error, maxElapsed time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.flights) > 0 {
		return true
	}
	h.beginLocked(start, now, err, true)
	if until := now.Add(d); until.After(h.blocked) {
		h.blocked = until
	}
	return h.patientLocked(maxElapsed)
}
