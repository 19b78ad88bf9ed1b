package health

import (
	"time"

	"github.com/littledl/littledl/internal/wait"
)

// silence is a time in which an origin takes requests and answers none. Each file asks it as
// often as it may. When one has done so in vain, and MaxElapsed is over, the others do it
// once: or a list of an unresponsive origin's files would keep those of others waiting for
// hours.
type silence struct {
	waited wait.Account
	gaveUp bool // a file has given up
}

// Heard notes that the origin has answered, whatever that was.
func (h *Health) Heard(now time.Duration) {
	h.silence.gaveUp = false
	h.silence.waited.Clear(now)
}

// Silent notes that a request was not answered in time. Beside answers that are arriving
// that says nothing of the origin.
func (h *Health) Silent(start, now time.Duration) {
	if h.Serving == 0 {
		h.silence.waited.Failed(start, now, now)
	}
}

// GaveUp notes that a file has given the origin up since it did not answer.
func (h *Health) GaveUp() {
	if h.Serving == 0 {
		h.silence.gaveUp = true
	}
}

// Unresponsive reports whether it is of no use to ask again after a request that was not
// answered.
func (h Health) Unresponsive(l Limits) bool {
	return h.Serving == 0 && h.silence.gaveUp && h.silence.waited.Waited() >= l.MaxElapsed
}
