//go:build !plan9 && !wasip1

package fail

import "syscall"

// What the system says, by what it means.
var (
	shortage    = []error{syscall.EMFILE, syscall.ENFILE}
	full        = []error{syscall.ENOSPC, syscall.EDQUOT}
	refused     = []error{syscall.ECONNREFUSED}
	unreachable = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL}
	closed      = []error{syscall.ECONNRESET, syscall.EPIPE}
)
