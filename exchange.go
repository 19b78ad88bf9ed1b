package littledl

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
)

// answerError is an answer whose bytes must not be written.
type answerError struct {
	verdict    httprange.Verdict
	status     int
	at         *url.URL // what was asked, before redirects
	retryAfter time.Duration
	asked      bool // the server said how long to wait
}

func newAnswerError(v httprange.Verdict, res *fetch.Response, at *url.URL) *answerError {
	e := &answerError{verdict: v, status: res.StatusCode, at: at}
	e.retryAfter, e.asked = backoff.RetryAfter(res.Header, time.Now())
	return e
}

func (e *answerError) Error() string {
	if err := e.Unwrap(); err != nil {
		return err.Error()
	}
	return e.verdict.Reason
}

// Unwrap lets a caller see the status of an answer that could not hold the file.
func (e *answerError) Unwrap() error {
	if e.status == http.StatusOK || e.status == http.StatusPartialContent {
		return nil
	}
	return &StatusError{Code: e.status, RetryAfter: e.retryAfter}
}

// exchange is one answer on its way into the file.
type exchange struct {
	f     *file
	s     *segment
	src   *source
	h     *host
	until int64 // where this answer's bytes end; MaxInt64: where its body ends
	whole bool  // the answer is the whole file, or is to be
	ctx   context.Context
	notes partfile.Recorder // of what it has written
}

// serve makes one request for a segment and writes what it may write. It returns
// when the request began, and nil when the answer's bytes are all on disk, be that
// all of the segment or not.
func (f *file) serve(s *segment, src *source, u *url.URL, h *host, k *ticket) (time.Time, error) {
	ctx, cancel := context.WithCancelCause(f.ctx)
	defer cancel(nil)
	began := time.Now()
	req, ask := f.request(s, src, u, h)
	req.Admit = k.admit
	f.begin(s, src, cancel, began)
	defer f.end(s)

	res, err := f.r.pool.client.Do(ctx, &req)
	if s.separate && err == nil {
		h.spokeHTTP1(true)
	}
	if err != nil {
		if _, serving := h.alive(); serving > 0 && isTurnedAway(err) {
			k.turnedAway()
		}
		return began, err
	}
	pin := f.pinFor(src)
	v := httprange.Gate(ask, pin, httprange.Answer{Status: res.StatusCode, Header: res.Header, ContentLength: res.ContentLength})
	if f.unconfirmed && !f.confirms(v, pin) {
		res.Discard()
		return began, errDisown
	}
	if v.Kind != httprange.Accept && v.Kind != httprange.Empty {
		e := newAnswerError(v, res, u)
		if _, serving := h.alive(); v.Kind == httprange.Throttled || e.status == http.StatusForbidden && serving > 0 {
			k.refused() // beside answers that are served a 403 may mean too many as well
		}
		res.Discard()
		return began, e
	}
	defer res.Close()
	h = k.at // where redirects led
	h.answered(began, time.Now())
	defer h.done()
	return began, f.receive(ctx, s, src, h, v, pin == nil || f.unconfirmed, res)
}

// receive writes the body of an accepted answer.
func (f *file) receive(ctx context.Context, s *segment, src *source, h *host, v httprange.Verdict, first bool, res *fetch.Response) error {
	if first {
		if err := f.accept(s, src, v, res); err != nil {
			return err
		}
	} else if v.Whole && !f.html && isHTML(res.Header) {
		return pageError(res.StatusCode)
	}
	x := &exchange{f: f, s: s, src: src, h: h, ctx: ctx, until: math.MaxInt64}
	if err := f.place(x, v, res.URL); err != nil {
		return err
	}
	if v.Kind == httprange.Empty {
		return nil
	}
	if v.Skip > 0 {
		if err := f.skip(res.Body, v.Skip); err != nil {
			return f.bodyError(ctx, err)
		}
	}
	buf := f.r.pool.buffers.Get().(*[]byte)
	var part io.WriterAt = f.part
	if f.repairing {
		part = comparing{f, src}
	}
	x.notes = f.part.Record()
	err := fetch.Copy(part, res.Body, v.Offset, *buf, x)
	f.r.pool.buffers.Put(buf)
	if errors.Is(err, io.EOF) && !v.Whole && res.ContentLength < 0 && f.advanced(s) {
		err = nil // in good order, though it had told another end: what there is counts, and the rest is asked for
	}
	if noteErr := x.notes.Flush(); err == nil && noteErr != nil {
		err = &fetch.WriteError{Err: noteErr}
	}
	return f.bodyEnd(x, err, v)
}

