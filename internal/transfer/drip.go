package transfer

import "time"

// A server that sends a byte now and then never stalls, and never ends.

// What arrives slower drips.
const (
	dripTime  = 3 * time.Second
	dripBytes = 3 << 10 // in that time
)

// drip is what has come of a file lately, as its reporter sees it.
type drip struct {
	since  time.Time // zero: it is not looked at
	bytes  int64     // that it had received then
	crawls bool      // nothing worth the name came in the time before
}

// Drips reports whether the file has crawled for a while, though nobody keeps it back: its place
// would be of more use to another. It is to be called at every tick.
func (f *File) Drips(now time.Time) bool {
	f.mu.Lock()
	waits := f.plan.Waits()
	f.mu.Unlock()
	d, n := &f.drip, f.received.Load()
	switch {
	case !waits: // which tells nothing: between two requests it crawls as before
		d.since = time.Time{}
	case d.since.IsZero():
		d.since, d.bytes = now, n
	case n-d.bytes >= dripBytes:
		*d = drip{now, n, false}
	case now.Sub(d.since) >= dripTime:
		*d = drip{now, n, true}
	}
	return waits && d.crawls
}

// StoodAside is to be called at every tick of a file that has given up its place. As long as it
// crawls it keeps one connection, and others may use those that it had beside that.
func (f *File) StoodAside() { f.plan.Narrow(f.drip.crawls) }
