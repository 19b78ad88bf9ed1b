package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/littledl/littledl/examples/internal/origin"
)

// site is a host of the demonstration's network.
type site struct {
	host   string
	config origin.Config
	breaks int64         // bytes after which an answer of it breaks off; 0: none does
	late   time.Duration // how long nobody answers there, once it was asked
}

// network is a few hosts by their names, all of them in this process.
type network struct {
	dialer net.Dialer
	hosts  map[string]*running // by "host:port"
}

type running struct {
	site
	origin *origin.Origin
	addr   string
	asked  sync.Once
	since  time.Time
}

// connect starts the hosts. The caller closes the network.
func connect(sites []site) (*network, error) {
	n := &network{hosts: map[string]*running{}}
	for _, s := range sites {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
		o, err := origin.On(listener, s.config)
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
		n.hosts[s.host+":80"] = &running{site: s, origin: o, addr: listener.Addr().String()}
	}
	return n, nil
}

// Close stops all hosts.
func (n *network) Close() (err error) {
	for _, h := range n.hosts {
		err = errors.Join(err, h.origin.Close())
	}
	return err
}

// DialContext is the way to the hosts, for littledl.DownloadConfig.
func (n *network) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	h, ok := n.hosts[addr]
	if !ok {
		return nil, fmt.Errorf("there is no host %s here", addr)
	}
	h.asked.Do(func() { h.since = time.Now() })
	if time.Since(h.since) < h.late {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	c, err := n.dialer.DialContext(ctx, "tcp", h.addr)
	if err == nil && h.breaks > 0 {
		f := &fragile{Conn: c, breaks: h.breaks}
		f.left.Store(h.breaks) // an idle one is read from before its first request
		c = f
	}
	return c, err
}

// fragile is a connection whose longer answers break off.
type fragile struct {
	net.Conn
	breaks int64
	left   atomic.Int64
}

// Write sends a request, whose answer comes so far again.
func (f *fragile) Write(p []byte) (int, error) {
	f.left.Store(f.breaks)
	return f.Conn.Write(p)
}

func (f *fragile) Read(p []byte) (int, error) {
	left := f.left.Load()
	if left <= 0 {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := f.Conn.Read(p[:min(int64(len(p)), left)])
	f.left.Add(-int64(n))
	return n, err
}
