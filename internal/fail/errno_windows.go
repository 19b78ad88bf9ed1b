package fail

import "golang.org/x/sys/windows"

// The system has numbers of its own beside those that package syscall gives to the names of
// other systems.
func init() {
	shortage = append(shortage, windows.WSAEMFILE, windows.ERROR_TOO_MANY_OPEN_FILES)
	full = append(full, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED)
	refused = append(refused, windows.WSAECONNREFUSED)
	unreachable = append(unreachable, windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN,
		windows.WSAEHOSTDOWN, windows.WSAEADDRNOTAVAIL)
	closed = append(closed, windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAESHUTDOWN,
		windows.ERROR_BROKEN_PIPE, windows.ERROR_NETNAME_DELETED)
}
