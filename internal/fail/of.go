package fail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
)

// Of is what an error means that a request came to. One that has been looked at already,
// however deep in err, keeps its class. Nil is no failure.
func Of(err error, at Facts) *Error {
	if err == nil {
		return nil
	}
	var known *Error
	if !errors.As(err, &known) {
		e := &Error{Class: classOf(err, at), Op: "download", Err: Brief(withoutSource(err))}
		if p := new(ProxyError); errors.As(err, &p) && e.Class == Busy {
			e.Status, e.RetryAfter, e.Asked = p.Status, p.RetryAfter, p.Asked
		}
		return e
	}
	if err == error(known) {
		return known
	}
	e := *known
	e.Err = err // with what was said about it since
	return &e
}

// withoutSource takes our own end of a connection out of an error: its port tells nobody
// anything, and makes each of ten thousand errors another one.
func withoutSource(err error) error {
	op, ok := err.(*net.OpError)
	if !ok || op.Source == nil {
		return err
	}
	e := *op
	e.Source = nil
	return &e
}

// classOf is the one place that looks into the errors of others; the first that fits counts.
func classOf(err error, at Facts) Class {
	var proxy *ProxyError
	switch {
	case errors.Is(err, ErrDisplaced):
		return Displaced
	case errors.Is(err, ErrStalled):
		return Timeout
	case errors.Is(err, ErrTooSlow):
		return TooSlow
	case isLocal(err):
		return Local
	case errors.As(err, &proxy):
		return proxy.class(at)
	case IsShortage(err):
		return Shortage
	case at.OriginServed && isAway(err):
		return Unreachable
	case (at.Serving > 0 || at.Bringing) && !at.Elsewhere && isPlain(err):
		return Closed
	case isFinal(err), !at.OriginServed && isNoHTTP(err):
		return Permanent
	case at.Answered && isTimeout(err):
		return Timeout
	case at.Answered:
		return Interrupted
	case isAny(err, refused) && overLimit(at):
		return Busy
	case isUnreachable(err):
		return Unreachable
	case isSilentClose(err):
		return Closed
	case isTimeout(err):
		return Timeout
	}
	return Interrupted
}

// overLimit reports whether a connection that was refused may have been one too many. Where
// all are refused at once it was no such thing, so beside requests that are only on their
// way it is believed where the file has another source, and loses nothing by that.
func overLimit(at Facts) bool { return at.Serving > 0 || at.InFlight > 0 && at.Spare }

// isLocal: the disk's failures, and limits that the caller set.
func isLocal(err error) bool {
	return isAny(err, []error{ErrFileTooLarge, ErrFileExists, ErrNoSpace}) || isAny(err, full)
}

// isAway: of an origin that has served this is an outage. Its name does not resolve, whatever
// the resolver says of that, or it ends handshakes with an alert.
func isAway(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "remote error"
}

// isPlain: a handshake was answered in plain text. Who serves others meanwhile speaks TLS, and
// refuses so what is too much.
func isPlain(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record)
}

// isFinal: asking again would give the same answer.
func isFinal(err error) bool {
	var (
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		alert   tls.AlertError
		record  tls.RecordHeaderError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid),
		errors.As(err, &alert), errors.As(err, &record):
		return true
	case errors.As(err, &dns) && dns.IsNotFound:
		return true
	case errors.Is(err, ErrPrivateAddress), errors.Is(err, ErrTooManyRedirects), errors.Is(err, ErrForbiddenRedirect), errors.Is(err, ErrTransport):
		return true
	}
	// net/http has no type for these. A malformed header is not one of them: what is left of a
	// line where the connection broke is called that as well.
	text := err.Error()
	for _, s := range []string{"Proxy Authentication Required", "server response headers exceeded", "Content-Length", "unsupported protocol", "too many 1xx"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// isNoHTTP: what answered does not speak HTTP; or, where it has before, it sent more than
// it had announced, which then stands before the next answer. What is left of the first line
// where the connection broke looks alike.
func isNoHTTP(err error) bool {
	_, what, malformed := strings.Cut(err.Error(), "malformed HTTP ")
	kind, rest, quoted := strings.Cut(what, "\"")
	line, _, _ := strings.Cut(rest, "\"")
	switch {
	case !malformed || !quoted:
		return malformed
	case kind == "response ":
		return !strings.HasPrefix("HTTP/1.1", line) && !strings.HasPrefix("HTTP/1.0", line)
	case kind == "status code ":
		return len(line) >= 3 || strings.Trim(line, "0123456789") != ""
	}
	return true
}

// isUnreachable: no connection could be made.
func isUnreachable(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || isAny(err, refused) || isAny(err, unreachable) || errors.As(err, &op) && op.Op == "dial"
}

// isSilentClose: a connection was made and ended before any answer.
func isSilentClose(err error) bool {
	return errors.Is(err, io.EOF) || isAny(err, closed) ||
		strings.Contains(err.Error(), "server closed idle connection") // net/http has no type for it
}

// isTimeout: an answer, or more of it, was waited for in vain.
func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

func isAny(err error, of []error) bool {
	return slices.ContainsFunc(of, func(e error) bool { return errors.Is(err, e) })
}
