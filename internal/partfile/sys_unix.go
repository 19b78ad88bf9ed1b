//go:build unix

package partfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

func sameOwner(a, b fs.FileInfo) bool {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, too := b.Sys().(*syscall.Stat_t)
	return ok && too && x.Uid == y.Uid
}

// busy marks what may work in a moment: nothing here.
func busy(err error) error { return err }

// unsupported reports that the file system lacks an operation.
func unsupported(err error) bool {
	for _, e := range []error{errors.ErrUnsupported, unix.EOPNOTSUPP, unix.ENOTSUP, unix.EINVAL, unix.ENOSYS, unix.EISDIR, unix.ENOTTY, unix.EPERM, unix.EMLINK, unix.ENOLCK} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// exhausted reports that there is nothing wrong with a file: the process, or the
// machine, is short of something.
func exhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) || IsFull(err)
}
