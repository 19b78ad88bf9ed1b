package transfer

import "time"

// A server that sends a byte now and then never stalls, and never ends.

// What arrives slower drips.
const (
	dripTime  = 3 * time.Second
	dripBytes = 3 << 10 // in that time
)

// drip is when a file last brought anything worth the name, as its reporter sees it.
type drip struct {
	since time.Time // zero: it is not looked at
	bytes int64     // that it had received then
}

// Drips reports whether the file has crawled for a while, though nobody keeps it back: its place
// would be of more use to another. It is to be called at every tick.
func (f *File) Drips(now time.Time) bool {
	f.mu.Lock()
	waits := f.plan.Waits()
	f.mu.Unlock()
	d, n := &f.drip, f.received.Load()
	switch {
	case !waits:
		*d = drip{}
	case d.since.IsZero(), n-d.bytes >= dripBytes:
		*d = drip{now, n}
	}
	return !d.since.IsZero() && now.Sub(d.since) >= dripTime
}
