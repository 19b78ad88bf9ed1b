//go:build !windows && (!unix || aix)

package partfile

import (
	"errors"
	"os"
	"time"
)

// lock: there are none here that go with an open file. Who owns a part is told by its journal.
func lock(*os.File) error { return errors.ErrUnsupported }

func setTime(*os.File, time.Time) error { return errors.ErrUnsupported }
