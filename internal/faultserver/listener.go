package faultserver

import (
	"net"
	"sync"
)

// listener queues the connections dialed to one address until they are accepted.
type listener struct {
	net  *Net
	addr Addr

	mu     sync.Mutex
	cond   sync.Cond
	queue  []*conn
	closed bool
}

func (l *listener) push(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, c)
	l.cond.Signal()
}

func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.closed {
		l.cond.Wait()
	}
	if l.closed {
		return nil, opError("accept", nil, l.addr, net.ErrClosed)
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

// Close refuses later dials and resets the connections nobody accepted.
func (l *listener) Close() error {
	l.net.mu.Lock()
	if l.net.listeners[string(l.addr)] == l {
		delete(l.net.listeners, string(l.addr))
	}
	l.net.mu.Unlock()

	l.mu.Lock()
	waiting := l.queue
	l.queue, l.closed = nil, true
	l.cond.Broadcast()
	l.mu.Unlock()
	for _, c := range waiting {
		c.Reset()
	}
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }
