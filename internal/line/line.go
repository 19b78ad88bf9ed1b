// Package line estimates how long a file takes over so many connections.
//
// What was measured of a network does not say it directly. Connections that are limited
// one by one add up, connections that share a limit do not, and for a short file the
// round trips that opening them takes count for more than the speed they bring. A Line
// is a measurement reduced to what that depends on, and the arithmetic over it. It has
// neither clock nor state.
package line

import (
	"math"
	"time"
)

const mib = 1 << 20

// FirstRange is how many bytes are asked for before a file's size is known.
const FirstRange = 5 * mib

// Measure is what has been measured on the way to a host. The zero value is nothing
// yet; so is one without a speed.
type Measure struct {
	RTT         time.Duration // one round trip
	Connections int           // in use for TotalSpeed
	TotalSpeed  float64       // bytes/s over all of them at once
	MaxSpeed    float64       // bytes/s that the fastest single one has reached
	Trend       float64       // relative change of TotalSpeed over the last samples, -1..1
	Stability   float64       // 1 where speed does not vary, down to 0
}

// Line is a network reduced to what the time of a transfer depends on.
type Line struct {
	RTT         float64 // seconds
	One         float64 // bytes/s of a connection that is alone
	Each        float64 // bytes/s of one among several
	All         float64 // bytes/s of all together; +Inf: no limit was seen
	Connections int     // that were measured; 0: none
	Stability   float64 // 0..1
	Trend       float64 // -1..1
}

// Ordinary is a line that nothing is known of: four connections fill it.
func Ordinary() Line {
	return Line{RTT: 0.05, One: 3 * mib, Each: 3 * mib, All: 12 * mib}
}

// addsUp is the least share of Connections times MaxSpeed that is taken for
// connections that do not hinder each other; what is missing is noise.
const addsUp = 0.85

// Of makes sense of a measurement; false: there is none.
func Of(m Measure) (Line, bool) {
	n := min(max(m.Connections, 1), 1<<20) // more are not meant, and would overflow
	total, one := positive(m.TotalSpeed), positive(m.MaxSpeed)
	if total == 0 {
		total, n = one, 1
	}
	if total == 0 {
		return Line{}, false
	}
	// The fastest cannot have been slower than the average, nor faster than all are together.
	one = min(max(one, total/float64(n)), total)
	l := Line{
		RTT: max(m.RTT, 0).Seconds(), One: one, Each: one, All: total, Connections: n,
		Stability: clamp(m.Stability, 0, 1), Trend: clamp(m.Trend, -1, 1),
	}
	if total >= addsUp*float64(n)*one {
		l.Each, l.All = total/float64(n), math.Inf(1)
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

// Seconds is how long k connections take for a file.
//
// One stream connects, asks for the first part, and asks for the rest: three round
// trips. The others of several connect when the first headers are in and so are two
// more behind, of which the first connection loses one when it asks again; and the
// last to end is about another one late. Where a fair share is less than the part
// asked for first, the end of that part is too short to be divided.
func (l Line) Seconds(size int64, k int) float64 {
	if k == 1 {
		return 3*l.RTT + float64(size)/l.One
	}
	s := float64(size)
	ahead := min(l.RTT*l.One, s)
	tail := min(clamp(FirstRange-s/float64(k), 0, mib), s-ahead)
	return 5*l.RTT + (s-ahead-tail)/min(float64(k)*l.Each, l.All) + tail/l.One
}

// Speedup is how many times sooner k connections are done than one.
func (l Line) Speedup(size int64, k int) float64 {
	return clamp(l.Seconds(size, 1)/l.Seconds(size, k), 1, float64(k))
}

// Confidence in an estimate for k connections, 0..1: less where fewer were measured,
// and where speed varies or is changing.
func (l Line) Confidence(k int) float64 {
	c := 0.9
	switch {
	case k > 1 && l.Connections == 1:
		c = 0.6
	case k > l.Connections:
		c = 0.8
	}
	return c * (1 + l.Stability) / 2 * (1 - math.Abs(l.Trend)/2)
}
