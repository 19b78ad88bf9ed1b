package exchange

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// refusal is what an answer means whose body may not be written.
func (c *Client) refusal(a *Ask, v httprange.Verdict, res *fetch.Response) *fail.Error {
	e := &fail.Error{Class: classOf(v.Kind, res.StatusCode), Op: "download", Status: res.StatusCode}
	if a.dubious(v, res) {
		e.Class = fail.Dubious
	}
	if e.RetryAfter, e.Asked = backoff.RetryAfter(res.Header, time.Now()); e.Asked && waits(res.StatusCode) {
		e.Class = fail.Busy
	}
	e.Err = c.cause(v, e)
	if res.Cookies && walls(res.StatusCode) {
		e.Err = fmt.Errorf("%w; %s", e.Err, fetch.CookieHint)
	}
	return e
}

// classOf is the class of what the gate has found.
func classOf(k httprange.Kind, status int) fail.Class {
	switch k {
	case httprange.Throttled:
		return fail.Busy
	case httprange.Transient:
		return fail.ServerError
	case httprange.Expired:
		return fail.Expired
	case httprange.Changed:
		return fail.Changed
	case httprange.RangeIgnored, httprange.RangeUnusable, httprange.RangeMismatch, httprange.IfRangeRefused:
		return fail.NoRanges
	case httprange.Malformed:
		if held(status) { // the range confused it
			return fail.NoRanges
		}
	}
	return fail.Permanent
}

// dubious reports whether an answer that does not hold the version that is fetched may be a refusal
// that does not look like one: a page where the file is none, or what does not name its version.
func (a *Ask) dubious(v httprange.Verdict, res *fetch.Response) bool {
	if a.Pin == nil || !held(res.StatusCode) {
		return false
	}
	return !a.Page && IsPage(res.Header) || v.Kind == httprange.Changed && res.StatusCode == http.StatusOK && !v.Pin.Named()
}

// IsPage reports whether an answer holds a page in HTML.
func IsPage(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/html")
}

// waits reports whether an answer of a status that says when to come back (RFC 9110 section
// 10.2.3) has the file then: one that holds the file does not mean that, nor does one that
// says what the URL or the caller lacks.
func waits(status int) bool {
	return !held(status) && !fail.Lacks(status) && status != http.StatusRequestedRangeNotSatisfiable
}

// protocol is what an answer came in; transports of others need not say.
func protocol(res *fetch.Response) string {
	if res.Proto == "" && res.ProtoMajor == 2 {
		return "HTTP/2.0"
	}
	return res.Proto
}

// held reports whether an answer of a status could have held the file.
func held(status int) bool { return status == http.StatusOK || status == http.StatusPartialContent }

// cause words a refusal.
func (c *Client) cause(v httprange.Verdict, e *fail.Error) error {
	switch v.Kind {
	case httprange.IfRangeRefused:
		return errIfRange
	case httprange.BadEncoding:
		return fmt.Errorf("%w: %s; see DownloadConfig.ContentEncoding", fail.ErrEncoding, v.Reason)
	case httprange.Changed:
		return fmt.Errorf("%w: %s", fail.ErrRemoteChanged, v.Reason)
	}
	if e.Class == fail.NoRanges {
		return fmt.Errorf("%w: %s", fail.ErrRangeMismatch, v.Reason)
	}
	return c.conf.Status(e.Status, e.RetryAfter)
}

// walls: who has no cookies may be told so by these.
func walls(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}
