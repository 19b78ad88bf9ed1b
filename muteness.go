package littledl

import "time"

// muteness is a time in which a host takes requests and answers none. Each file asks it
// MaxRetries times more. When one has done so in vain, and MaxElapsed is over, the others
// do it once: or a list of a dead host's files would keep those of others waiting for
// hours. host.mu guards it.
type muteness struct {
	unanswered time.Time // when the first request began that was not answered; zero: it has answered since
	inVain     bool      // a file has given up
}

// mute notes that a request begun at start was not answered, and, final, that its file
// gives up for that. It returns true where asking again is of no use.
func (h *host) mute(start, now time.Time, final bool, maxElapsed time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unanswered.IsZero() {
		h.unanswered = start
	}
	h.inVain = h.inVain || final
	return h.inVain && now.Sub(h.unanswered) >= maxElapsed
}

// spoke notes that the host has answered, whatever that was.
func (h *host) spoke() {
	h.mu.Lock()
	h.muteness = muteness{}
	h.mu.Unlock()
}
