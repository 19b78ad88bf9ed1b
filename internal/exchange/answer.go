package exchange

import (
	"fmt"
	"net/http"
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
)

// refusal is what an answer means whose body may not be written.
func (c *Client) refusal(v httprange.Verdict, res *fetch.Response) *fail.Error {
	e := &fail.Error{Class: classOf(v.Kind, res.StatusCode), Op: "download", Status: res.StatusCode}
	if e.RetryAfter, e.Asked = backoff.RetryAfter(res.Header, time.Now()); e.Asked && waits(res.StatusCode) {
		e.Class = fail.Busy
	}
	e.Err = c.cause(v, e)
	if code := res.StatusCode; res.Cookies && (code == http.StatusUnauthorized || code == http.StatusForbidden) {
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

// waits reports whether an answer of a status that says when to come back (RFC 9110 section
// 10.2.3) has the file then: one that holds the file does not mean that, nor does one that
// says what the URL or the caller lacks.
func waits(status int) bool {
	return !held(status) && !fail.Lacks(status) && status != http.StatusRequestedRangeNotSatisfiable
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
