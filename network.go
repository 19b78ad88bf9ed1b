package littledl

import (
	"math"
	"time"
)

// How long a file takes on a network that has been measured. Pure, like strategy.go.

// NetworkProfile is what has been measured on the way to a host. The zero value
// is nothing yet; so is one without a speed.
type NetworkProfile struct {
	// RTT is one round trip.
	RTT time.Duration
	// Connections is how many were in use for TotalSpeed. With one it cannot be told
	// whether connections are limited one by one or all together.
	Connections int
	// TotalSpeed is in bytes/s over all of them at once.
	TotalSpeed float64
	// MaxSpeed is the bytes/s that the fastest single one has reached, be it before
	// the others joined in: a limit on the sum shows as a TotalSpeed well below
	// Connections times MaxSpeed.
	MaxSpeed float64
	// Trend is the relative change of TotalSpeed over the last samples, -1..1.
	Trend float64
	// Stability is 1 where speed does not vary, down to 0.
	Stability float64
}

// line is a network reduced to what the time of a transfer depends on.
type line struct {
	rtt       float64 // seconds
	one       float64 // bytes/s of a connection that is alone
	each      float64 // bytes/s of one among several
	all       float64 // bytes/s of all together; +Inf: no limit was seen
	measured  int     // connections
	stability float64 // 0..1
	trend     float64 // -1..1
}

// ordinary is a line that nothing is known of: four connections fill it.
func ordinary() line {
	return line{rtt: 0.05, one: 3 * mib, each: 3 * mib, all: 12 * mib}
}

// addsUp is the least share of Connections times MaxSpeed that is taken for
// connections that do not hinder each other; what is missing is noise.
const addsUp = 0.85

// line makes sense of a measurement; false: there is none.
func (n NetworkProfile) line() (line, bool) {
	m := min(max(n.Connections, 1), 1<<20) // more are not meant, and would overflow
	total, one := positive(n.TotalSpeed), positive(n.MaxSpeed)
	if total == 0 {
		total, m = one, 1
	}
	if total == 0 {
		return line{}, false
	}
	// The fastest cannot have been slower than the average, nor faster than all are together.
	one = min(max(one, total/float64(m)), total)
	l := line{
		rtt: max(n.RTT, 0).Seconds(), one: one, each: one, all: total, measured: m,
		stability: clamp(n.Stability, 0, 1), trend: clamp(n.Trend, -1, 1),
	}
	if total >= addsUp*float64(m)*one {
		l.each, l.all = total/float64(m), math.Inf(1)
	}
	return l, true
}

// positive is v, or 0 where it is no speed.
func positive(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 1) {
		return 0
	}
	return v
}

func clamp(v, lo, hi float64) float64 {
	if math.IsNaN(v) {
		return lo
	}
	return min(max(v, lo), hi)
}

// seconds is how long k connections take for a file.
//
// One stream connects, asks for the first part, and asks for the rest: three round
// trips. The others of several connect when the first headers are in and so are two
// more behind, of which the first connection loses one when it asks again; and the
// last to end is about another one late. Where a fair share is less than the part
// asked for first, the end of that part is too short to be divided.
func (l line) seconds(size int64, k int) float64 {
	if k == 1 {
		return 3*l.rtt + float64(size)/l.one
	}
	s := float64(size)
	ahead := min(l.rtt*l.one, s)
	tail := min(clamp(smallSize-s/float64(k), 0, mib), s-ahead)
	return 5*l.rtt + (s-ahead-tail)/min(float64(k)*l.each, l.all) + tail/l.one
}

func (l line) speedup(size int64, k int) float64 {
	return clamp(l.seconds(size, 1)/l.seconds(size, k), 1, float64(k))
}

// confidence in an estimate for k connections: less where fewer were measured, and
// where speed varies or is changing.
func (l line) confidence(k int) float64 {
	c := 0.9
	switch {
	case k > 1 && l.measured == 1:
		c = 0.6
	case k > l.measured:
		c = 0.8
	}
	return c * (1 + l.stability) / 2 * (1 - math.Abs(l.trend)/2)
}
