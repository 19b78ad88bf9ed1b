package httprange

import (
	"net/http"
	"time"
)

// Pin identifies one version of a file, by what the answers that were accepted
// said about it. Later answers must not contradict it.
type Pin struct {
	Size         int64  // -1: unknown
	ETag         string // as sent, "" if none
	LastModified string // as sent, "" if none
	DateStrong   bool   // Last-Modified is at least 60 s older than the answer's Date
	Encoding     string // what Content-Encoding says was done to what is fetched; "" for nothing
}

// StrongETag reports whether etag is well-formed and strong (RFC 9110 section
// 8.8.3). An empty tag is not: it would be equal for every version.
func StrongETag(etag string) bool {
	n := len(etag)
	if n < 3 || etag[0] != '"' || etag[n-1] != '"' {
		return false
	}
	for _, c := range []byte(etag[1 : n-1]) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}

// IfRange is the validator that may stand in an If-Range field (RFC 9110
// section 13.1.5): the strong ETag, else a strong Last-Modified, else "".
func (p Pin) IfRange() string {
	if StrongETag(p.ETag) {
		return p.ETag
	}
	if _, err := ParseTime(p.LastModified); err == nil && p.DateStrong {
		return p.LastModified
	}
	return ""
}

// PinOf is what an answer says of a file of the given size.
func PinOf(h http.Header, size int64) Pin {
	return Pin{
		Size:         size,
		ETag:         validator(h, "Etag"),
		LastModified: validator(h, "Last-Modified"),
		DateStrong:   dateStrong(h),
		Encoding:     Encoding(h),
	}
}

// maxValidator is how long a validator may be, in bytes: it is kept, and sent back with every
// request.
const maxValidator = 1 << 10

// validator is a field that tells versions apart; one that is too long is none.
func validator(h http.Header, canonical string) string {
	if v := field(h, canonical); len(v) <= maxValidator {
		return v
	}
	return ""
}

// dateStrong reports whether Last-Modified is a strong validator (RFC 9110
// section 8.8.2.2). Within the same second the file can change again; with
// clocks that are not quite equal, a minute is the usual margin.
func dateStrong(h http.Header) bool {
	modified, err := ParseTime(validator(h, "Last-Modified"))
	if err != nil {
		return false
	}
	date, err := ParseTime(field(h, "Date"))
	return err == nil && date.Sub(modified) >= time.Minute
}

// field is h.Get for a name in its canonical form.
func field(h http.Header, canonical string) string {
	if v := h[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// differs says in what the answer q contradicts p, or "". What one of them
// does not tell is no contradiction. ETags are compared as opaque strings:
// two that differ in weakness only do not promise the same bytes either.
func (p Pin) differs(q Pin) string {
	switch {
	case p.Size >= 0 && q.Size >= 0 && p.Size != q.Size:
		return "size"
	case p.ETag != "" && q.ETag != "" && p.ETag != q.ETag:
		return "etag"
	case p.LastModified != "" && q.LastModified != "" && !sameTime(p.LastModified, q.LastModified):
		return "last-modified"
	}
	return ""
}

// Named reports whether an answer said which version it is of.
func (p Pin) Named() bool { return p.ETag != "" || p.LastModified != "" }

func sameTime(a, b string) bool {
	if a == b {
		return true
	}
	s, err := ParseTime(a)
	if err != nil {
		return false
	}
	t, err := ParseTime(b)
	return err == nil && s.Equal(t)
}

// confirms reports whether q has the very validator that If-Range carried.
func (p Pin) confirms(q Pin) bool {
	v := p.IfRange()
	return v != "" && (v == q.ETag || v == q.LastModified)
}
