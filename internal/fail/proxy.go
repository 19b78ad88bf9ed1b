package fail

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ErrProxy is a proxy that is out of reach, or does not serve us.
var ErrProxy = errors.New("proxy")

// ProxyError is what a proxy did, or did not, before there was a connection to the server.
// It is not the server's: of that nothing is known.
type ProxyError struct {
	Proxy      string        // its URL, without user info
	Status     int           // of its answer; 0: there was none
	RetryAfter time.Duration // how long it wants to be left alone
	Asked      bool          // it has said so
	Err        error         // why there was no answer, or none that is HTTP
}

func (e *ProxyError) Error() string {
	name := "proxy " + e.Proxy
	switch {
	case e.Status == 407, e.credentials():
		return name + " wants other credentials: give them in its URL" + e.why()
	case e.Final():
		return name + " refuses to connect to this host" + e.why()
	}
	return name + " gives no connection" + e.why()
}

func (e *ProxyError) why() string {
	if e.Err != nil {
		return ": " + e.Err.Error()
	}
	return fmt.Sprintf(" (status %d)", e.Status)
}

// Unwrap has it be an ErrProxy.
func (e *ProxyError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrProxy}
	}
	return []error{ErrProxy, e.Err}
}

// Final reports whether asking again would give the same: it does not want to.
func (e *ProxyError) Final() bool {
	switch {
	case e.Status > 0:
		return e.class(Facts{}) == Permanent
	case e.credentials():
		return true
	}
	return socks(e.Err, "not allowed by ruleset") || socks(e.Err, "not supported")
}

// ForAll reports whether a final one holds for whatever host it is asked for.
func (e *ProxyError) ForAll() bool { return e.Status == 407 || e.credentials() }

// credentials: it is one of SOCKS, and takes none of ours.
func (e *ProxyError) credentials() bool { return socks(e.Err, "authentication") }

// socks reports whether an error is an answer of a SOCKS proxy that says so; net/http has no
// types for them.
func socks(err error, words string) bool {
	var op *net.OpError
	return errors.As(err, &op) && strings.HasPrefix(op.Op, "socks ") && strings.Contains(op.Err.Error(), words)
}

// class: what refuses is final, and what is out of reach, or cannot reach the server, is an
// outage.
func (e *ProxyError) class(at Facts) Class {
	var dns *net.DNSError
	switch s := e.Status; {
	case s == 407:
		return Permanent
	case s == 429, e.Asked && (s >= 500 || s == 408 || s == 425):
		return Busy
	case s >= 500:
		return Unreachable
	case s == 408, s == 425:
		return ServerError
	case s > 0, e.Final():
		return Permanent
	case IsShortage(e.Err):
		return Shortage
	case isAny(e.Err, refused) && overLimit(at):
		return Busy
	case !errors.As(e.Err, &dns) && isFinal(e.Err): // its certificate, for one
		return Permanent
	}
	return Unreachable
}
