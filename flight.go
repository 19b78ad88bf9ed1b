package littledl

import (
	"slices"
	"time"
)

// Which requests a host had beside one that it refused.

// flight is one request between departure and landing.
type flight struct {
	began, ended time.Time
	refused      bool
}

// lately is how many landed requests are remembered.
const lately = 64

func (h *host) depart(now time.Time) *flight {
	fl := &flight{began: now}
	h.mu.Lock()
	h.flights = append(h.flights, fl)
	h.mu.Unlock()
	return fl
}

func (h *host) land(fl *flight, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.flights, fl); i >= 0 {
		last := len(h.flights) - 1
		h.flights[i] = h.flights[last]
		h.flights[last] = nil
		h.flights = h.flights[:last]
	}
	fl.ended = now
	if !fl.refused {
		h.landed[h.landings%lately] = fl
		h.landings++
	}
}

// besideLocked counts the requests that the host had beside one that it refused: in
// flight when that one began, or begun so soon after it that they may have come
// first, and not refused themselves. Those that have landed since count too.
func (h *host) besideLocked(fl *flight, now time.Time) int {
	latest := fl.began.Add(now.Sub(fl.began) / 4)
	n := 0
	for _, o := range h.flights {
		if o != fl && !o.refused && !o.began.After(latest) {
			n++
		}
	}
	for _, o := range h.landed {
		if o != nil && !o.refused && !o.began.After(latest) && !o.ended.Before(fl.began) {
			n++
		}
	}
	return n
}
