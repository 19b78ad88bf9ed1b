package fetch

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"

	"github.com/littledl/littledl/internal/fail"
)

// ErrTransport is an answer of somebody else's transport that is of no use: it is none,
// or it contradicts itself. Asking again would bring the same.
var ErrTransport = fail.ErrTransport

func broken(t http.RoundTripper, format string, args ...any) error {
	return fmt.Errorf("%w: %T returned %s", ErrTransport, t, fmt.Sprintf(format, args...))
}

// whole makes what somebody else's transport has returned an answer like those of
// net/http: doubles, caches and recorders leave out what they do not need themselves. It
// touches neither the response nor its header, which may be shared.
func whole(t http.RoundTripper, req *http.Request, res *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil:
		if res != nil && res.Body != nil {
			res.Body.Close()
		}
		return nil, err
	case res == nil:
		return nil, broken(t, "neither a response nor an error")
	}
	w := *res
	w.Header = canonical(res.Header)
	if w.Body == nil {
		w.Body = http.NoBody
	}
	if w.Body != http.NoBody {
		w.Body = newBody(req.Context(), t, w.Body)
	}
	if err := complete(t, req.Method, &w); err != nil {
		w.Body.Close()
		return nil, err
	}
	return &w, nil
}

func complete(t http.RoundTripper, method string, w *http.Response) error {
	if w.StatusCode < 100 || w.StatusCode > 999 {
		return broken(t, "status %d", w.StatusCode)
	}
	if w.StatusCode != http.StatusOK && w.StatusCode != http.StatusPartialContent {
		return nil // it is no file, however long it is
	}
	header := int64(-1)
	if !w.Uncompressed && len(w.TransferEncoding) == 0 { // where that is the length of what was sent
		var ok bool
		if header, ok = contentLength(w.Header); !ok {
			return broken(t, "a content-length that is none")
		}
	} else if w.StatusCode == http.StatusPartialContent && w.Uncompressed {
		return broken(t, "a part of a file after decoding it: its place is unknown")
	}
	if method == http.MethodHead {
		w.ContentLength = hint(w.ContentLength, header)
		return nil
	}
	return measure(t, w, header)
}

// canonical is h as net/http's transports have it.
func canonical(h http.Header) http.Header {
	odd := h == nil
	for k := range h {
		odd = odd || http.CanonicalHeaderKey(k) != k
	}
	if !odd {
		return h
	}
	c := make(http.Header, len(h))
	for _, k := range slices.Sorted(maps.Keys(h)) { // of two spellings one comes first, always the same
		name := http.CanonicalHeaderKey(k)
		c[name] = append(c[name], h[k]...)
	}
	return c
}

// contentLength is what the header says; -1: nothing.
func contentLength(h http.Header) (n int64, ok bool) {
	fields := h["Content-Length"]
	if len(fields) == 0 {
		return -1, true
	}
	first := textproto.TrimString(fields[0])
	for _, f := range fields[1:] {
		if textproto.TrimString(f) != first {
			return 0, false
		}
	}
	u, err := strconv.ParseUint(first, 10, 63)
	return int64(u), err == nil
}

// hint is the size that a HEAD tells, where field and header tell the same or one of them
// nothing, which a field of 0 may mean.
func hint(field, header int64) int64 {
	switch {
	case field <= 0:
		return header
	case header >= 0 && header != field:
		return -1
	}
	return field
}

// measure finds out how long the body is. A field of 0 may mean that nobody has set it,
// and the header may be left over from another body: where they do not agree, the body
// must be as long as is said first, or it is an error.
func measure(t http.RoundTripper, w *http.Response, header int64) error {
	field, length := w.ContentLength, w.ContentLength
	if field <= 0 {
		length = header
	}
	b, ok := w.Body.(*body)
	if !ok {
		if length > 0 {
			return broken(t, "no body, and a content-length of %d", length)
		}
		w.ContentLength = 0
		return nil
	}
	if length > 0 && header >= 0 && header != field {
		b.rest = length
	}
	if length <= 0 && (field == 0 || header == 0) { // empty, or nobody has said anything
		switch n, err := b.peek(); {
		case err == io.EOF:
			length = 0
		case n > 0 && header == 0:
			return broken(t, "more bytes than it announces, which is none")
		default:
			length = -1
		}
	}
	w.ContentLength = length
	return nil
}
