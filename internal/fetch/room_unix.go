//go:build unix

package fetch

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxDescriptors is how many files and connections the process may have open; 0: any number.
func maxDescriptors() int {
	var most unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &most) != nil {
		return 0
	}
	return int(min(uint64(most.Cur), 1<<30))
}

// inUse is how many descriptors the process had in use when a connection was made, whoever
// uses them: it gets the lowest that is free. 0: it does not tell.
func inUse(c net.Conn) int {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { n = int(fd) + 1 })
	return n
}
