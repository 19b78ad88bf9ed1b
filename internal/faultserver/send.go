package faultserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exchange is one request being answered.
type exchange struct {
	*entry
	rec *recorder
	w   http.ResponseWriter
	r   *http.Request
	res *Response
	raw bool // the response goes past w, which must not be touched
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(numbered)
	e := &entry{ctx: r.Context(), conn: c.Conn, Record: Record{
		Conn: c.number, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Target: r.RequestURI,
		Proto: r.Proto, Host: r.Host, Origin: origin(s.scheme, r.Host),
		Range: r.Header.Get("Range"), IfRange: r.Header.Get("If-Range"), Header: r.Header.Clone(),
	}}
	s.rec.begin(e)
	defer s.rec.leave(e, false)
	defer context.AfterFunc(r.Context(), func() { s.rec.leave(e, true) })()

	req := &Request{Request: r, Conn: c.number, server: s, entry: e}
	if r.Method != http.MethodHead {
		req.Range = parseRange(r.Header.Get("Range"))
	}
	s.mu.Lock()
	handler := s.handler
	s.mu.Unlock()
	x := &exchange{entry: e, rec: s.rec, w: w, r: r, res: handler(req)}
	if x.res == nil {
		x.abort(e.ctx.Err() != nil)
	}
	x.send()
}

// abort closes the connection; over HTTP/2 the stream.
func (x *exchange) abort(givenUp bool) {
	x.rec.leave(x.entry, givenUp)
	panic(http.ErrAbortHandler)
}

// stop ends the response where it is, in the way it says.
func (x *exchange) stop() {
	switch x.res.End {
	case Reset:
		x.rec.leave(x.entry, false)
		reset(x.conn)
	case Hang:
		<-x.ctx.Done()
	case Garbage:
		if x.r.ProtoMajor == 1 && !x.raw && x.res.Length < 0 { // else it would be part of the body
			x.conn.Write([]byte("no chunk size\r\n"))
		}
	}
	x.abort(x.res.End == Hang)
}

func (x *exchange) send() {
	res := x.res
	if res.End != Complete && res.EndAfter < 0 {
		x.stop()
	}
	if len(res.Lines) > 0 || res.HTTP1 {
		x.sendRaw()
		return
	}
	for _, early := range res.Interim {
		maps.Copy(x.w.Header(), early.Header)
		x.w.WriteHeader(early.Status)
		for name := range early.Header {
			x.w.Header().Del(name)
		}
	}
	maps.Copy(x.w.Header(), res.Header)
	hasBody := bodyAllowed(res.Status)
	if hasBody && res.Length >= 0 {
		x.w.Header().Set("Content-Length", strconv.FormatInt(res.Length, 10))
	}
	x.rec.status(x.entry, res.Status)
	x.w.WriteHeader(res.Status)
	if x.Method == http.MethodHead || !hasBody {
		return
	}
	if res.Length < 0 {
		x.flush() // else net/http adds a length of its own to a short body
	}
	if !x.sendBody(x.w) {
		x.abort(true)
	}
	switch {
	case res.End != Complete:
		x.flush()
		x.stop()
	case len(res.Extra) > 0 && x.r.ProtoMajor == 1:
		x.flush()
		x.conn.Write(res.Extra)
	}
}

func (x *exchange) flush() {
	if !x.raw {
		http.NewResponseController(x.w).Flush()
	}
}

// sendBody writes the body as far as it goes, and tells whether it could.
func (x *exchange) sendBody(w io.Writer) bool {
	res := x.res
	total := res.Body.Size()
	if res.End != Complete {
		total = min(total, res.EndAfter)
		x.flush() // the headers come, even if no byte does
	}
	if res.Hold > 0 {
		x.flush()
		if wait(x.ctx, res.Hold) != nil {
			return false
		}
	}
	piece := int64(128 << 10)
	if res.Piece > 0 {
		piece = int64(res.Piece)
	}
	buf := make([]byte, min(piece, total))
	for sent := int64(0); sent < total; {
		n := min(int64(len(buf)), total-sent)
		if got, err := res.Body.ReadAt(buf[:n], sent); int64(got) < n {
			panic(fmt.Sprintf("content ends at %d: %v", sent+int64(got), err))
		}
		if sent+n == total && (res.End == Complete || res.Length == total) {
			// With the last byte the client may send its next request, on any
			// connection: this one must not count beside it, whatever comes behind it.
			x.rec.leave(x.entry, false)
		}
		x.rec.sent(x.entry, n) // before the client can act on it
		m, err := w.Write(buf[:n])
		x.rec.sent(x.entry, int64(m)-n)
		sent += int64(m)
		if err != nil {
			return false
		}
		if res.Piece > 0 {
			x.flush()
			if sent < total && wait(x.ctx, res.Every) != nil {
				return false
			}
		}
	}
	return true
}

// sendRaw writes a response that net/http's server would not, straight to the
// connection, and closes it.
func (x *exchange) sendRaw() {
	res := x.res
	x.raw = true
	if x.r.ProtoMajor != 1 {
		x.abort(false)
	}
	out := bufio.NewWriterSize(rawWriter{x.conn}, 4096)
	version := "1.1"
	if res.HTTP1 {
		version = "1.0"
	}
	for _, early := range res.Interim {
		fmt.Fprintf(out, "HTTP/%s %d %s\r\n", version, early.Status, http.StatusText(early.Status))
		early.Header.Write(out)
		fmt.Fprint(out, "\r\n")
	}
	fmt.Fprintf(out, "HTTP/%s %d %s\r\n", version, res.Status, http.StatusText(res.Status))
	if _, set := res.Header["Date"]; !set {
		fmt.Fprintf(out, "Date: %s\r\n", time.Now().UTC().Format(http.TimeFormat))
	}
	if res.Length >= 0 && !slices.ContainsFunc(res.Lines, isLength) {
		fmt.Fprintf(out, "Content-Length: %d\r\n", res.Length)
	}
	res.Header.Write(out)
	for _, line := range res.Lines {
		fmt.Fprintf(out, "%s\r\n", line)
	}
	fmt.Fprint(out, "\r\n")
	x.rec.status(x.entry, res.Status)
	out.Flush()
	if x.Method != http.MethodHead {
		if !x.sendBody(rawWriter{x.conn}) {
			x.abort(true)
		}
		x.conn.Write(res.Extra)
	}
	x.stop()
}

// rawWriter hides everything of a connection but Write.
type rawWriter struct{ c net.Conn }

func (w rawWriter) Write(b []byte) (int, error) { return w.c.Write(b) }

func isLength(line string) bool {
	return strings.HasPrefix(line, "Content-Length:")
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
