package fetch

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// hosts are those of TLS that were asked for, as URLs have them.
type hosts struct {
	mu   sync.Mutex
	seen map[string]*host
}

// host is what decides how the next request to it is sent.
type host struct {
	opened chan struct{} // closed when the first connection stands or has failed
	http1  atomic.Bool   // it agrees to HTTP/2 and then wants HTTP/1.1
}

// maxOpening bounds how long others wait for the first.
const maxOpening = time.Second

// of is the host of that name. First: nobody has asked for it before.
func (s *hosts) of(name string) (h *host, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h = s.seen[name]; h != nil {
		return h, false
	}
	if s.seen == nil {
		s.seen = map[string]*host{}
	}
	h = &host{opened: make(chan struct{})}
	s.seen[name] = h
	return h, true
}

// open lets the first request find out alone whether HTTP/2 is spoken. Otherwise every
// request that starts meanwhile makes a connection of its own, and all but one of the
// handshakes are for nothing. It returns the context to make the request with, and a
// function to call when that has returned; it waits while another request opens the host.
func (h *host) open(ctx context.Context, first bool) (context.Context, func()) {
	if first {
		open := sync.OnceFunc(func() { close(h.opened) })
		return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { open() }}), open
	}
	await(ctx, h.opened)
	return ctx, func() {}
}

// await waits for the first, for a while.
func await(ctx context.Context, opened <-chan struct{}) {
	select {
	case <-opened:
		return
	default:
	}
	timer := time.NewTimer(maxOpening)
	defer timer.Stop()
	select {
	case <-opened:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// send sends one request, on a connection of its own or on a shared one.
func (c *Client) send(req *http.Request, separate bool) (*http.Response, error) {
	if separate || req.URL.Scheme != "https" {
		return c.separate.RoundTrip(req)
	}
	if len(c.own) == 0 { // somebody else's transport: its connections are its own business
		return c.multiplexed.RoundTrip(req)
	}
	h, first := c.hosts.of(req.URL.Host)
	ctx, opened := h.open(req.Context(), first)
	defer opened()
	if h.http1.Load() {
		return c.separate.RoundTrip(req)
	}
	shared := req
	if ctx != req.Context() {
		shared = req.WithContext(ctx)
	}
	res, err := c.multiplexed.RoundTrip(shared)
	if requiresHTTP1(err) {
		h.http1.Store(true)
		return c.separate.RoundTrip(req)
	}
	return res, err
}

// BrokeOff notes why the body of an answer of u did not come to its end: it may be that the
// next must be asked for otherwise.
func (c *Client) BrokeOff(u *url.URL, err error) {
	if requiresHTTP1(err) {
		h, first := c.hosts.of(u.Host)
		if first {
			close(h.opened)
		}
		h.http1.Store(true)
	}
}

// requiresHTTP1: a stream was reset, or its connection ended, with that code. net/http has no
// types for it, and prints its name in each of them.
func requiresHTTP1(err error) bool {
	return err != nil && strings.Contains(err.Error(), "HTTP_1_1_REQUIRED")
}
