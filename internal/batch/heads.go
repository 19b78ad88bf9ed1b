package batch

import (
	"net/http"

	"github.com/littledl/littledl/internal/task"
)

// host is what is known of how a host answers HEAD. A link may be good for one request, and
// there are servers that count a HEAD as one. So the first HEAD goes to a URL that the host
// has just served by GET; only if that is answered 200 with the same size are others sent, for
// what nobody has fetched yet. It is guarded by prober.mu.
type host struct {
	state    headState
	misses   int          // HEADs that told no size
	inFlight int          // HEADs
	waiting  []*task.Task // that are worth a HEAD, when it is known to be good
	sample   *task.Task   // has been served by GET, and is over; nil: none yet
	size     int64        // of the sample
}

type headState uint8

const (
	unheard headState = iota // nothing that was served has been asked for by HEAD
	onTrial                  // it is being asked for
	good
	refused // HEAD is of no use there
)

// maxMisses is after how many HEADs that told no size a host is not asked again.
const maxMisses = 3

// isIdle reports that nothing is under way for it: it may be found out anew how it answers.
func (h *host) isIdle() bool { return h.inFlight == 0 && len(h.waiting) == 0 && h.sample == nil }

// mayAsk reports whether one more HEAD may be sent ahead: as many as could all be in vain.
func (h *host) mayAsk() bool { return h.state == good && h.inFlight < maxMisses-h.misses }

// mayTest reports whether it is to be found out what a HEAD is answered.
func (h *host) mayTest() bool { return h.state == unheard && h.sample != nil && len(h.waiting) > 0 }

// tested ends the first HEAD. Status 0: it was not sent, or ended by us.
func (h *host) tested(status int, right bool) {
	switch {
	case right:
		h.state = good
	case status != 0:
		h.refuse()
	default:
		h.state = unheard
	}
}

// missed notes that a HEAD told no size; status 0: there was no answer. A file may be missing
// on a host that answers HEAD well, but 405 speaks for all of them.
func (h *host) missed(status int) {
	switch status {
	case http.StatusNotFound, http.StatusGone, http.StatusOK:
		h.misses++
	default:
		h.misses = maxMisses
	}
	if h.misses >= maxMisses {
		h.refuse()
	}
}

func (h *host) refuse() { h.state, h.waiting, h.sample = refused, nil, nil }

// next takes the first of those that wait which is still worth a HEAD; nil: none is.
func (h *host) next(worth func(*task.Task) bool) *task.Task {
	for len(h.waiting) > 0 {
		t := h.waiting[0]
		h.waiting = h.waiting[1:]
		if worth(t) {
			return t
		}
	}
	h.waiting = nil
	return nil
}
