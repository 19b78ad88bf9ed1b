//go:build !linux

package partfile

import (
	"errors"
	"os"
	"time"
)

func namelessPossible() bool { return false }

func openNameless(*os.File) (*os.File, error) { return nil, errors.ErrUnsupported }

func linkNameless(_, _ *os.File, _ string) error { return errors.ErrUnsupported }

func absent(*os.File, string) bool { return false } // not known without a look

func setTime(*os.File, time.Time) error { return errors.ErrUnsupported }

// preallocate extends nothing elsewhere: a sparse file costs no more.
func preallocate(*os.File, int64) error { return nil }
