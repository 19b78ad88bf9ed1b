package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// What a server of HTTP/2 may do without ever answering: end connections, or take no request
// on any, whereupon net/http dials again without pause and without limit; and send frames that
// are no answer, each of which has to be read, and often replied to.

const (
	maxDials = 2 // of one request: a server may be restarting; then it is asked over HTTP/1.1
	maxLane  = 2 // of one lane, and open: one may be ending

	// Of bytes that a host sends: so many may be more than what was made of them, and so many
	// for each request under way, be it that nobody has read them yet (net/http's window).
	maxLead  = 2 << 20
	windowOf = 4<<20 + maxHeaderBytes
	// maxCredit is how many a host may have coming, for what it has brought, or what was given
	// up under way. One byte of a file accounts for as many as it takes in a frame and a
	// record of its own.
	maxCredit = 32 << 20
	perByte   = 64
)

var (
	errDials = errors.New("the server takes no request over HTTP/2")
	errFlood = errors.New("the server sends what is no answer, without end")
)

// dialing is the context of a request that net/http may dial for.
type dialing struct {
	context.Context
	host  *host
	lane  int
	dials atomic.Int32
}

type dialingKey struct{}

// Value implements context.Context.
func (d *dialing) Value(key any) any {
	if key == (dialingKey{}) {
		return d
	}
	return d.Context.Value(key)
}

// dialingOf is the request that is dialed for; nil: one that will not have others dialed.
func dialingOf(ctx context.Context) *dialing {
	d, _ := ctx.Value(dialingKey{}).(*dialing)
	return d
}

// allowed counts one more, before which those that were of no use are closed: they are within
// the limits of the host.
func (d *dialing) allowed(makeRoom func()) error {
	if d == nil {
		return nil
	}
	n := d.dials.Add(1)
	if n > 1 {
		makeRoom()
	}
	crowded, full := d.host.room(d.lane)
	switch {
	case crowded && (full || n > maxDials):
		return errCrowded
	case n > maxDials:
		return errDials
	case full: // those that there are may be idle, and net/http have forgotten them
		makeRoom()
	}
	d.host.connected(d.lane, 1)
	return nil
}

// counts is what a host's connections have brought, beside what was made of it.
type counts struct {
	lead   atomic.Int64 // bytes off the network that no answer has accounted for
	flying atomic.Int64 // requests under way
}

// brought counts bytes off the network. False: they are too many.
func (c *counts) brought(n int) bool {
	if c.lead.Add(int64(n)) <= maxLead+windowOf*c.flying.Load() {
		return true
	}
	c.lead.Store(0) // the next connection begins anew
	return false
}

// account is for so many bytes that have, or may have, come of an answer.
func (c *counts) account(n int64) {
	for {
		lead := c.lead.Load()
		if c.lead.CompareAndSwap(lead, max(lead-n, -maxCredit)) {
			return
		}
	}
}

// counted is a body that accounts for what it brings.
type counted struct {
	io.ReadCloser
	of    *host
	lane  int
	ended atomic.Bool
}

func (h *host) count(res *http.Response, lane int) {
	h.account(maxHeaderBytes)
	res.Body = &counted{ReadCloser: res.Body, of: h, lane: lane}
}

// Read implements io.Reader.
func (b *counted) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.of.account(int64(n) * perByte)
	}
	return n, err
}

// Close implements io.Closer. What is under way of a body that is given up arrives nevertheless.
func (b *counted) Close() error {
	if b.ended.CompareAndSwap(false, true) {
		b.of.account(windowOf)
		b.of.alight(b.lane, false)
	}
	return b.ReadCloser.Close()
}
