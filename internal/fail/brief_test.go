package fail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
)

// 190: what is kept of an error is little, and can be asked what it was.
func TestBrief(t *testing.T) {
	long := strings.Repeat("long ", 100_000)
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		err error
		is  []error
	}{
		"text":               {errors.New(long), nil},
		"wrapped":            {fmt.Errorf("%s: %w", long, io.EOF), []error{io.EOF}},
		"deep":               {fmt.Errorf("%s: %w", long, fmt.Errorf("%s: %w", long, refused)), []error{refused, syscall.ECONNREFUSED}},
		"several":            {errors.Join(errors.New(long), context.Canceled, fmt.Errorf("%w: %s", io.EOF, long)), []error{context.Canceled, io.EOF}},
		"a proxy's":          {&fail.ProxyError{Proxy: "http://p", Err: fmt.Errorf("%s: %w", long, io.EOF)}, []error{fail.ErrProxy, io.EOF}},
		"one of ours":        {fmt.Errorf("%w: %s", fail.ErrStalled, long), []error{fail.ErrStalled}},
		"not in UTF-8":       {errors.New(strings.Repeat("é", 300_000)), nil},
		"cause of a request": {&net.OpError{Op: "read", Err: errors.New(long)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := fail.Brief(c.err)
			require.LessOrEqual(t, len(b.Error()), 600)
			require.True(t, strings.HasPrefix(b.Error(), c.err.Error()[:500]))
			for _, is := range c.is {
				require.ErrorIs(t, b, is)
			}
			require.LessOrEqual(t, len(fail.Brief(fmt.Errorf("again: %w", b)).Error()), 620)
		})
	}
	require.NoError(t, fail.Brief(nil))
	require.Equal(t, error(refused), fail.Brief(refused), "what is small is kept as it is")
}

// TestBriefCertificates: a server's certificates are as large as it likes; which kind of error
// there was is kept, and they are not.
func TestBriefCertificates(t *testing.T) {
	certificate := func() *x509.Certificate {
		return &x509.Certificate{Raw: make([]byte, 1<<20), NotAfter: time.Unix(1, 0), DNSNames: []string{"a.test"}}
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	kept := []error{}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for what, err := range map[any]error{
		&unknown: x509.UnknownAuthorityError{Cert: certificate()},
		&host:    x509.HostnameError{Certificate: certificate(), Host: "b.test"},
		&invalid: x509.CertificateInvalidError{Cert: certificate(), Reason: x509.Expired, Detail: "late"},
	} {
		err = fmt.Errorf("looked at: %w", &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{certificate()}, Err: err})
		b := fail.Brief(err)
		require.Equal(t, err.Error(), b.Error())
		require.ErrorAs(t, b, what)
		require.ErrorAs(t, b, &verify)
		require.NotEmpty(t, verify.Error())
		require.Empty(t, verify.UnverifiedCertificates)
		kept = append(kept, b, fail.Brief(b))
	}
	require.Equal(t, "b.test", host.Host)
	require.Equal(t, x509.Expired, invalid.Reason)
	b := fail.Brief(tls.RecordHeaderError{Msg: "no TLS", Conn: &net.TCPConn{}})
	require.ErrorAs(t, b, &record)
	require.Nil(t, record.Conn)
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
	runtime.KeepAlive(kept)
}
