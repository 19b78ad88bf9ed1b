package fail

import "errors"

// NewDenied is what a function of the caller's has refused. That is final, unless the error says
// itself that it may be asked again.
func NewDenied(err error) *Error {
	e := &Error{Class: Local, Op: "download", Err: err}
	var r interface{ Retryable() bool }
	if errors.As(err, &r) && r.Retryable() {
		e.Class = Interrupted
	}
	return e
}
