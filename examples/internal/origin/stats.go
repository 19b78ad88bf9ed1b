package origin

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Stats is what the origin has seen so far.
type Stats struct {
	Requests    int64 // of any method, the refused included
	Heads       int64 // HEAD requests among them
	Refused     int64 // answered 503
	Peak        int64 // most requests in flight at once
	Bytes       int64 // of bodies
	Connections int64
}

// Stats returns what the origin has seen so far.
func (o *Origin) Stats() Stats {
	c := &o.counters
	return Stats{
		Requests: c.requests.Load(), Heads: c.heads.Load(), Refused: c.refused.Load(),
		Peak: c.peak.Load(), Bytes: c.bytes.Load(), Connections: o.conns.Load(),
	}
}

type counters struct {
	requests, heads, refused, inFlight, peak, bytes atomic.Int64
}

// begin counts a request in and returns how many are in flight with it. It is
// counted out by done, or already when its client gives up.
func (c *counters) begin(r *http.Request) (inFlight int64, done func()) {
	c.requests.Add(1)
	if r.Method == http.MethodHead {
		c.heads.Add(1)
	}
	inFlight = c.inFlight.Add(1)
	for peak := c.peak.Load(); inFlight > peak; peak = c.peak.Load() {
		if c.peak.CompareAndSwap(peak, inFlight) {
			break
		}
	}
	leave := func() { c.inFlight.Add(-1) }
	stop := context.AfterFunc(r.Context(), leave)
	return inFlight, func() {
		if stop() {
			leave()
		}
	}
}
