package faultserver

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn is one end of a connection in memory.
type conn struct {
	in, out       *pipe
	local, remote Addr
	onClose       func() // may be nil
	once          sync.Once
}

func connPair(client, server Addr, link Link) (*conn, *conn) {
	up := newPipe(newPath(link.Up, 0, nil), link.Buffer)
	down := newPipe(newPath(link.Down, link.Rate, link.Shared), link.Buffer)
	return &conn{in: down, out: up, local: client, remote: server},
		&conn{in: up, out: down, local: server, remote: client}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b)
	return n, c.wrap("read", err)
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.out.write(b)
	return n, c.wrap("write", err)
}

func (c *conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return opError(op, c.local, c.remote, err)
}

// Close ends both directions: the peer reads what was sent and then io.EOF, and
// its writes fail with EPIPE.
func (c *conn) Close() error {
	c.out.finish(io.EOF, net.ErrClosed)
	c.in.abandon(net.ErrClosed, os.NewSyscallError("write", syscall.EPIPE))
	c.closed()
	return nil
}

// CloseWrite ends the sending direction alone.
func (c *conn) CloseWrite() error {
	c.out.finish(io.EOF, os.NewSyscallError("write", syscall.EPIPE))
	return nil
}

// Reset closes the connection so that the peer, behind the bytes that were sent,
// gets ECONNRESET.
func (c *conn) Reset() error {
	c.out.finish(os.NewSyscallError("read", syscall.ECONNRESET), net.ErrClosed)
	c.in.abandon(net.ErrClosed, os.NewSyscallError("write", syscall.ECONNRESET))
	c.closed()
	return nil
}

// sever cuts the line between both ends.
func (c *conn) sever() {
	c.in.sever()
	c.out.sever()
	c.closed()
}

func (c *conn) closed() {
	if c.onClose != nil {
		c.once.Do(c.onClose)
	}
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setWriteDeadline(t)
	return nil
}

// bare is the transport connection under TLS.
func bare(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c
}

// reset closes a connection with RST, whatever network it is of.
func reset(c net.Conn) {
	switch c := bare(c).(type) {
	case *conn:
		c.Reset()
	case *net.TCPConn:
		c.SetLinger(0)
		c.Close()
	default:
		c.Close()
	}
}

// peerGone tells whether the other end has closed the connection already, also
// where no read has noticed it yet. On some systems it does not know and says no.
func peerGone(c net.Conn) bool {
	switch c := bare(c).(type) {
	case *conn:
		return c.in.ended()
	case *net.TCPConn:
		return tcpPeerGone(c)
	}
	return false
}
