//go:build unix

package faultserver

import (
	"net"
	"syscall"
)

// tcpPeerGone looks at the next byte without taking it, beside any read that is
// waiting: the end of the stream or an error there means that the peer has closed.
func tcpPeerGone(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		gone = err == nil && n == 0 || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
	})
	return gone || err != nil
}
