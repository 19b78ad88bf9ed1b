package faultserver

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
)

// Gzip answers GET with the file compressed, whatever encodings were asked for, and
// ignores Range.
func Gzip() Behaviour { return Encoded("gzip", Gzipped) }

// Encoded is Gzip by another encoding: label is what the server calls it, encode what it does.
func Encoded(label string, encode func([]byte) []byte) Behaviour {
	return func(next Handler) Handler { return EncodedRanges(label, encode)(NoRange()(next)) }
}

// EncodedRanges is Encoded by a server that keeps what it sends: ranges are of that.
func EncodedRanges(label string, encode func([]byte) []byte) Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		if req.Rep.Content != nil {
			req.Rep.Content = bytes.NewReader(encode(Bytes(req.Rep.Content)))
		}
		return labelled(label, next(req))
	})
}

// Label says Content-Encoding and sends the file as it is.
func Label(encoding string) Behaviour {
	return Do(func(req *Request, next Handler) *Response { return labelled(encoding, next(req)) })
}

func labelled(encoding string, res *Response) *Response {
	if res != nil && (res.Status == http.StatusOK || res.Status == http.StatusPartialContent) {
		res.Header.Set("Content-Encoding", encoding)
	}
	return res
}

// GzipMislabel says Content-Encoding: gzip and sends the file as it is.
func GzipMislabel() Behaviour { return Label("gzip") }

// GzipBomb is Gzip of size zero bytes.
func GzipBomb(size int64) Behaviour {
	bomb := through(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, zeros(size))
	return Encoded("gzip", func([]byte) []byte { return bomb })
}

// Gzipped is b as gzip has it.
func Gzipped(b []byte) []byte {
	return through(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, bytes.NewReader(b))
}

// Deflated is b as the encoding deflate has it; Inflatable what some servers take that for,
// without its head and its checksum.
func Deflated(b []byte) []byte {
	return through(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, bytes.NewReader(b))
}

// Inflatable is b compressed, and nothing about it.
func Inflatable(b []byte) []byte {
	return through(func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, flate.BestSpeed); return z }, bytes.NewReader(b))
}

func through(by func(io.Writer) io.WriteCloser, c Content) []byte {
	var out bytes.Buffer
	z := by(&out)
	if _, err := io.Copy(z, io.NewSectionReader(c, 0, c.Size())); err != nil {
		panic(err) // neither side can fail
	}
	z.Close()
	return out.Bytes()
}
