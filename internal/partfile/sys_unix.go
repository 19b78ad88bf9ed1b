//go:build unix

package partfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// noBlock is for all that is opened by its name: what is there may have become a FIFO since
	// the latest look, or a terminal.
	noBlock = unix.O_NONBLOCK | unix.O_NOCTTY
	// inside behind the name of a directory has nothing else opened.
	inside = "/."
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

func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return false
	}
	x, ok := a.Sys().(*syscall.Stat_t)
	y, too := b.Sys().(*syscall.Stat_t)
	return ok && too && x.Dev == y.Dev && x.Ino == y.Ino
}

func sameOwner(a, b fs.FileInfo) bool {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, too := b.Sys().(*syscall.Stat_t)
	return ok && too && x.Uid == y.Uid
}

func sameGroup(a, b fs.FileInfo) bool {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, too := b.Sys().(*syscall.Stat_t)
	return ok && too && x.Gid == y.Gid
}

func chmod(f *os.File, mode fs.FileMode) error { return f.Chmod(mode) }

// chown gives a file another's owner, which few may, or else the group, which its members may.
func chown(f *os.File, like fs.FileInfo) error {
	info, err := f.Stat()
	to, ok := like.Sys().(*syscall.Stat_t)
	if err != nil || !ok || sameOwner(info, like) && sameGroup(info, like) {
		return err
	}
	if err = f.Chown(int(to.Uid), int(to.Gid)); err != nil {
		err = f.Chown(-1, int(to.Gid))
	}
	return err
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
