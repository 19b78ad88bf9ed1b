package littledl

import "time"

// muteness is a time in which a host takes requests and answers none. Each file asks it
// MaxRetries times more. When one has done so in vain, and MaxElapsed is over, the others
// do it once: or a list of a dead host's files would keep those of others waiting for
// hours. host.mu guards it.
type muteness struct {
	silence time.Duration // how long it was asked in vain; requests side by side count once
	heard   time.Time     // up to when, or when it answered
	inVain  bool          // a file has given up
}

// mute notes that a request begun at start was not answered, and, final, that its file
// gives up for that. It returns true where asking again is of no use.
func (h *host) mute(start, now time.Time, final bool, maxElapsed time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.serving > 0 {
		return false
	}
	if start.Before(h.heard) {
		start = h.heard
	}
	h.silence += max(now.Sub(start), 0)
	h.heard, h.inVain = now, h.inVain || final
	return h.inVain && h.silence >= maxElapsed
}

// spoke notes that the host has answered, whatever that was.
func (h *host) spoke() {
	h.mu.Lock()
	h.muteness = muteness{heard: time.Now()}
	h.mu.Unlock()
}
