//go:build linux || darwin || freebsd || netbsd

package partfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// marksPossible: some file systems have attributes here.
const marksPossible = true

// markName is in the name space that users may write to.
const markName = "user.littledl.mark"

func setMark(f *os.File, b []byte) error { return setMarkOf(int(f.Fd()), b) }

func setMarkOf(fd int, b []byte) error { return unix.Fsetxattr(fd, markName, b, 0) }

func getMark(f *os.File) ([]byte, error) {
	b := make([]byte, markLen+1) // one that is longer is none of ours
	n, err := unix.Fgetxattr(int(f.Fd()), markName, b)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}
