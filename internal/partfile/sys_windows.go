package partfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

const (
	noBlock = 0
	inside  = ""
)

// lock takes the exclusive lock that tells a part in use from one left behind.
// It covers a byte far behind any data, since locks are mandatory here.
func lock(f *os.File) error {
	o := &windows.Overlapped{OffsetHigh: 0x7fffffff}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, o)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

func setTime(f *os.File, t time.Time) error {
	since := t.Unix() + 11644473600 // seconds from 1601 on; in nanoseconds, few centuries fit
	if since < 0 || since > math.MaxInt64/10_000_000-1 {
		return errors.ErrUnsupported
	}
	n := since*10_000_000 + int64(t.Nanosecond()/100)
	ft := windows.Filetime{LowDateTime: uint32(n), HighDateTime: uint32(n >> 32)}
	return windows.SetFileTime(windows.Handle(f.Fd()), nil, &ft, &ft)
}

func links(fs.FileInfo) uint64 { return 1 }

func ownedByUs(fs.FileInfo) bool { return true }

func same(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

func sameOwner(_, _ fs.FileInfo) bool { return true }

func sameGroup(_, _ fs.FileInfo) bool { return true }

func chmod(*os.File, fs.FileMode) error { return nil } // the directory says who may do what

func chown(*os.File, fs.FileInfo) error { return nil }

// busy marks what may work in a moment: programs that look at every new file keep it
// from being renamed.
func busy(err error) error {
	for _, e := range []error{windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_ACCESS_DENIED} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
	}
	return err
}

// unsupported reports that the file system lacks an operation.
func unsupported(err error) bool {
	for _, e := range []error{errors.ErrUnsupported, windows.ERROR_INVALID_FUNCTION, windows.ERROR_NOT_SUPPORTED, windows.ERROR_ACCESS_DENIED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isAny reports whether an error is one of the system's, or one that package syscall has under
// the names of other systems.
func isAny(err error, of ...error) bool {
	return slices.ContainsFunc(of, func(e error) bool { return errors.Is(err, e) })
}

// exhausted reports that there is nothing wrong with a file: the process, or the
// machine, is short of something.
func exhausted(err error) bool {
	return IsFull(err) || isAny(err, windows.ERROR_TOO_MANY_OPEN_FILES, windows.ERROR_NOT_ENOUGH_MEMORY, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM)
}

// IsFull reports that a disk, a quota or a limit on file size is exhausted.
func IsFull(err error) bool {
	return isAny(err, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED,
		syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG)
}
