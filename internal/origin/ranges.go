package origin

// Some servers refuse a range with an error status, where they would serve the file without one,
// or a shorter one. What was found out with one URL is known for the others.

// Ranges are what is known of the ranges that an origin serves.
type Ranges struct {
	Plain    bool  // it refuses them, and serves without
	Most     int64 // bytes of the longest that it serves, where longer ones were refused; 0: none were
	InVain   int   // URLs that it has refused to serve either way
	longest  int64
	furthest int64
}

// New reports whether a range is longer, or further from the beginning, than any that was served.
func (r Ranges) New(lo, hi int64) bool { return hi-lo > r.longest || lo > r.furthest }

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
	r.longest, r.furthest = max(r.longest, hi-lo), max(r.furthest, lo)
	if most > 0 && (r.Most == 0 || most < r.Most) {
		r.Most = most
	}
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
