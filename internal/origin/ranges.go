package origin

import "math"

// Some servers refuse a range with an error status, where they would serve the file without one,
// or a shorter one. What was found out with one URL is known for the others.

// Ranges are what is known of the ranges that an origin serves.
type Ranges struct {
	Plain    bool  // it refuses them, and serves without
	Most     int64 // bytes of the longest that it serves, where longer ones were refused; 0: none were
	InVain   int   // URLs that it has refused to serve either way
	Dead     int   // and to serve a short range of
	longest  int64
	furthest int64
}

// Short reports whether it has served ranges, though none as long as this one.
func (r Ranges) Short(lo, hi int64) bool { return r.longest > 0 && length(lo, hi) > r.longest }

// New reports whether a range is longer, or further from the beginning, than any that was served;
// hi < 0: it goes to the end.
func (r Ranges) New(lo, hi int64) bool { return length(lo, hi) > r.longest || lo > r.furthest }

func length(lo, hi int64) int64 {
	if hi < 0 {
		return math.MaxInt64
	}
	return hi - lo
}

// Ranges are those that are known.
func (o *Origin) Ranges() Ranges {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ranges
}

// ServedRange notes one that was answered; most: longer ones had been refused.
func (o *Origin) ServedRange(lo, hi, most int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := &o.ranges
	r.longest, r.furthest = max(r.longest, length(lo, hi)), max(r.furthest, lo)
	if most > 0 && (r.Most == 0 || most < r.Most) {
		r.Most = most
	}
}

// RefusedShort notes that a URL has refused all of it, and a short range, too.
func (o *Origin) RefusedShort() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ranges.Dead++
}

// Instead notes what came of asking for all of a file since its ranges were refused.
func (o *Origin) Instead(served bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if served {
		o.ranges.Plain = true
	} else {
		o.ranges.InVain++
	}
}
