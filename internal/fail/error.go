package fail

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Error is why a request failed: what everybody needs to know of it.
type Error struct {
	Class      Class
	Op         string        // what was being done: "download", "name", "write" or "verify"
	Status     int           // of an answer that did not hold the file; 0: there was none
	RetryAfter time.Duration // how long the server wants to be left alone
	Asked      bool          // it has said so
	Err        error         // the cause; nil: the status says all
}

func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Status > 0:
		return fmt.Sprintf("status %d", e.Status)
	}
	return e.Class.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NewLocal is a failure of this machine while op was done: no server has a part in it, and no
// other one would help. Of what the machine may soon have again it is a Shortage.
func NewLocal(op string, err error) *Error {
	e := &Error{Class: Local, Op: op, Err: err}
	if IsShortage(err) {
		e.Class = Shortage
	}
	return e
}

// IsShortage reports whether this machine has no descriptors left. The resolver keeps of such
// an error the text alone.
func IsShortage(err error) bool {
	var dns *net.DNSError
	return isAny(err, shortage) || errors.As(err, &dns) && slices.ContainsFunc(shortage, func(e error) bool {
		return strings.Contains(dns.Err, e.Error())
	})
}
