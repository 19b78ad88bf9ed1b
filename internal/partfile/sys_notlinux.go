//go:build !linux

package partfile

import (
	"errors"
	"os"
)

const largeFile = 0 // all files may be that

func namelessPossible() bool { return false }

func openNameless(*os.File) (File, error) { return nil, errors.ErrUnsupported }

func linkOpen(File, *os.File, string) error { return errors.ErrUnsupported }

func renameNew(*os.File, string, string) error { return errors.ErrUnsupported }

func absent(*os.File, string) bool { return false } // not known without a look

// preallocate extends nothing elsewhere: a sparse file costs no more.
func preallocate(_ *os.File, _, _, _ int64) error { return nil }

func punch(_ *os.File, _, _ int64) error { return nil }
