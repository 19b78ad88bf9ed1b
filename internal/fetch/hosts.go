package fetch

import (
	"context"
	"errors"
	"net/http"
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
	http1  atomic.Bool // it agrees to HTTP/2 and then wants HTTP/1.1
	served atomic.Bool // it has answered
	counts

	mu    sync.Mutex
	lanes []riding
}

// maxOpening bounds how long others wait for the first.
const maxOpening = time.Second

// of is the host of that name.
func (s *hosts) of(name string) *host {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]*host{}
	}
	h := s.seen[name]
	if h == nil {
		h = &host{}
		s.seen[name] = h
	}
	return h
}

// await waits for the first, for so long.
func await(ctx context.Context, opened <-chan struct{}, patience time.Duration) {
	select {
	case <-opened:
		return
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-opened:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// send sends one request, on the lane that it was given.
func (c *Client) send(req *http.Request, lane int) (*http.Response, error) {
	if c.foreign != nil { // its connections are its own business
		return c.foreign.RoundTrip(req)
	}
	if lane == separate || req.URL.Scheme != "https" {
		return c.lanes.of(separate).RoundTrip(req)
	}
	h := c.hosts.of(req.URL.Host)
	if h.http1.Load() {
		res, err := c.lanes.of(separate).RoundTrip(req)
		h.tried(req.Context(), true, err)
		return res, err
	}
	res, err := c.ride(h, req, lane)
	if err == nil {
		h.tried(req.Context(), false, nil)
		return res, nil
	}
	if requiresHTTP1(err) || errors.Is(err, errDials) {
		h.http1.Store(true)
		return c.lanes.of(separate).RoundTrip(req)
	}
	h.tried(req.Context(), false, err)
	return nil, err
}

// tried notes what came of a request. Who has never answered, and is mute over HTTP/2, may want
// HTTP/1.1: net/http tells nobody of a GOAWAY that takes the streams there are. If that is no
// better the next is asked as the first was.
func (h *host) tried(ctx context.Context, http1 bool, err error) {
	switch {
	case err == nil:
		h.served.Store(true)
	case ctx.Err() == nil && !h.served.Load() && (http1 || isMute(err)):
		h.http1.Store(!http1)
	}
}

// isMute: over HTTP/2 there was neither an answer nor an end.
func isMute(err error) bool {
	text := err.Error()
	return strings.Contains(text, "http2: timeout awaiting response headers") || strings.Contains(text, "http2: client connection lost")
}

// BrokeOff notes why the body of an answer of u did not come to its end: it may be that the
// next must be asked for otherwise.
func (c *Client) BrokeOff(u *url.URL, err error) {
	if requiresHTTP1(err) {
		c.hosts.of(u.Host).http1.Store(true)
	}
}

// requiresHTTP1: a stream was reset, or its connection ended, with that code. net/http has no
// types for it, and prints its name in each of them.
func requiresHTTP1(err error) bool {
	return err != nil && strings.Contains(err.Error(), "HTTP_1_1_REQUIRED")
}
