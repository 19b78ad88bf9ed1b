package exchange

import (
	"errors"
	"net/http"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/safename"
)

// request builds what is sent, and what the answer is judged by.
func (c *Client) request(a *Ask) (fetch.Request, httprange.Ask) {
	quirks := a.Origin.Quirks()
	ask := httprange.Ask{Served: a.Served, Policy: c.conf.Encoded, Decodes: c.conf.Decodes}
	req := a.Source.request(http.MethodGet)
	req.URL = a.URL
	if !a.Ranged {
		return req, ask
	}
	ask.Ranged, ask.Start, ask.End = true, a.Lo, a.Hi
	req.Range = c.rangeOf(a.Lo, a.Hi)
	req.HTTP1 = a.Separate && !quirks.NoHTTP1
	if a.Pin != nil && !quirks.NoIfRange {
		if v := a.Pin.IfRange(); v != "" {
			req.IfRange, ask.IfRange = v, true
		}
	}
	return req, ask
}

// note tells the origin what its answer has shown of ranges.
func (a *Ask) note(at *origin.Origin, whole bool) {
	switch {
	case a.Instead:
		at.Instead(true)
	case a.Ranged && !whole:
		at.ServedRange(a.Lo, a.Hi, a.Most)
	}
}

// names are all that the file of an answer has. Most answers need none.
func (a *Ask) names(res *fetch.Response) []string {
	if len(res.Header["Content-Encoding"]) == 0 {
		return nil
	}
	return []string{a.Name, safename.FromDisposition(res.Header.Get("Content-Disposition")), res.URL.Path, a.URL.Path, a.Source.URL.Path}
}

// rangeText is the Range of a request.
type rangeText struct {
	lo, hi int64
	text   string
}

// rangeOf words a range. Many files are asked for the same first one.
func (c *Client) rangeOf(lo, hi int64) string {
	last := c.last.Load()
	if last == nil || last.lo != lo || last.hi != hi {
		last = &rangeText{lo, hi, httprange.Format(lo, hi)}
		c.last.Store(last)
	}
	return last.text
}

// request is one for the URL as given.
func (s *Source) request(method string) fetch.Request {
	return fetch.Request{Method: method, URL: s.URL, Header: s.Header, User: s.URL.User, Home: s.Home}
}

// errIfRange is a whole file in answer to a validator that still holds.
var errIfRange = errors.New("the server sends the whole file though If-Range holds")

// learnQuirk reports whether a failure has shown that the origin does not take requests of this
// form: then the next will have another one.
func learnQuirk(a *Ask, answered bool, err error) bool {
	var e *fail.Error
	switch {
	case errors.Is(err, errIfRange):
		a.Origin.DislikesIfRange()
		return true
	case answered, errors.As(err, &e), errors.Is(err, fail.ErrProxy): // there was an answer, or the origin was not asked
		return false
	}
	return a.Ranged && a.Separate && a.URL.Scheme == "https" && a.Origin.EndedHTTP1()
}
