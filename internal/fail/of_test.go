package fail_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// before is what is known of an origin that has served.
var before = fail.Facts{OriginServed: true}

// TestOf has errors as the system's calls and contexts give them, made by hand.
func TestOf(t *testing.T) {
	sys := func(op string, e syscall.Errno) error {
		return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, e)}
	}
	dns := func(e net.DNSError) error { return &net.OpError{Op: "dial", Net: "tcp", Err: &e} }
	for name, c := range map[string]struct {
		err  error
		at   fail.Facts
		want fail.Class
	}{
		"refused":                              {sys("connect", syscall.ECONNREFUSED), before, fail.Unreachable},
		"refused beside answers":               {sys("connect", syscall.ECONNREFUSED), fail.Facts{Serving: 1, InFlight: 1}, fail.Busy},
		"refused beside requests":              {sys("connect", syscall.ECONNREFUSED), fail.Facts{InFlight: 1}, fail.Unreachable},
		"refused beside requests, and a spare": {sys("connect", syscall.ECONNREFUSED), fail.Facts{InFlight: 1, Spare: true}, fail.Busy},
		"no route":                             {sys("connect", syscall.EHOSTUNREACH), before, fail.Unreachable},
		"no route, beside answers":             {sys("connect", syscall.EHOSTUNREACH), fail.Facts{Serving: 1}, fail.Unreachable},
		"no network":                           {sys("connect", syscall.ENETUNREACH), before, fail.Unreachable},
		"network down":                         {sys("connect", syscall.ENETDOWN), before, fail.Unreachable},
		"host down":                            {sys("connect", syscall.EHOSTDOWN), before, fail.Unreachable},
		"no ports left":                        {sys("connect", syscall.EADDRNOTAVAIL), before, fail.Unreachable},
		"no connection in time":                {&net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}, before, fail.Unreachable},
		"anything else while dialing":          {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no")}, before, fail.Unreachable},
		"route lost under an answer":           {sys("read", syscall.EHOSTUNREACH), fail.Facts{OriginServed: true, Answered: true}, fail.Interrupted},

		"no such name":          {dns(net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}), before, fail.Unreachable},
		"no such name, never":   {dns(net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}), fail.Facts{}, fail.Permanent},
		"nor a mirror's":        {dns(net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}), fail.Facts{Elsewhere: true}, fail.Permanent},
		"but one's that served": {dns(net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}), fail.Facts{OriginServed: true, Elsewhere: true}, fail.Unreachable},
		"alert of the server":   {&net.OpError{Op: "remote error", Err: tls.AlertError(80)}, before, fail.Unreachable},
		"no answer to a name":   {dns(net.DNSError{Err: "server misbehaving", Name: "a", IsTemporary: true}), before, fail.Unreachable},
		"no resolver in time":   {dns(net.DNSError{Err: "i/o timeout", Name: "a", IsTimeout: true}), before, fail.Unreachable},
		"no descriptors":        {sys("socket", syscall.EMFILE), before, fail.Shortage},
		"no descriptors left":   {sys("socket", syscall.ENFILE), before, fail.Shortage},
		"disk full":             {&os.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}, before, fail.Local},
		"quota used up":         {&os.PathError{Op: "write", Path: "f", Err: syscall.EDQUOT}, before, fail.Local},
		"too large":             {fmt.Errorf("%w: 9 bytes", fail.ErrFileTooLarge), before, fail.Local},
		"name taken":            {fmt.Errorf("%w: f", fail.ErrFileExists), before, fail.Local},
		"descriptors, to open":  {fail.NewLocal("write", &os.PathError{Op: "open", Path: "f", Err: syscall.EMFILE}), before, fail.Shortage},
		"the disk's failure":    {fail.NewLocal("write", &os.PathError{Op: "write", Path: "f", Err: syscall.EIO}), before, fail.Local},

		"reset":                 {sys("read", syscall.ECONNRESET), before, fail.Closed},
		"reset, never served":   {sys("read", syscall.ECONNRESET), fail.Facts{}, fail.Closed},
		"reset under an answer": {sys("read", syscall.ECONNRESET), fail.Facts{OriginServed: true, Answered: true}, fail.Interrupted},
		"broken pipe":           {sys("write", syscall.EPIPE), before, fail.Closed},
		"end":                   {io.EOF, before, fail.Closed},
		"end under an answer":   {io.EOF, fail.Facts{OriginServed: true, Answered: true}, fail.Interrupted},
		"early end of a body":   {io.ErrUnexpectedEOF, fail.Facts{OriginServed: true, Answered: true}, fail.Interrupted},
		"closed while idle":     {errors.New("http: server closed idle connection"), before, fail.Closed},

		"deadline":                 {context.DeadlineExceeded, before, fail.Timeout},
		"deadline of a read":       {&net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}, before, fail.Timeout},
		"deadline under an answer": {context.DeadlineExceeded, fail.Facts{Answered: true}, fail.Timeout},
		"stalled":                  {fail.ErrStalled, fail.Facts{Answered: true}, fail.Timeout},
		"stalled as a cause":       {cause(fail.ErrStalled), before, fail.Timeout},
		"straggler as a cause":     {cause(fmt.Errorf("%w: far slower than its siblings", fail.ErrDisplaced)), before, fail.Displaced},
		"another cause":            {cause(errors.New("something")), before, fail.Interrupted},
		"cancelled":                {context.Canceled, before, fail.Interrupted},

		"redirects":                 {fmt.Errorf("%w: gave up after 10", fail.ErrTooManyRedirects), before, fail.Permanent},
		"to a file URL":             {fmt.Errorf("%w to file:", fail.ErrForbiddenRedirect), before, fail.Permanent},
		"a wild transport":          {fmt.Errorf("%w: no answer", fail.ErrTransport), before, fail.Permanent},
		"to this machine":           {fmt.Errorf("%w: 127.0.0.1", fail.ErrPrivateAddress), before, fail.Permanent},
		"no HTTP":                   {errors.New("malformed HTTP response \"SSH-2.0\""), fail.Facts{}, fail.Permanent},
		"no status line":            {errors.New("malformed HTTP status code \"OK\""), fail.Facts{}, fail.Permanent},
		"no version":                {errors.New("malformed HTTP version \"HTTP/x\""), fail.Facts{}, fail.Permanent},
		"cut in its version":        {errors.New("malformed HTTP response \"HTTP/1\""), fail.Facts{}, fail.Interrupted},
		"cut in its status":         {errors.New("malformed HTTP status code \"20\""), fail.Facts{}, fail.Interrupted},
		"plain text beside answers": {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, fail.Facts{OriginServed: true, Serving: 1}, fail.Closed},
		"plain text alone":          {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, before, fail.Permanent},
		"bytes too many":            {errors.New("malformed HTTP response \"tail\""), before, fail.Interrupted},
		"malformed header":          {errors.New("malformed MIME header line"), before, fail.Interrupted},
		"a TLS alert, QUIC":         {tls.AlertError(40), before, fail.Permanent},
		"something else":            {errors.New("something"), before, fail.Interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			e := fail.Of(c.err, c.at)
			require.Equal(t, c.want, e.Class, "%v", e.Class)
			require.ErrorIs(t, e, c.err)
			require.Equal(t, c.err.Error(), e.Error())
		})
	}
}

