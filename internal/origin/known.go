package origin

import (
	"time"

	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/line"
)

// What is known of an origin, as values.

// Health is whether it is worth asking, on the clock of Table.At.
func (o *Origin) Health() health.Health {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.health
}

// Backoff is how long it is not to be asked yet.
func (o *Origin) Backoff(now time.Time) time.Duration {
	return max(o.Health().Until-o.table.At(now), 0)
}

// LastErr is what the origin was last of no use for; there is a reason wherever its health is
// Busy or Down.
func (o *Origin) LastErr() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lastErr
}

// Capacity is how many requests it may have in flight.
func (o *Origin) Capacity() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.limit.Allowed()
}

// Room is how many more may be tried: see concurrency.Limit.
func (o *Origin) Room() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.limit.Room()
}

// RTT is the time from a request to its first byte, lately; 0: not known.
func (o *Origin) RTT() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.roundTrip
}

// Measured is what its large files have shown of the way to it.
func (o *Origin) Measured() line.Measure {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.measured
}

// Measure notes what a large file's transfer has shown; the round trip is the origin's own.
func (o *Origin) Measure(m line.Measure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m.RTT = o.roundTrip
	o.measured = m
}

// Quirks are what makes an origin be asked in another form, in all that follows.
type Quirks struct {
	NoIfRange bool // it answers If-Range with the whole file though nothing has changed, as some caches do
	NoHTTP1   bool // it ends such connections
}

// Quirks are those that are known.
func (o *Origin) Quirks() Quirks {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.quirks
}

// DislikesIfRange notes that quirk.
func (o *Origin) DislikesIfRange() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.quirks.NoIfRange = true
}

// SpokeHTTP1 notes an answer over HTTP/1.1. It proves for good that the origin takes that:
// what failed before was an accident.
func (o *Origin) SpokeHTTP1() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.http1, o.quirks.NoHTTP1 = true, false
}

// EndedHTTP1 notes that a request over HTTP/1.1 was not answered. True: it is believed from
// now on, and was not before, that the origin does not take any.
func (o *Origin) EndedHTTP1() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.http1 || !o.health.Served() || o.quirks.NoHTTP1 {
		return false
	}
	o.quirks.NoHTTP1 = true
	return true
}
