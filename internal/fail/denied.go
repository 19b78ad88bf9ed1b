package fail

// NewDenied is what a function of the caller's has refused. That is final, unless the error says
// itself that it may be asked again.
func NewDenied(err error) *Error {
	e := &Error{Class: Local, Op: "download", Err: err}
	if again, _ := Says(err); again {
		e.Class = Interrupted
	}
	return e
}
