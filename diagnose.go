package littledl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// remedy is what to do about a failed attempt.
type remedy int

const (
	remedyGiveUp  remedy = iota // nothing will help
	remedyAgain                 // at once, at no cost
	remedyRetry                 // after a backoff; counts as an attempt
	remedyHost                  // the host is down: wait for it; costs nothing
	remedyTurn                  // the host is busy: this request waits; costs nothing
	remedyLocal                 // this machine is short of something: wait; costs nothing
	remedyStream                // ranges do not work: one stream
	remedyChanged               // another version: start over
	remedyRenew                 // the URL has expired: resolve it again
	remedyPlain                 // ask again without If-Range
)

// diagnose decides from an error alone. Served says that the host has answered
// usefully before.
func diagnose(err error, served bool) remedy {
	var answer *answerError
	if errors.As(err, &answer) {
		return diagnoseAnswer(answer)
	}
	if errors.Is(err, errStraggler) {
		return remedyAgain
	}
	if isLocal(err) || isPermanent(err) || !served && isNoHTTP(err) {
		return remedyGiveUp
	}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return remedyLocal
	}
	if isUnreachable(err) {
		return remedyHost
	}
	if served && isSilentClose(err) {
		return remedyHost // an outage looks like this behind a balancer or a proxy
	}
	return remedyRetry
}

func diagnoseAnswer(a *answerError) remedy {
	switch a.verdict.Kind {
	case httprange.Throttled:
		return remedyTurn
	case httprange.Transient:
		return remedyRetry
	case httprange.RangeIgnored, httprange.RangeUnusable, httprange.RangeMismatch:
		return remedyStream
	case httprange.Malformed:
		if a.status == 200 || a.status == 206 { // the range confused it
			return remedyStream
		}
	case httprange.Changed:
		return remedyChanged
	case httprange.IfRangeRefused:
		return remedyPlain
	case httprange.Expired:
		return remedyRenew
	}
	return remedyGiveUp
}

// isLocal: the disk's failures, and limits that the caller set.
func isLocal(err error) bool {
	var w *fetch.WriteError
	var o *writeOpError
	return errors.As(err, &w) || errors.As(err, &o) && !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, ErrFileTooLarge) || errors.Is(err, ErrFileExists) || errors.Is(err, ErrLocked) || errors.Is(err, ErrUnsafeName)
}

// isPermanent: asking again would give the same answer.
func isPermanent(err error) bool {
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
	case errors.Is(err, ErrPrivateAddress), errors.Is(err, ErrTooManyRedirects), errors.Is(err, ErrForbiddenRedirect):
		return true
	}
	// net/http has no type for these. A malformed header is not one of them: what is left of a
	// line where the connection broke is called that as well.
	text := err.Error()
	for _, s := range []string{"server response headers exceeded", "bad Content-Length", "invalid Content-Length", "Content-Length", "unsupported protocol", "too many 1xx"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// isNoHTTP: what answered does not speak HTTP, or, where it has before, sent more
// than it had announced, which then stands before the next answer.
func isNoHTTP(err error) bool { return strings.Contains(err.Error(), "malformed HTTP") }

// isUnreachable: no connection could be made.
func isUnreachable(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	if errors.As(err, &dns) {
		return true
	}
	for _, e := range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, &op) && op.Op == "dial"
}

// isTimeout: an answer was waited for in vain.
func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// isTurnedAway: beside requests that are served, this means too many of them.
func isTurnedAway(err error) bool { return isSilentClose(err) || errors.Is(err, syscall.ECONNREFUSED) }

// isSilentClose: a connection was made and ended before any answer.
func isSilentClose(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		err != nil && strings.Contains(err.Error(), "server closed idle connection") // net/http has no type for it
}

// isAnswer: the server did answer, with something that is of no use.
func isAnswer(err error) bool {
	var a *answerError
	return errors.As(err, &a)
}

// gateError gives the verdict on an answer the name that callers know.
func gateError(err error) error {
	var a *answerError
	if !errors.As(err, &a) {
		return err
	}
	switch a.verdict.Kind {
	case httprange.BadEncoding:
		return fmt.Errorf("%w: %s", ErrEncoding, a.verdict.Reason)
	case httprange.Changed:
		return fmt.Errorf("%w: %s", ErrRemoteChanged, a.verdict.Reason)
	case httprange.Malformed:
		if a.Unwrap() != nil {
			return err
		}
		fallthrough
	case httprange.RangeMismatch, httprange.RangeIgnored, httprange.RangeUnusable:
		return fmt.Errorf("%w: %s", ErrRangeMismatch, a.verdict.Reason)
	}
	return err
}
