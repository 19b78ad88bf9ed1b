// Package meter turns a byte counter that is looked at now and then into a
// speed that is steady enough to read and quick enough to be true.
package meter

import (
	"math"
	"time"
)

// Meter is an exponentially weighted moving average of the speed at which a
// cumulative byte counter grows. It reads no clock: the caller passes the time.
// The zero value has a half-life of zero, so it tells the speed between the
// last two samples. A Meter is not safe for concurrent use.
type Meter struct {
	halfLife time.Duration
	started  bool
	at       time.Time // of the last sample
	total    int64     // at the last sample
	sum      float64   // weighted sum of speeds, bytes/s
	weight   float64   // sum of the weights in it, below 1 while warming up
}

// New returns a Meter in which a sample counts half as much after halfLife.
// With a halfLife of zero or less only the last two samples count.
func New(halfLife time.Duration) *Meter {
	return &Meter{halfLife: max(halfLife, 0)}
}

// Sample tells the meter that the counter stood at total bytes at the time now.
// The first sample only sets the starting point. A counter that fell (a file
// that starts over) made no progress, and is measured from its new value on. A
// sample that is not later than the one before is ignored.
func (m *Meter) Sample(now time.Time, total int64) {
	if !m.started {
		m.started, m.at, m.total = true, now, total
		return
	}
	dt := now.Sub(m.at)
	if dt <= 0 {
		return
	}
	gained := 0.0
	if total > m.total {
		gained = float64(total) - float64(m.total)
	}
	m.at, m.total = now, total

	// What was known keeps 2^(-dt/halfLife) of its weight, so that one long
	// interval weighs as much as many short ones.
	fresh := 1.0
	if m.halfLife > 0 {
		fresh = -math.Expm1(-math.Ln2 * float64(dt) / float64(m.halfLife))
	}
	m.sum += fresh * (gained/dt.Seconds() - m.sum)
	m.weight += fresh * (1 - m.weight)
}

// Speed is the speed in bytes per second, 0 before the second sample.
func (m *Meter) Speed() float64 {
	if m.weight <= 0 {
		return 0
	}
	// The weights do not add up to 1 yet: without the division the first
	// seconds would be an average with a past at speed 0 that never was.
	return m.sum / m.weight
}

// ETA is the time that remaining bytes take at speed bytes per second. It is 0
// when nothing remains, and negative, for unknown, when remaining is negative,
// when there is no speed, or when the time is too long for a Duration.
func ETA(remaining int64, speed float64) time.Duration {
	switch {
	case remaining == 0:
		return 0
	case remaining < 0, !(speed > 0): // a NaN is no speed either
		return -1
	}
	ns := float64(remaining) / speed * float64(time.Second)
	if ns >= math.MaxInt64 {
		return -1
	}
	return time.Duration(ns)
}
