package exchange

import (
	"context"
	"net/http"
	"net/url"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
	"github.com/littledl/littledl/internal/safename"
)

// Head is what a source tells that is asked for no body.
type Head struct {
	Status int           // 0: there was no answer
	Pin    httprange.Pin // Size -1: it does not say
	Digest digest.Sum    // of the whole file
	Name   string        // what the file is to be called; ""
	URL    *url.URL      // that has answered
	Type   string        // Content-Type
}

// Useful reports whether it tells anything of the file.
func (h Head) Useful() bool { return h.Status == http.StatusOK && h.Pin.Encoding == "" }

// Head asks a source's URL for what it would send. Whatever goes wrong with that, it is no
// more than a hint that is not given: nothing follows from it for the origin, but that it
// has too many requests in flight.
func (c *Client) Head(ctx context.Context, l *origin.Lease, s *Source) Head {
	req := s.request(http.MethodHead)
	l.Begin()
	req.Admit = l
	n := c.tellRequest(&Ask{Source: s, Origin: l.Home(), Ranged: true})
	res, err := c.conf.Client.Do(l.Traced(ctx), &req)
	c.tellResponse(s, n, res, err)
	if err != nil {
		return Head{}
	}
	defer res.Discard()
	l.Spoke(protocol(res))
	if code := res.StatusCode; code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		l.Refused()
	}
	h := Head{Status: res.StatusCode, URL: res.URL, Type: res.Header.Get("Content-Type"), Digest: digest.FromHeader(res.Header, false)}
	h.Pin = httprange.PinOf(res.Header, res.ContentLength)
	if n := safename.FromDisposition(res.Header.Get("Content-Disposition")); n != "" {
		h.Name = safename.Clean(n)
	}
	return h
}
