package fail

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
)

// later are failures against which another try may help, later or from elsewhere: of a host that is
// slow, a file that changes, a mirror that lies, a disk that somebody makes room on.
var later = []error{
	ErrStalled, ErrTimeout, ErrNoSpace, ErrHashMismatch, ErrRemoteChanged, ErrRangeMismatch, context.DeadlineExceeded,
}

// Retryable reports whether another try, later or from elsewhere, may help against an error that
// was looked at, or against one of the network's.
func Retryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if isAny(err, later) {
		return true
	}
	switch e := Of(err, Facts{}); e.Class {
	case Expired, Permanent, Local:
		return RetryableStatus(e.Status)
	case Interrupted: // or nothing better is known
		var known *Error
		var network net.Error
		return errors.As(err, &known) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	}
	return true
}

// RetryableStatus reports whether a server that answers so may answer otherwise later.
func RetryableStatus(code int) bool {
	return code == 408 || code == 425 || code == 429 || code == 503 || IsOutage(code)
}

// Says reports what an error of the caller's says of itself by a method Retryable() bool; says:
// it has one.
func Says(err error) (retryable, says bool) {
	var own interface{ Retryable() bool }
	if says = errors.As(err, &own); says {
		retryable = own.Retryable()
	}
	return retryable, says
}

// OfCaller is what an error of the caller's own transport or dialer means, where it says so itself
// by a method Retryable() bool, or is the end of a context, which is none of ours: that is final.
// Nil: it says nothing.
func OfCaller(err error) *Error {
	switch again, says := Says(err); {
	case again:
		return &Error{Class: Interrupted, Op: "download", Err: err}
	case says, isEnd(err):
		return &Error{Class: Permanent, Op: "download", Err: err}
	}
	return nil
}

// isEnd reports whether an error is that of a context, and not only like one, as timeouts of the
// network are.
func isEnd(err error) bool {
	if err == context.Canceled || err == context.DeadlineExceeded {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return isEnd(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), isEnd)
	}
	return false
}
