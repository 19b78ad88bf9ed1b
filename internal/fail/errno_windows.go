package fail

import "golang.org/x/sys/windows"

// What the system says, by what it means. It has numbers of its own, which are not those that
// package syscall has under the names of other systems.
var (
	shortage    = []error{windows.WSAEMFILE, windows.ERROR_TOO_MANY_OPEN_FILES}
	full        = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
	refused     = []error{windows.WSAECONNREFUSED}
	unreachable = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN, windows.WSAEHOSTDOWN, windows.WSAEADDRNOTAVAIL}
	closed      = []error{windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAESHUTDOWN, windows.ERROR_BROKEN_PIPE, windows.ERROR_NETNAME_DELETED}
)
