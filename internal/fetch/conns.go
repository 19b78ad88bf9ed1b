package fetch

import (
	"context"
	"errors"
	"net"
	"sync"
)

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// conns are the connections that are open. A transport closes those that it believes to
// be idle; when all requests have ended none may be left, whatever it believes.
type conns struct {
	makeRoom func() // closes those that are idle
	most     int    // descriptors that the process may have in use; 0: any number

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
}

// conn tells when it is closed.
type conn struct {
	net.Conn
	of   *conns
	host *host // whose answers account for what it brings; nil: each request has its own
	lane int
}

var errClosed = errors.New("the client is closed")

// tracked is a dialer whose connections close will find.
func (s *conns) tracked(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := dialingOf(ctx)
		if err := d.allowed(s.makeRoom); err != nil {
			return nil, err
		}
		c := &conn{of: s}
		if d != nil {
			c.host, c.lane = d.host, d.lane
		}
		made, err := dial(ctx, network, addr)
		if err != nil {
			c.gone()
			return nil, err
		}
		if c.Conn = made; !s.add(c) { // nobody wants it any more
			c.gone()
			made.Close()
			return nil, errClosed
		}
		if s.crowded(made) {
			s.makeRoom()
		}
		return c, nil
	}
}

// crowded reports whether the next to need a descriptor may not get one. A quarter is left
// for those who cannot say so, as the resolver, which then knows no names. Where a connection
// does not tell how many there are, ours may be half of them.
func (s *conns) crowded(made net.Conn) bool {
	if s.most == 0 {
		return false
	}
	if n := inUse(made); n > 0 {
		return n > s.most-s.most/4
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open) > s.most/2
}

func (s *conns) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = map[*conn]struct{}{}
	}
	s.open[c] = struct{}{}
	return true
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.host != nil && n > 0 && !c.host.brought(n) {
		c.Close()
		return 0, errFlood
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.of.mu.Lock()
	if _, open := c.of.open[c]; open {
		delete(c.of.open, c)
		c.gone()
	}
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// gone has its lane hold one less.
func (c *conn) gone() {
	if c.host != nil {
		c.host.connected(c.lane, -1)
	}
}

// close closes all of them, and those that are still being made.
func (s *conns) close() {
	s.mu.Lock()
	left := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for c := range left {
		c.Conn.Close()
	}
}
