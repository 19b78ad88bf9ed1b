package fetch

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// openings lets the first request to a TLS origin find out alone whether HTTP/2 is
// spoken there. Otherwise every request that starts meanwhile makes a connection of
// its own, and all but one of the handshakes are for nothing.
type openings struct {
	mu   sync.Mutex
	seen map[string]chan struct{} // by host as URLs have it; closed when the first connection stands or has failed
}

// maxOpening bounds how long others wait for the first.
const maxOpening = time.Second

// enter returns the context to make the request with, and a function to call when it
// has returned. It waits while another request opens the origin.
func (o *openings) enter(ctx context.Context, host string) (context.Context, func()) {
	o.mu.Lock()
	opened, found := o.seen[host]
	if !found {
		if o.seen == nil {
			o.seen = map[string]chan struct{}{}
		}
		opened = make(chan struct{})
		o.seen[host] = opened
	}
	o.mu.Unlock()
	if !found {
		open := sync.OnceFunc(func() { close(opened) })
		return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { open() }}), open
	}
	select {
	case <-opened:
		return ctx, func() {}
	default:
	}
	timer := time.NewTimer(maxOpening)
	defer timer.Stop()
	select {
	case <-opened:
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx, func() {}
}

// roundTrip sends one request, on a connection of its own or on a shared one.
func (c *Client) roundTrip(req *http.Request, separate bool) (*http.Response, error) {
	if separate || req.URL.Scheme != "https" {
		return c.separate.RoundTrip(req)
	}
	if len(c.own) == 0 { // somebody else's transport: its connections are its own business
		return c.multiplexed.RoundTrip(req)
	}
	ctx, opened := c.openings.enter(req.Context(), req.URL.Host)
	defer opened()
	if ctx != req.Context() {
		req = req.WithContext(ctx)
	}
	return c.multiplexed.RoundTrip(req)
}