// cause is what a context says that was ended with it.
func cause(err error) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(err)
	return context.Cause(ctx)
}

func TestOfNothing(t *testing.T) { require.Nil(t, fail.Of(nil, fail.Facts{})) }

// TestOfKnown: what has a class keeps it, with all that was found out then.
func TestOfKnown(t *testing.T) {
	e := &fail.Error{Class: fail.Busy, Status: 503, RetryAfter: time.Second, Asked: true}
	require.Same(t, e, fail.Of(e, fail.Facts{}))
	deep := fmt.Errorf("mirror: %w", e)
	got := fail.Of(deep, fail.Facts{})
	require.Equal(t, &fail.Error{Class: fail.Busy, Status: 503, RetryAfter: time.Second, Asked: true, Err: deep}, got)
	require.Equal(t, "mirror: status 503", got.Error())
	require.ErrorIs(t, got, e)
}

func TestErrorText(t *testing.T) {
	require.Equal(t, "status 404", (&fail.Error{Class: fail.Permanent, Status: 404}).Error())
	require.Equal(t, "no ranges", (&fail.Error{Class: fail.NoRanges}).Error())
	require.Equal(t, "gone", (&fail.Error{Class: fail.Permanent, Status: 404, Err: errors.New("gone")}).Error())
	seen := map[string]bool{}
	for c := range fail.Classes {
		require.NotEmpty(t, c.String())
		require.False(t, seen[c.String()], c.String())
		seen[c.String()] = true
	}
	require.Equal(t, "unknown", fail.Classes.String())
}

type saysSo bool

func (s saysSo) Error() string   { return "says so" }
func (s saysSo) Retryable() bool { return bool(s) }

// TestOfCaller: what the caller's own code says counts, and the end of a context of his is final.
func TestOfCaller(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want fail.Class
	}{
		"may be tried again": {fmt.Errorf("more: %w", saysSo(true)), fail.Interrupted},
		"may not":            {fmt.Errorf("more: %w", saysSo(false)), fail.Permanent},
		"his context":        {fmt.Errorf("more: %w", context.DeadlineExceeded), fail.Permanent},
		"given up":           {errors.Join(io.EOF, context.Canceled), fail.Permanent},
	} {
		require.Equal(t, c.want, fail.Of(fail.OfCaller(c.err), fail.Facts{}).Class, name)
	}
	require.Nil(t, fail.OfCaller(io.EOF))
	require.Nil(t, fail.OfCaller(os.ErrDeadlineExceeded), "a timeout of the network's")
}
