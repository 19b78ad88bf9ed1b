package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
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
	// Header and User are sent to the origin Home only, and to that no more once redirects
	// have led away from it.
	Header  http.Header
	User    *url.Userinfo // becomes Authorization where no header gives that
	Home    string
	Range   string // value of the Range header, "" for none
	IfRange string
	HTTP1   bool // a connection of its own, never a stream of a shared one
	Admit   Admitter
}

// Admitter has the say of when something is asked, and over which connection.
type Admitter interface {
	// Admit is called before every hop, and may wait. Hops to one host that are under way at
	// once share a connection if it gives them the same lane, and else do not.
	Admit(ctx context.Context, u *url.URL) (lane int, err error)
	// Leave is called when the answer of a hop is done with.
	Leave()
}

// Response is an answer that is no redirect. Close must be called.
type Response struct {
	*http.Response
	URL     *url.URL // the URL that answered, without user info
	Strayed bool     // another origin has led back there: it was asked without credentials
	Cookies bool     // it, or a redirect to it, has set some, and there is no jar to keep them
	admit   Admitter
	end     context.CancelFunc // of its request, where somebody else has seen that
}

// CookieHint is what may have to be done about an answer of no use that has set cookies.
const CookieHint = "it sets cookies, and may want them back: give DownloadConfig a Jar"

// Close ends the exchange and has its place left: the next may be there before this
// returns, and whoever counts the contexts of requests must not see both. An unread body
// costs the connection.
func (r *Response) Close() {
	r.Body.Close()
	r.end()
	r.admit.Leave()
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
	var left []string // origins that redirects have led away from
	for hop := 0; ; hop++ {
		res, err := c.hop(ctx, r, u, left)
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
		to, err := redirect(u, location)
		if err != nil {
			return nil, err
		}
		left = leaving(left, r.Home, u, to)
		u = to
	}
}

// leaving adds the origin that a redirect leads away from, and Home, which is that or has been
// left before. What comes back to it has been told where to by somebody else.
func leaving(left []string, home string, from, to *url.URL) []string {
	if o := Origin(from); o != Origin(to) {
		left = append(left, o, home)
	}
	return left
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
		return nil, fmt.Errorf("%w to %s: %w", ErrForbiddenRedirect, redact.Text(redact.URL(location)), err)
	}
	if from.Scheme == "https" && to.Scheme != "https" {
		return nil, fmt.Errorf("%w to %s: it would leave https", ErrForbiddenRedirect, redact.Text(redact.Parsed(to)))
	}
	to.User = nil // credentials are the caller's to give, never a server's
	return to, nil
}

// hop is one request and its answer, without following anything.
func (c *Client) hop(ctx context.Context, r *Request, u *url.URL, left []string) (*Response, error) {
	r, err := c.permitted(r, u)
	if err != nil {
		return nil, err
	}
	lane, err := r.Admit.Admit(ctx, u)
	if err != nil {
		return nil, err
	}
	if u.User != nil {
		bare := *u
		bare.User = nil
		u = &bare
	}
	ctx, end := c.ownContext(ctx)
	strayed := len(left) > 0 && slices.Contains(left, Origin(u))
	req := (&http.Request{Method: r.Method, URL: u, Host: u.Host, Header: c.header(r, u, strayed), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if r.User != nil && !strayed && Origin(u) == r.Home && req.Header.Get("Authorization") == "" {
		password, _ := r.User.Password()
		req.SetBasicAuth(r.User.Username(), password)
	}
	if c.jar != nil {
		c.addCookies(req)
	}
	if r.HTTP1 {
		lane = separate
	}
	res, err := c.roundTrip(req, lane)
	for tries := 0; tries < 2 && res == nil && c.MakeRoom(err); tries++ { // others may take the room first
		res, err = c.roundTrip(req, lane)
	}
	if c.foreign != nil {
		res, err = whole(c.foreign, req, res, err)
	}
	if err != nil {
		err = c.causeOf(ctx, err)
		end()
		r.Admit.Leave()
		return nil, err
	}
	if c.jar != nil {
		c.keepCookies(req.URL, res)
	}
	return &Response{Response: res, URL: req.URL, Strayed: strayed, admit: r.Admit, end: end}, nil
}

var errNoHead = errors.New("the host is not to be asked by HEAD")

// permitted is a request as it may be sent: redirects lead also where it may not in that form.
func (c *Client) permitted(r *Request, u *url.URL) (*Request, error) {
	if c.conf.Forbids == nil {
		return r, nil
	}
	ranges, heads := c.conf.Forbids(u)
	if heads && r.Method == http.MethodHead {
		return nil, errNoHead
	}
	if ranges && r.Range != "" {
		whole := *r
		whole.Range, whole.IfRange = "", ""
		return &whole, nil
	}
	return r, nil
}

// withoutLine takes the line out of the error about a malformed header: it may be a
// Location with a signature.
func withoutLine(err error) error {
	var malformed textproto.ProtocolError
	if !errors.As(err, &malformed) {
		return err
	}
	what, _, _ := strings.Cut(string(malformed), ":")
	return textproto.ProtocolError(strings.Clone(what)) // not all of the line behind it
}

// header is what is sent to u: the headers that may go anywhere, and, unless it was strayed to,
// those bound to u's own origin. Many requests differ in nothing from the one before: they share
// theirs, where nobody but our own transports, which only read it, gets to see it.
func (c *Client) header(r *Request, u *url.URL, strayed bool) http.Header {
	if c.watched() || len(c.conf.OriginHeaders) > 0 || len(r.Header) > 0 || r.User != nil || r.IfRange != "" {
		return c.newHeader(r, u, strayed)
	}
	last := c.last.Load()
	if last == nil || last.ranged != r.Range {
		last = &sharedHeader{ranged: r.Range, header: c.newHeader(r, u, strayed)}
		c.last.Store(last)
	}
	return last.header
}

// sharedHeader is a header that depends on nothing but the range.
type sharedHeader struct {
	ranged string
	header http.Header
}

func (c *Client) newHeader(r *Request, u *url.URL, strayed bool) http.Header {
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
	if !strayed && len(c.conf.OriginHeaders)+len(r.Header) > 0 {
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
