package fail

import (
	"context"
	"errors"
	"io"
	"net"
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
