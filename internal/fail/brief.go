package fail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
)

// Errors are kept: by tasks that have failed, by origins, for the log. Those of others may quote
// whatever a server has sent, or hold all of its certificates.

// maxBrief is how much of the text of another's error is kept, in bytes.
const maxBrief = 512

// brief stands for an error that is too big to be kept: its text, cut, and those of its causes
// that are small.
type brief struct {
	text   string
	causes []error
}

func (b *brief) Error() string   { return b.text }
func (b *brief) Unwrap() []error { return b.causes }

// Brief is an error as it may be kept: itself, or one that says the same in as much room as is
// right. What it is can be asked as before, but for causes that are nothing but long text.
func Brief(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(text) <= maxBrief && !holds(err) {
		return err
	}
	return &brief{cut(text), causesOf(err, nil)}
}

// cut is the beginning of a text, in memory of its own.
func cut(text string) string {
	if len(text) <= maxBrief {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:maxBrief], "") + "…"
}

// holds reports whether an error, or one that it wraps, has more behind it than its text.
func holds(err error) bool {
	if small(err) != nil {
		return true
	}
	for _, cause := range unwrap(err) {
		if holds(cause) {
			return true
		}
	}
	return false
}

// small is one of those without what they hold; nil: err is none of them.
func small(err error) error {
	switch e := err.(type) {
	case *tls.CertificateVerificationError:
		return &tls.CertificateVerificationError{Err: Brief(e.Err)}
	case x509.UnknownAuthorityError:
		if e.Cert != nil {
			return x509.UnknownAuthorityError{}
		}
	case x509.CertificateInvalidError:
		if e.Cert != nil && len(e.Cert.Raw) > 0 {
			return x509.CertificateInvalidError{Cert: dated(e.Cert), Reason: e.Reason, Detail: cut(e.Detail)}
		}
	case x509.HostnameError:
		if e.Certificate != nil && len(e.Certificate.Raw) > 0 {
			return x509.HostnameError{Certificate: dated(e.Certificate), Host: cut(e.Host)}
		}
	case *ProxyError:
		if e.Err != nil && len(e.Err.Error()) > maxBrief {
			p := *e
			p.Err = Brief(e.Err)
			return &p
		}
	case tls.RecordHeaderError:
		if e.Conn != nil {
			return tls.RecordHeaderError{Msg: cut(e.Msg), RecordHeader: e.RecordHeader}
		}
	}
	return nil
}

// dated is of a certificate how long it holds.
func dated(c *x509.Certificate) *x509.Certificate {
	return &x509.Certificate{NotBefore: c.NotBefore, NotAfter: c.NotAfter}
}

// causesOf are the small errors in an error, outermost first.
func causesOf(err error, all []error) []error {
	switch {
	case len(err.Error()) <= maxBrief && !holds(err):
		return append(all, err)
	case small(err) != nil:
		return append(all, small(err))
	}
	for _, cause := range unwrap(err) {
		all = causesOf(cause, all)
	}
	return all
}

func unwrap(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	if cause := errors.Unwrap(err); cause != nil {
		return []error{cause}
	}
	return nil
}
