package faultserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Net is a network in memory: listeners by "host:port", and connections between
// them that have a bounded buffer, deadlines, half-close and reset. It starts no
// goroutine and opens no handle, so it may be used inside a synctest bubble, where
// its delays and rates follow the bubble's clock. All methods are safe for
// concurrent use.
type Net struct {
	mu        sync.Mutex
	listeners map[string]*listener
	names     map[string]*net.DNSError
	dialErrs  map[string]error
	holes     map[string]chan struct{}
	conns     map[*conn]struct{} // client ends that are open
	shape     func(dial int, addr string) Link
	dials     map[string]int
	dialed    int
	down      bool
	closed    bool
}

// NewNet returns an empty network without delays or limits.
func NewNet() *Net {
	return &Net{
		listeners: map[string]*listener{},
		names:     map[string]*net.DNSError{},
		dialErrs:  map[string]error{},
		holes:     map[string]chan struct{}{},
		conns:     map[*conn]struct{}{},
		dials:     map[string]int{},
	}
}

// Listen opens a listener at addr, "host:port".
func (n *Net) Listen(addr string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, opError("listen", nil, Addr(addr), net.ErrClosed)
	}
	if n.listeners[addr] != nil {
		return nil, opError("listen", nil, Addr(addr), os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := &listener{net: n, addr: Addr(addr)}
	l.cond.L = &l.mu
	n.listeners[addr] = l
	return l, nil
}

// DialContext connects to addr, "host:port"; it fits http.Transport.DialContext.
// The errors are *net.OpError as from a real dialer: of syscall.ECONNREFUSED where
// nobody listens, of the *net.DNSError set with FailName, of the error set with
// FailDial, or of ctx.
func (n *Net) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, opError("dial", nil, nil, err)
	}
	n.mu.Lock()
	n.dials[addr]++
	dial := n.dialed
	n.dialed++
	var link Link
	if n.shape != nil {
		link = n.shape(dial, addr)
	}
	dnsErr, dialErr, hole := n.names[host], n.dialErrs[addr], n.holes[addr]
	n.mu.Unlock()

	if dnsErr != nil {
		failed := *dnsErr
		return nil, &net.OpError{Op: "dial", Net: network, Err: &failed}
	}
	if hole != nil {
		select {
		case <-hole:
		case <-ctx.Done():
			return nil, opError("dial", nil, Addr(addr), ctx.Err())
		}
	}
	if err := wait(ctx, link.Dial); err != nil {
		return nil, opError("dial", nil, Addr(addr), err)
	}
	if dialErr != nil {
		return nil, opError("dial", nil, Addr(addr), dialErr)
	}
	return n.connect(addr, dial, link)
}

func (n *Net) connect(addr string, dial int, link Link) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[addr]
	if l == nil || n.down {
		return nil, opError("dial", nil, Addr(addr), os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	client, server := connPair(Addr(fmt.Sprintf("client:%d", dial+1)), Addr(addr), link)
	client.onClose = func() { n.forget(client) }
	n.conns[client] = struct{}{}
	l.push(server)
	return client, nil
}

func (n *Net) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// Shape sets the link that each later connection gets: f is called once a dial,
// with the number of dials before it. Nil takes all delays and limits away.
func (n *Net) Shape(f func(dial int, addr string) Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shape = f
}

// FailName makes dials to host (without port) fail with err, as a failed name
// lookup does. Nil heals it.
func (n *Net) FailName(host string, err *net.DNSError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[host] = err
}

// FailDial makes dials to addr fail with err, for example
// os.NewSyscallError("connect", syscall.EHOSTUNREACH). Nil heals it.
func (n *Net) FailDial(addr string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dialErrs[addr] = err
}

// Blackhole makes dials to addr hang until their context ends or the hole is
// taken away, as where packets are dropped.
func (n *Net) Blackhole(addr string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch hole := n.holes[addr]; {
	case on && hole == nil:
		n.holes[addr] = make(chan struct{})
	case !on && hole != nil:
		close(hole)
		delete(n.holes, addr)
	}
}

// Outage resets every open connection, what is under way included, and refuses
// new ones until it is called with false.
func (n *Net) Outage(on bool) {
	n.mu.Lock()
	n.down = on
	var open []*conn
	if on {
		open = n.takeConns()
	}
	n.mu.Unlock()
	for _, c := range open {
		c.sever()
	}
}

// ResetAll resets every open connection and goes on accepting new ones.
func (n *Net) ResetAll() {
	n.mu.Lock()
	open := n.takeConns()
	n.mu.Unlock()
	for _, c := range open {
		c.sever()
	}
}

func (n *Net) takeConns() []*conn {
	open := make([]*conn, 0, len(n.conns))
	for c := range n.conns {
		open = append(open, c)
	}
	clear(n.conns)
	return open
}

// Dials tells how many dials were made to addr, those that failed included; to
// all addresses if addr is "".
func (n *Net) Dials(addr string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if addr == "" {
		return n.dialed
	}
	return n.dials[addr]
}

// Open tells how many connections the dialing side has not closed.
func (n *Net) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

// Close closes all listeners and resets all connections.
func (n *Net) Close() error {
	n.mu.Lock()
	n.closed = true
	var all []*listener
	for _, l := range n.listeners {
		all = append(all, l)
	}
	for addr, hole := range n.holes {
		close(hole)
		delete(n.holes, addr)
	}
	n.mu.Unlock()
	for _, l := range all {
		l.Close()
	}
	n.ResetAll()
	return nil
}

// Addr is the address of an end of a connection in memory.
type Addr string

// Network is "tcp".
func (Addr) Network() string { return "tcp" }

// String is "host:port", or "client:N" for the end that dialed.
func (a Addr) String() string { return string(a) }

func opError(op string, src, dst net.Addr, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: src, Addr: dst, Err: err}
}

// wait sleeps for d or until ctx ends, and then returns its error.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
