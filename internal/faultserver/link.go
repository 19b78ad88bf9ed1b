package faultserver

import (
	"sync"
	"time"
)

// defaultBuffer is what a direction of a connection holds where Link says nothing:
// about what the kernel gives a socket.
const defaultBuffer = 256 << 10

// Link describes one connection of a Net. The zero value has no delay and no limit.
type Link struct {
	Dial   time.Duration // how long connecting takes
	Up     time.Duration // delay of bytes sent by the dialing side
	Down   time.Duration // delay of bytes sent by the accepting side
	Rate   int64         // bytes/s sent by the accepting side; 0 is unlimited
	Buffer int           // bytes held in each direction; 0 is 256 KiB
	Shared *Bottleneck   // a limit this connection shares with others; may be nil
}

// RTT is a link where a round trip, and so a dial, takes d.
func RTT(d time.Duration) Link { return Link{Dial: d, Up: d / 2, Down: d - d/2} }

// Rates gives connections the rates (bytes/s; 0 is unlimited) in turn, for Net.Shape.
func Rates(rates ...int64) func(dial int, addr string) Link {
	return func(dial int, _ string) Link { return Link{Rate: rates[dial%len(rates)]} }
}

// Same gives every connection the same link, for Net.Shape.
func Same(l Link) func(dial int, addr string) Link {
	return func(int, string) Link { return l }
}

// Bottleneck is a line that several connections share, first come first served.
type Bottleneck struct {
	mu   sync.Mutex
	rate int64
	free time.Time
}

// NewBottleneck returns a line of rate bytes/s.
func NewBottleneck(rate int64) *Bottleneck { return &Bottleneck{rate: rate} }

// pass tells when n bytes, ready to go at the given time, are through.
func (b *Bottleneck) pass(n int, at time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free.After(at) {
		at = b.free
	}
	b.free = at.Add(transmission(n, b.rate))
	return b.free
}

// path is one direction of a link: it tells when bytes arrive.
type path struct {
	delay  time.Duration
	own    *Bottleneck
	shared *Bottleneck
}

func newPath(delay time.Duration, rate int64, shared *Bottleneck) path {
	p := path{delay: delay, shared: shared}
	if rate > 0 {
		p.own = NewBottleneck(rate)
	}
	return p
}

func (p *path) instant() bool { return p.delay == 0 && p.own == nil && p.shared == nil }

// arrival tells when n bytes sent now are there.
func (p *path) arrival(n int) time.Time {
	at := time.Now()
	if p.own != nil {
		at = p.own.pass(n, at)
	}
	if p.shared != nil {
		at = p.shared.pass(n, at)
	}
	return at.Add(p.delay)
}

// quantum is how many bytes go in one piece: about 10 ms worth, so that a slow
// line trickles rather than jumps.
func (p *path) quantum() int {
	q := int64(defaultBuffer)
	for _, b := range []*Bottleneck{p.own, p.shared} {
		if b != nil {
			q = min(q, max(1, b.rate/100))
		}
	}
	return int(q)
}

func transmission(n int, rate int64) time.Duration {
	return time.Duration(float64(n) / float64(rate) * float64(time.Second))
}
