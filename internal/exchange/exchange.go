// Package exchange makes one request, and says what came of it.
//
// What a failure means can be told only where it happens: by the error, by the answer's
// head, by what was asked and by what else is going on at the same origin. So it is looked
// at here, once: it gets its class, the origins that were asked get to know of it, and what
// they are seen not to understand is asked for otherwise at once. What to do next is decided
// elsewhere, by the outcome alone.
package exchange

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/event"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/health"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/origin"
)

// Config is what the requests of a batch have in common.
type Config struct {
	Client *fetch.Client
	Limits health.Limits
	Buffer int // bytes that are read at a time
	// What becomes of what is sent encoded; Decodes says which codings can be undone.
	Encoded httprange.Policy
	Decodes func(coding string) bool
	Events  event.Sink
	// Status words a status that is of no use, for people.
	Status func(code int, retryAfter time.Duration) error
}

// Client makes requests. It is safe for concurrent use.
type Client struct {
	conf     Config
	buffers  sync.Pool
	received atomic.Int64
	last     atomic.Pointer[rangeText]
	requests atomic.Int64 // that were told of
}

// New makes a client.
func New(c Config) *Client {
	x := &Client{conf: c}
	x.buffers.New = func() any { b := make([]byte, c.Buffer); return &b }
	return x
}

// Close gives back the connections. No request may be under way.
func (c *Client) Close() { c.conf.Client.Close() }

// MakeRoom closes idle connections where an error says that there are no descriptors left.
// True: it may be tried again.
func (c *Client) MakeRoom(err error) bool { return c.conf.Client.MakeRoom(err) }

// Count adds bytes of a file that have come off the network: sinks do.
func (c *Client) Count(n int64) { c.received.Add(n) }

// Received is how many have come.
func (c *Client) Received() int64 { return c.received.Load() }

// Buffer lends a buffer, which is to be given Back.
func (c *Client) Buffer() *[]byte  { return c.buffers.Get().(*[]byte) }
func (c *Client) Back(buf *[]byte) { c.buffers.Put(buf) }

// Source is a URL as it was given, and what is sent to its own origin only.
type Source struct {
	URL    *url.URL
	Home   string // its origin's name
	Header http.Header
	Task   string // that wants it, where somebody listens
}

// Ask is what is asked of a source.
type Ask struct {
	Source   *Source
	URL      *url.URL       // that is asked: the source's, or where a redirect of it has led
	Origin   *origin.Origin // of that
	Ranged   bool           // [Lo, Hi) of the file; else all of it, in one answer
	Lo, Hi   int64
	Most     int64          // longer ranges were refused; 0: none were
	Instead  bool           // asked for whole, since ranges were refused
	Name     string         // that the caller gave the file; ""
	Pin      *httprange.Pin // the version that is fetched; nil: no answer has said yet
	Page     bool           // the file is a page in HTML
	Served   bool           // the URL has answered with bytes of the file before
	Separate bool           // on a connection of its own, where the origin takes that
	Refusals int            // how often in a row this was refused
}

// Answer is one whose body may be written.
type Answer struct {
	httprange.Verdict
	*fetch.Response
	At *origin.Origin // where redirects have led; it wants to know of the bytes that arrive
}

// Sink takes the body of an answer.
type Sink interface {
	fetch.Extent
	// Accept is told of an answer before a byte of it is read, and says where to write it.
	// With an error it is not wanted after all.
	Accept(a Answer) (io.WriterAt, error)
	// Ended judges how the body of an accepted answer has ended: nil where all that was
	// wanted has come, io.EOF at the body's own end, else what broke it off.
	Ended(err error) error
	// Facts is what the file knows of a request that has just failed.
	Facts() fail.Facts
}

// Outcome is what came of a request.
type Outcome struct {
	Began time.Time
	Err   *fail.Error // nil: all that was wanted has come
	Facts fail.Facts  // of a failure
	// Of a connection that ended without an answer, or an error of the server's: whose trouble
	// that is.
	Verdict health.Verdict
	Rest    time.Duration // for how long where a redirect led is not to be asked
	Jitter  float64       // random; what the origin was left alone for depends on it
}

// Get makes a request, on a lease for the origin that is asked, and gives the body of a
// useful answer to the sink. It is made again at once where the origin is found not to take
// what was asked in that form. Of a failure that is not the server's, since ctx was ended, no
// origin gets to know.
func (c *Client) Get(ctx context.Context, l *origin.Lease, a *Ask, s Sink) Outcome {
	ctx = l.Traced(ctx)
	for {
		o := Outcome{Began: time.Now()}
		answered, err := c.once(ctx, l, a, s, o.Began)
		if err == nil {
			return o
		}
		if ctx.Err() == nil && learnQuirk(a, answered, err) {
			continue
		}
		c.failed(ctx, l, a, s, &o, answered, err)
		return o
	}
}

// once makes a request. Answered: the body of its answer was to be written.
func (c *Client) once(ctx context.Context, l *origin.Lease, a *Ask, s Sink, began time.Time) (answered bool, err error) {
	req, ask := c.request(a)
	l.Begin()
	req.Admit = l
	n := c.tellRequest(a)
	res, err := c.conf.Client.Do(ctx, &req)
	c.tellResponse(a.Source, n, res, err)
	if err != nil {
		return false, err
	}
	if req.HTTP1 {
		a.Origin.SpokeHTTP1()
	}
	ask.Names = a.names(res)
	v := httprange.Gate(ask, a.Pin, httprange.Answer{Status: res.StatusCode, Header: res.Header, ContentLength: res.ContentLength})
	if v.Kind != httprange.Accept && v.Kind != httprange.Empty {
		l.Spoke(protocol(res))
		err := c.refusal(a, v, res)
		if err.Class == fail.Busy || res.StatusCode == http.StatusForbidden && a.Origin.Health().Serving > 0 {
			l.Refused() // beside answers that are served a 403 may mean too many as well
		}
		res.Discard()
		return false, err
	}
	defer res.Close()
	at := l.At() // where redirects led
	l.Answered(began, protocol(res))
	a.note(at, v.Whole)
	defer func() { l.Over(err == nil) }()
	to, err := s.Accept(Answer{v, res, at})
	if err != nil || v.Kind == httprange.Empty {
		return false, err
	}
	return true, c.receive(ctx, res, v, to, s)
}

// receive writes a body.
func (c *Client) receive(ctx context.Context, res *fetch.Response, v httprange.Verdict, to io.WriterAt, s Sink) error {
	if v.Skip > 0 {
		got, err := io.CopyN(io.Discard, res.Body, v.Skip)
		c.Count(got)
		if err != nil {
			c.conf.Client.BrokeOff(res.URL, err)
			return s.Ended(causeOf(ctx, err))
		}
	}
	buf := c.Buffer()
	defer c.Back(buf)
	err := fetch.Copy(to, res.Body, v.Offset, *buf, s)
	c.conf.Client.BrokeOff(res.URL, err)
	return s.Ended(causeOf(ctx, err))
}

// causeOf is why a body broke off: what its request was ended for, if it was.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && err != nil && !errors.Is(err, io.EOF) {
		return cause
	}
	return err
}
