package faultserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Request is what a Behaviour is asked. It may change it before it asks the next:
// the file that is served, the range, the headers.
type Request struct {
	*http.Request
	Rep   Representation // what is served
	Range *Range         // nil if none, several or a malformed one was asked, and for HEAD
	Conn  int            // number of the connection, from 1 on

	server *Server
	entry  *entry
}

// Range is a byte range as asked (RFC 9110 section 14.1.2).
type Range struct {
	First int64 // negative: the last -First bytes
	Last  int64 // inclusive; negative: to the end
}

// resolve gives the range's place in size bytes; not ok if there is none.
func (r Range) resolve(size int64) (first, last int64, ok bool) {
	if r.First < 0 {
		return max(0, size+r.First), size - 1, size > 0
	}
	last = size - 1
	if r.Last >= 0 {
		last = min(last, r.Last)
	}
	return r.First, last, r.First < size
}

func parseRange(s string) *Range {
	spec, ok := strings.CutPrefix(s, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return nil
	}
	number := func(s string) (int64, bool) {
		n, err := strconv.ParseUint(s, 10, 63)
		return int64(n), err == nil
	}
	f, okF := number(first)
	l, okL := number(last)
	switch {
	case okF && last == "":
		return &Range{f, -1}
	case okF && okL && f <= l:
		return &Range{f, l}
	case first == "" && okL && l > 0:
		return &Range{-l, -1}
	}
	return nil
}

// Representation is one version of a file and what the server says about it. An
// empty ETag or a zero LastModified is not sent.
type Representation struct {
	Content      Content
	ETag         string // as sent, with its quotes
	LastModified time.Time
	Type         string

	spec spec
}

// matches tells whether an If-Range value is this representation's validator
// (RFC 9110 section 13.1.5).
func (r Representation) matches(ifRange string) bool {
	if strings.HasPrefix(ifRange, `"`) {
		return ifRange == r.ETag
	}
	return !r.LastModified.IsZero() && ifRange == r.LastModified.UTC().Format(http.TimeFormat)
}
