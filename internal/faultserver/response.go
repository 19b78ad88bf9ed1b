package faultserver

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Ending is how a response stops.
type Ending int

const (
	// Complete is the proper end.
	Complete Ending = iota
	// Close closes the connection in the middle (over HTTP/2: RST_STREAM).
	Close
	// Reset resets the connection (over HTTP/2 as well, with all its streams).
	Reset
	// Hang sends nothing more, until the client goes away.
	Hang
	// Garbage sends what is no chunk of a chunked body, and closes.
	Garbage
)

// Response is what a server is about to send. A nil *Response closes the
// connection without a word.
type Response struct {
	Status int
	Header http.Header
	Body   Content
	Length int64 // sent as Content-Length; negative: none, so the body is chunked

	Interim []Interim // sent before

	// End is what happens after EndAfter bytes of the body, or after all of it if
	// it is shorter. Negative: before the status line.
	End      Ending
	EndAfter int64

	Hold  time.Duration // between the headers and the body
	Piece int           // body bytes sent at once; 0: as many as go
	Every time.Duration // between pieces

	Extra []byte   // sent behind the whole body, not announced
	Lines []string // header lines sent as they are; the connection closes afterwards
	HTTP1 bool     // HTTP/1.0: the body ends where the connection does
}

// Interim is a 1xx response.
type Interim struct {
	Status int
	Header http.Header
}

// Reply makes a response of a short text.
func Reply(status int, contentType, text string) *Response {
	res := &Response{Status: status, Header: http.Header{}, Body: bytes.NewReader([]byte(text))}
	res.Length = res.Body.Size()
	res.Header.Set("Content-Type", contentType)
	return res
}

func (res *Response) setBody(c Content) {
	res.Body, res.Length = c, c.Size()
}

// contentRange sets Content-Range; a negative total is "*".
func (res *Response) contentRange(first, last, total int64) {
	of := "*"
	if total >= 0 {
		of = strconv.FormatInt(total, 10)
	}
	res.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", first, last, of))
}

func unsatisfiable(size int64) *Response {
	res := Reply(http.StatusRequestedRangeNotSatisfiable, "text/plain", "no such range\n")
	if size >= 0 {
		res.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
	}
	return res
}

// serve is the well-behaved origin that every Behaviour wraps.
func serve(req *Request) *Response {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return Reply(http.StatusMethodNotAllowed, "text/plain", "method not allowed\n")
	}
	if req.Rep.Content == nil {
		return Reply(http.StatusNotFound, "text/plain", "not found\n")
	}
	rep := req.Rep
	res := &Response{Status: http.StatusOK, Header: http.Header{}}
	res.setBody(rep.Content)
	res.Header.Set("Content-Type", rep.Type)
	res.Header.Set("Accept-Ranges", "bytes")
	if rep.ETag != "" {
		res.Header.Set("ETag", rep.ETag)
	}
	if !rep.LastModified.IsZero() {
		res.Header.Set("Last-Modified", rep.LastModified.UTC().Format(http.TimeFormat))
	}
	ifRange := req.Header.Get("If-Range")
	if req.Range == nil || ifRange != "" && !rep.matches(ifRange) {
		return res
	}
	size := rep.Content.Size()
	first, last, ok := req.Range.resolve(size)
	if !ok {
		return unsatisfiable(size)
	}
	res.Status = http.StatusPartialContent
	res.contentRange(first, last, size)
	res.setBody(part(rep.Content, first, last-first+1))
	return res
}
