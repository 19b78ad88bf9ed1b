package transfer

import (
	"errors"
	"fmt"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/safename"
)

// What callers are told of a file that cannot be had.

// failure words why the file cannot be had.
func (f *File) failure(a recovery.Action) error {
	e, waited := a.Err, f.e.Limits
	var err error = e
	switch {
	case e == nil:
		err = outageOf(f.sources[a.Source].host, waited.MaxElapsed)
	case e.Class == fail.Local, errors.Is(e, fail.ErrHashMismatch):
		return e
	case f.spec.Plain && e.Class != fail.Unreachable:
		err = fmt.Errorf("%w; a URL of WithPlainGET is asked once", e)
	case a.Class == fail.Changed && e.Class != fail.Changed:
		err = fmt.Errorf("%w, and no answer came whole: %v", fail.ErrRemoteChanged, e)
	case e.Asked && e.RetryAfter > waited.MaxElapsed:
	case e.Class == fail.Closed && f.sources[a.Source].host.Health().State == health.Up:
		err = fmt.Errorf("%w, while others were answered", e)
	case e.Class == fail.Busy, e.Class == fail.Unreachable,
		(e.Class == fail.Closed || e.Class == fail.ServerError) && f.sources[a.Source].host.Health().State >= health.Busy:
		err = fmt.Errorf("%w; waited for %v", e, waited.MaxElapsed)
	}
	if len(f.sources) > 1 {
		return fmt.Errorf("%w: %w", fail.ErrNoSource, err)
	}
	return err
}

// OpOf says what was being done when an error happened.
func OpOf(err error) string {
	var e *fail.Error
	switch {
	case errors.Is(err, safename.ErrUnsafe), errors.Is(err, fail.ErrDuplicateTarget), errors.Is(err, fail.ErrFileExists):
		return "name"
	case errors.Is(err, fail.ErrFileTooLarge):
		return "download"
	case errors.Is(err, fail.ErrHashMismatch), errors.Is(err, fail.ErrSizeMismatch):
		return "verify"
	case errors.As(err, &e):
		return e.Op
	}
	return "download"
}

// Known adds the library's name to an error of the system's.
func Known(err error) error {
	if partfile.IsFull(err) {
		return fmt.Errorf("%w: %w", fail.ErrNoSpace, err)
	}
	return err
}