// skip throws away what comes before the bytes that were asked for.
func (f *file) skip(body io.Reader, n int64) error {
	got, err := io.CopyN(io.Discard, body, n)
	f.r.received.Add(got)
	return err
}

// advanced reports whether the segment's request has brought anything.
func (f *file) advanced(s *segment) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.pos > s.base
}

// begin and end frame a request in its segment.
func (f *file) begin(s *segment, src *source, cancel context.CancelCauseFunc, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owed > 0 { // a failure counts as retried when the next attempt begins
		f.owed--
		f.t.retries.Add(1)
	}
	s.src, s.cancel, s.asked, s.moved = src, cancel, now, now
	s.overdue = now.Add(max(answerTime, 2*src.host.latency()))
	s.firstByte, s.sampled = time.Time{}, time.Time{}
	s.base, s.seen, s.answered = s.pos, s.pos, false
}

func (f *file) end(s *segment) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	s.sample(now)
	if s.rate > 0 {
		s.src.rate = s.rate
	}
	s.cancel, s.firstByte = nil, time.Time{}
}

// place says where the answer's bytes go.
func (f *file) place(x *exchange, v httprange.Verdict, from *url.URL) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil { // the round has ended since this was asked, and ranges may have, too
		return f.err
	}
	x.s.answered, x.s.moved = true, time.Now()
	f.lastFailure = nil
	x.src.servedLocked(v.Pin, from)
	if v.Kind == httprange.Empty {
		f.stream, f.whole = true, true
		x.s.end = 0
		return nil
	}
	if v.Whole && !f.stream { // the server does not do ranges: this body is the file
		if f.workers > 1 || len(f.todo) > 0 {
			return &answerError{verdict: httprange.Verdict{Kind: httprange.RangeIgnored, Reason: "the server ignored the range"}, status: 200}
		}
		f.stream = true
	}
	if x.whole = f.stream; x.whole {
		x.s.pos, x.s.base, x.s.seen, x.s.end = 0, 0, 0, toEnd
		if v.Take >= 0 {
			x.s.end = v.Take
		}
	}
	if v.Take >= 0 {
		x.until = v.Offset + v.Take
	}
	return nil
}

// servedLocked notes an answer that was accepted, and where it came from.
func (s *source) servedLocked(pin httprange.Pin, from *url.URL) {
	s.renewed, s.strikes = false, 0
	if !sameURL(from, s.u) {
		s.resolved = from // what follows goes straight there
	}
	if s.pin == nil {
		s.pin = &pin
	}
}

// sameURL ignores user info, which is never part of where an answer came from.
func sameURL(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host && a.Path == b.Path && a.RawPath == b.RawPath && a.RawQuery == b.RawQuery
}

// Room implements fetch.Extent: a thief may have moved the segment's end.
func (x *exchange) Room(off int64) int64 {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	return min(x.until, x.s.end) - off
}

// Wrote implements fetch.Extent.
func (x *exchange) Wrote(off int64, data []byte) error {
	f, s, n := x.f, x.s, len(data)
	end := off + int64(n)
	f.mu.Lock()
	s.pos = end
	added := f.done.Add(off, end)
	x.src.bytes += added
	f.lastSource = x.src
	if len(f.sources) > 1 {
		f.wroteByLocked(x.src, off, end)
	}
	if f.hashing != nil {
		f.hashing.wroteLocked(off)
	}
	first := s.firstByte.IsZero()
	if first {
		s.firstByte = time.Now()
		f.growLocked(s.firstByte)
	}
	f.mu.Unlock()
	f.t.downloaded.Add(added)
	f.received.Add(int64(n))
	x.h.received.Add(int64(n))
	f.r.received.Add(int64(n))
	f.r.d.downloaded.Add(added)
	if m := f.r.d.set.cfg.MaxFileSize; m > 0 && end > m {
		return f.tooLarge(end)
	}
	if err := x.notes.Wrote(off, data); err != nil {
		return &fetch.WriteError{Err: err}
	}
	if f.r.pool.limiter == nil {
		return nil
	}
	f.throttle(s, true)
	defer f.throttle(s, false)
	return f.r.pool.limiter.Wait(x.ctx, n)
}

func (f *file) throttle(s *segment, on bool) {
	f.mu.Lock()
	s.throttled, s.moved = on, time.Now()
	f.mu.Unlock()
}
