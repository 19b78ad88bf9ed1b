//go:build !linux

package partfile

import (
	"errors"
	"os"
)

const largeFile = 0 // all files may be that

func namelessPossible() bool { return false }

func openNameless(*os.File) (*os.File, error) { return nil, errors.ErrUnsupported }

func linkOpen(_, _ *os.File, _ string) error { return errors.ErrUnsupported }

func renameNew(*os.File, string, string) error { return errors.ErrUnsupported }

func absent(*os.File, string) bool { return false } // not known without a look

// preallocate extends nothing elsewhere: a sparse file costs no more.
func preallocate(*os.File, int64) error { return nil }
