//go:build !(linux || darwin || freebsd || netbsd)

package partfile

import (
	"errors"
	"os"
)

const marksPossible = false

func setMark(*os.File, []byte) error { return errors.ErrUnsupported }

func getMark(*os.File) ([]byte, error) { return nil, errors.ErrUnsupported }
