package littledl

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/budget"
)

// host is what one batch has learned about one scheme, host and port: whether it
// answers, how many requests it bears, how quick it is.
type host struct {
	origin string
	group  *budget.Group
	limit  int // the caller's for one host

	received atomic.Int64 // bytes

	mu sync.Mutex
	outage
	muteness
	served  bool      // it has answered usefully, in this Start or an earlier one
	latest  time.Time // when it did so last
	serving int       // requests whose answers are arriving
	// Its habits.
	setup     time.Duration // request to first byte, smoothed
	noIfRange bool
	http1     bool           // it has answered over HTTP/1.1
	noHTTP1   bool           // it closes such connections
	network   NetworkProfile // as its large files have shown it
	paid      int            // connections that a file of it was worth
	// Adaptive concurrency.
	flights   []*flight
	landed    [lately]*flight // a ring
	landings  int
	allowed   int
	ceiling   int
	lastCut   time.Time
	patience  time.Duration
	before    limits    // a cut that may have been none
	broken    time.Time // when an answer broke off
	trial     float64   // goodput before the step on trial
	badGrowth time.Time // when a step did not pay
	lastBytes int64
	lastTick  time.Time
	goodput   float64
}

const (
	outageTime    = time.Second      // in which a host's connections break, and no new ones are made
	firstPatience = 10 * time.Second // before a number that was refused is tried again
	maxPatience   = 5 * time.Minute
	trialWindow   = time.Second // how long a step up is watched before it is judged
)

// limits are what was known of what a host bears.
type limits struct {
	at               time.Time
	allowed, ceiling int
	patience         time.Duration
}

// answered notes that a request begun at start got a useful answer; done must be
// called when its body has ended.
func (h *host) answered(start, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serving++
	h.served, h.latest = true, now
	h.muteness = muteness{heard: now}
	if !h.since.IsZero() {
		h.outage = outage{}
	}
	if d := now.Sub(start); h.setup == 0 {
		h.setup = d
	} else {
		h.setup += (d - h.setup) / 8
	}
}

// dislikesIfRange reports that the host answers If-Range with the whole file even
// when nothing has changed, as some caches do.
func (h *host) dislikesIfRange() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.noIfRange
}

// onlyHTTP2 reports that the host does not take HTTP/1.1.
func (h *host) onlyHTTP2() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.noHTTP1
}

// spokeHTTP1 notes whether a request over HTTP/1.1 was answered. True: it is believed
// for the first time that the host does not take any. An answer proves the contrary for
// good: what failed before it was an accident.
func (h *host) spokeHTTP1(answered bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if answered {
		h.http1, h.noHTTP1 = true, false
		return false
	}
	if h.http1 || !h.served || h.noHTTP1 {
		return false
	}
	h.noHTTP1 = true
	return true
}

func (h *host) dropIfRange() {
	h.mu.Lock()
	h.noIfRange = true
	h.mu.Unlock()
}

func (h *host) done() {
	h.mu.Lock()
	h.serving--
	h.mu.Unlock()
}

// bears is how many requests the host may have in flight.
func (h *host) bears() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.allowed
}

// alive reports whether the host has served before, and is serving something now.
func (h *host) alive() (served bool, serving int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.served, h.serving
}

// worth is how many connections have paid for a file of this host; found remembers it.
func (h *host) worth() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.paid
}

func (h *host) found(connections int) {
	h.mu.Lock()
	h.paid = connections
	h.mu.Unlock()
}

// crowded reports whether other requests are on their way to the host, or are being
// served: then one that could not connect may be one too many. Where all fail together
// it is no such thing, so it is believed only of a host that is one of several.
func (h *host) crowded() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serving > 0 || len(h.flights) > 0
}

func (h *host) latency() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.setup
}

// turnAway is refuse for a connection that was not let in. Beside others that break at
// the same time that is no limit: the host goes down, or comes up again.
func (h *host) turnAway(fl *flight, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.breakingLocked(now) {
		return
	}
	if now.Sub(h.before.at) >= outageTime {
		h.before = limits{now, h.allowed, h.ceiling, h.patience}
	}
	h.refuseLocked(fl, now)
}

// broke notes that an answer broke off, and takes back what was concluded a moment ago.
func (h *host) broke(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken = now
	if now.Sub(h.before.at) < outageTime {
		h.allowed, h.ceiling, h.patience = h.before.allowed, h.before.ceiling, h.before.patience
		h.before = limits{}
		h.group.Resize(h.allowed)
	}
}

// serves reports whether the host is serving others. Where answers have broken off just
// now, those under way may only not have noticed yet.
func (h *host) serves(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serving > 0 && !h.breakingLocked(now)
}

// servedSince reports whether the host has answered others since a request was begun, or
// shortly before: then it is no outage yet if that one was ended without an answer.
func (h *host) servedSince(start, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest.After(start.Add(-outageTime-h.setup)) && !h.breakingLocked(now)
}

func (h *host) breakingLocked(now time.Time) bool { return now.Sub(h.broken) < outageTime }

// refuse lowers the number of requests in flight after one was refused.
func (h *host) refuse(fl *flight, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = limits{} // this stands
	h.refuseLocked(fl, now)
}

func (h *host) refuseLocked(fl *flight, now time.Time) {
	fl.refused = true
	fresh := fl.began.After(h.lastCut)
	n := next(h.allowed, load{limit: h.limit, ceiling: h.ceiling, refusal: true, first: fresh, serving: h.besideLocked(fl, now)})
	if fresh && h.ceiling > 0 {
		h.patience = min(2*h.patience, maxPatience)
	}
	if h.patience == 0 {
		h.patience = firstPatience
	}
	h.lastCut, h.trial = now, 0
	if n < h.allowed || h.ceiling == 0 {
		h.allowed, h.ceiling = n, n+1
	}
	h.group.Resize(h.allowed)
}

// adapt lets the number of requests in flight grow again. It is called at every
// tick; reqs and goodput are judged over trialWindow.
func (h *host) adapt(now time.Time) {
	use := h.group.Usage()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lastTick.IsZero() {
		h.lastTick, h.lastBytes = now, h.received.Load()
		return
	}
	dt := now.Sub(h.lastTick)
	if dt < trialWindow {
		return
	}
	h.goodput = float64(h.received.Load()-h.lastBytes) / dt.Seconds()
	h.lastTick, h.lastBytes = now, h.received.Load()
	if h.ceiling == 0 || now.Sub(h.badGrowth) < firstPatience && h.trial == 0 {
		return // never refused: the caller's limit stands
	}
	before := h.allowed
	h.allowed = next(h.allowed, load{
		limit: h.limit, ceiling: h.ceiling, quiet: now.Sub(h.lastCut), patience: h.patience,
		busy: use.Used >= h.allowed && use.Waiting > 0, goodput: h.goodput, before: h.trial,
	})
	h.trial = 0
	switch {
	case h.allowed > before:
		h.trial = h.goodput
		if h.allowed >= h.ceiling {
			h.ceiling = h.allowed + 1
		}
	case h.allowed < before:
		h.badGrowth = now
	}
	if h.allowed != before {
		h.group.Resize(h.allowed)
	}
}
