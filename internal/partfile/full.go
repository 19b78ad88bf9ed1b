//go:build !windows && !plan9

package partfile

import (
	"errors"
	"syscall"
)

// IsFull reports that a disk, a quota or a limit on file size is exhausted.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
