package tracing

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"syscall"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/littledl/littledl"
)

// redacted is a URL without what may be a secret: user, query and fragment.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// server are the attributes of an origin, such as "https://example.com:443".
func server(origin string) []attribute.KeyValue {
	u, err := url.Parse(origin)
	if err != nil {
		return nil
	}
	all := []attribute.KeyValue{semconv.ServerAddress(u.Hostname())}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		all = append(all, semconv.ServerPort(port))
	}
	return all
}

// kinds are the words for error.type, of which there must be few.
var kinds = []struct {
	err  error
	word string
}{
	{littledl.ErrCancelled, "cancelled"}, {littledl.ErrStopped, "stopped"}, {context.Canceled, "cancelled"},
	{littledl.ErrSizeMismatch, "size_mismatch"}, {littledl.ErrHashMismatch, "hash_mismatch"}, {littledl.ErrRangeMismatch, "range_mismatch"},
	{littledl.ErrRemoteChanged, "remote_changed"}, {littledl.ErrEncoding, "encoding"}, {littledl.ErrFileTooLarge, "file_too_large"},
	{littledl.ErrStalled, "stalled"}, {littledl.ErrTooSlow, "too_slow"}, {littledl.ErrTimeout, "timeout"}, {context.DeadlineExceeded, "timeout"},
	{littledl.ErrTooManyRedirects, "too_many_redirects"}, {littledl.ErrForbiddenRedirect, "forbidden_redirect"},
	{littledl.ErrPrivateAddress, "private_address"}, {littledl.ErrProxy, "proxy"}, {littledl.ErrTransport, "transport"},
	{littledl.ErrUnsafeName, "unsafe_name"}, {littledl.ErrDuplicateTarget, "duplicate_target"}, {littledl.ErrFileExists, "file_exists"},
	{littledl.ErrNoSpace, "no_space"}, {littledl.ErrLocked, "locked"},
	{syscall.ECONNREFUSED, "connection_refused"}, {syscall.ECONNRESET, "connection_reset"},
	{io.EOF, "connection_closed"}, {io.ErrUnexpectedEOF, "connection_closed"},
}

func errorType(err error) attribute.KeyValue {
	var status *littledl.StatusError
	if errors.As(err, &status) {
		return statusType(status.Code)
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return semconv.ErrorTypeKey.String(k.word)
		}
	}
	for ; errors.Unwrap(err) != nil; err = errors.Unwrap(err) { // what the network said is innermost
	}
	return semconv.ErrorType(err)
}

// statusType is the error.type of an answer, which is its status.
func statusType(code int) attribute.KeyValue {
	return semconv.ErrorTypeKey.String(strconv.Itoa(code))
}
