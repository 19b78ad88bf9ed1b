package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// How several requests ride on one connection, those of a host's lane.

// riding is a host's part of a lane.
type riding struct {
	opened chan struct{} // closed when its first connection stands or has failed; nil: nobody has asked
	conns  int           // open, or being made
	flying int           // requests under way
	most   int           // of those, as many as the host takes on a connection; 0: not known
	freed  chan struct{} // closed when there is one less
}

// errCrowded is why nobody is dialed for a request: others ride on the connections that there are,
// which have no room for it. net/http would have one more for each.
var errCrowded = errors.New("the server takes fewer streams on a connection")

// ride sends a request on a lane, when there is room.
func (c *Client) ride(h *host, req *http.Request, lane int) (*http.Response, error) {
	for {
		if err := h.board(req.Context(), lane); err != nil {
			return nil, err
		}
		ctx, opened := h.open(&dialing{Context: req.Context(), host: h, lane: lane}, lane)
		res, err := c.lanes.of(lane).RoundTrip(req.WithContext(ctx))
		opened()
		if err == nil {
			h.count(res, lane)
			return res, nil
		}
		crowded := errors.Is(err, errCrowded)
		if h.alight(lane, crowded); !crowded {
			return nil, err
		}
	}
}

// board waits for room.
func (h *host) board(ctx context.Context, lane int) error {
	h.mu.Lock()
	for {
		r := h.ridingLocked(lane)
		if r.most == 0 || r.flying < r.most {
			r.flying++
			h.mu.Unlock()
			h.flying.Add(1)
			return nil
		}
		if r.freed == nil {
			r.freed = make(chan struct{})
		}
		freed := r.freed
		h.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		h.mu.Lock()
	}
}

// alight notes that a request is over; crowded: there was room for the others only.
func (h *host) alight(lane int, crowded bool) {
	h.flying.Add(-1)
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.ridingLocked(lane)
	if r.flying--; crowded {
		r.most = max(r.flying, 1)
	}
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}

// open lets the first request of a lane make its connection alone. Otherwise every request that
// starts meanwhile makes one of its own, and all but one of the handshakes are for nothing. It
// returns the context to make the request with, and a function to call when that has returned;
// it waits while another request opens the lane.
func (h *host) open(ctx context.Context, lane int) (context.Context, func()) {
	opened, first := h.opening(lane)
	if first {
		open := sync.OnceFunc(func() { close(opened) })
		return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { open() }}), open
	}
	await(ctx, opened, maxOpening)
	return ctx, func() {}
}

// opening is what is closed when a lane has a connection. First: nobody has asked on it before.
func (h *host) opening(lane int) (opened chan struct{}, first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.ridingLocked(lane)
	if first = r.opened == nil; first {
		r.opened = make(chan struct{})
	}
	return r.opened, first
}

func (h *host) ridingLocked(lane int) *riding {
	for len(h.lanes) <= lane {
		h.lanes = append(h.lanes, riding{})
	}
	return &h.lanes[lane]
}

// room tells whether a lane has other requests than one, and as many connections as it may have.
func (h *host) room(lane int) (crowded, full bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.ridingLocked(lane)
	return r.flying > 1, r.conns >= maxLane
}

// connected counts a connection that is being made, or one that is no more.
func (h *host) connected(lane, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ridingLocked(lane).conns += n
}
