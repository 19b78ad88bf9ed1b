package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/redact"
)

// Failures of redirects. Neither is worth a retry.
var (
	ErrTooManyRedirects  = fail.ErrTooManyRedirects
	ErrForbiddenRedirect = fail.ErrForbiddenRedirect
)

const (
	maxRedirects = 10
	// maxDrain is what is read of an unwanted body to save its connection, if it is there
	// with its head: drainTime is for the packets that it comes in, not for the server.
	maxDrain  = 64 << 10
	drainTime = 50 * time.Millisecond
)

// Request is one GET or HEAD.
type Request struct {
	Method string
	URL    *url.URL
	// Header and User are sent to the origin Home only, wherever redirects lead.
	Header  http.Header
	User    *url.Userinfo // becomes Authorization where no header gives that
	Home    string
	Range   string // value of the Range header, "" for none
	IfRange string
	HTTP1   bool // a connection of its own, never a stream of a shared one
	// Admit is asked before every hop, and what it returns is called when that
	// hop's answer is done with.
	Admit func(ctx context.Context, u *url.URL) (release func(), err error)
}

// Response is an answer that is no redirect. Close must be called.
type Response struct {
	*http.Response
	URL     *url.URL // the URL that answered, without user info
	Cookies bool     // it, or a redirect to it, has set some, and there is no jar to keep them
	release func()
}

// CookieHint is what may have to be done about an answer of no use that has set cookies.
const CookieHint = "it sets cookies, and may want them back: give an HTTPClient with a Jar"

// Close ends the exchange and gives back what Admit returned. An unread body
// costs the connection.
func (r *Response) Close() {
	r.Body.Close()
	r.release()
}

// Discard is Close, but reads a short rest of the body to keep the connection. Closing is
// what ends that where the rest does not come.
func (r *Response) Discard() {
	if r.Body != http.NoBody && r.ContentLength <= maxDrain {
		late := make(chan struct{})
		timer := time.AfterFunc(drainTime, func() {
			defer close(late)
			r.Body.Close()
		})
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		if !timer.Stop() {
			<-late
		}
	}
	r.Close()
}

// Do sends the request and follows redirects. The error of a context that ended
// is its cause.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	u, cookies := r.URL, false
	for hop := 0; ; hop++ {
		res, err := c.hop(ctx, r, u)
		if err != nil {
			return nil, err
		}
		cookies = cookies || c.jar == nil && len(res.Header["Set-Cookie"]) > 0
		res.Cookies = cookies
		location := res.Header.Get("Location")
		if !isRedirect(res.StatusCode) || location == "" {
			return res, nil
		}
		res.Discard()
		if hop == maxRedirects {
			err := fmt.Errorf("%w: gave up after %d", ErrTooManyRedirects, maxRedirects)
			if cookies {
				err = fmt.Errorf("%w; %s", err, CookieHint)
			}
			return nil, err
		}
		if u, err = redirect(u, location); err != nil {
			return nil, err
		}
	}
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect resolves a Location header and refuses what would leave HTTP, or
// leave TLS.
func redirect(from *url.URL, location string) (*url.URL, error) {
	to, err := resolve(from, location)
	if err != nil {
		return nil, fmt.Errorf("%w to %s: %w", ErrForbiddenRedirect, redact.URL(location), err)
	}
	if from.Scheme == "https" && to.Scheme != "https" {
		return nil, fmt.Errorf("%w to %s: it would leave https", ErrForbiddenRedirect, redact.Text(redact.Parsed(to)))
	}
	to.User = nil // credentials are the caller's to give, never a server's
	return to, nil
}

// hop is one request and its answer, without following anything.
func (c *Client) hop(ctx context.Context, r *Request, u *url.URL) (*Response, error) {
	release, err := r.Admit(ctx, u)
	if err != nil {
		return nil, err
	}
	if u.User != nil {
		bare := *u
		bare.User = nil
		u = &bare
	}
	req := (&http.Request{Method: r.Method, URL: u, Host: u.Host, Header: c.header(r, u), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if r.User != nil && Origin(u) == r.Home && req.Header.Get("Authorization") == "" {
		password, _ := r.User.Password()
		req.SetBasicAuth(r.User.Username(), password)
	}
	if c.jar != nil {
		for _, k := range c.jar.Cookies(req.URL) {
			req.AddCookie(k)
		}
	}
	res, err := c.roundTrip(req, r.HTTP1)
	if res == nil && c.MakeRoom(err) {
		res, err = c.roundTrip(req, r.HTTP1)
	}
	if len(c.own) == 0 {
		res, err = whole(c.multiplexed, req, res, err)
	}
	if err != nil {
		release()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, withoutLine(err)
	}
	if c.jar != nil {
		c.jar.SetCookies(req.URL, res.Cookies())
	}
	return &Response{Response: res, URL: req.URL, release: release}, nil
}

// withoutLine takes the line out of the error about a malformed header: it may be a
// Location with a signature.
func withoutLine(err error) error {
	var malformed textproto.ProtocolError
	if !errors.As(err, &malformed) {
		return err
	}
	what, _, _ := strings.Cut(string(malformed), ":")
	return textproto.ProtocolError(what)
}

// header is what is sent to u: the headers that may go anywhere, and those bound to
// u's own origin. Many requests differ in nothing from the one before: they share
// theirs, where nobody but our own transports, which only read it, gets to see it.
func (c *Client) header(r *Request, u *url.URL) http.Header {
	observed := len(c.own) == 0 || c.jar != nil || c.conf.Proxy != nil
	if observed || len(c.conf.OriginHeaders) > 0 || len(r.Header) > 0 || r.User != nil || r.IfRange != "" {
		return c.newHeader(r, u)
	}
	last := c.last.Load()
	if last == nil || last.ranged != r.Range {
		last = &sharedHeader{ranged: r.Range, header: c.newHeader(r, u)}
		c.last.Store(last)
	}
	return last.header
}

// sharedHeader is a header that depends on nothing but the range.
type sharedHeader struct {
	ranged string
	header http.Header
}

func (c *Client) newHeader(r *Request, u *url.URL) http.Header {
	h := make(http.Header, 7)
	for k, v := range c.conf.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = c.userAgent
	}
	if _, ok := h["Accept"]; !ok { // some firewalls take only those for people who say what they accept
		h["Accept"] = c.anything
	}
	if len(c.conf.OriginHeaders) > 0 || len(r.Header) > 0 {
		origin := Origin(u)
		for k, v := range c.conf.OriginHeaders[origin] {
			h[http.CanonicalHeaderKey(k)] = v
		}
		if origin == r.Home {
			for k, v := range r.Header {
				h[http.CanonicalHeaderKey(k)] = v
			}
		}
	}
	// A compressed body has other bytes than the file and cannot be cut in ranges.
	h["Accept-Encoding"] = c.identity
	if r.Range != "" {
		h["Range"] = []string{r.Range}
	}
	if r.IfRange != "" {
		h["If-Range"] = []string{r.IfRange}
	}
	return h
}
