package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/littledl/littledl/internal/fail"
)

// maxHeaderBytes bounds what one response may make us hold before its body.
const maxHeaderBytes = 256 << 10

// Config says how connections are made and what every request carries.
type Config struct {
	HTTPClient     *http.Client // nil or without a Transport: transports of our own
	Jar            http.CookieJar
	Proxy          func(*http.Request) (*url.URL, error)
	TLSConfig      *tls.Config
	DialContext    func(ctx context.Context, network, addr string) (net.Conn, error)
	ConnectTimeout time.Duration
	HeaderTimeout  time.Duration
	DenyPrivate    bool
	Connections    int // how many may be in use at once: as many are kept idle

	Header        http.Header            // for every request
	OriginHeaders map[string]http.Header // by Origin
	UserAgent     string

	// Forbids says of an origin what it is not to be asked for; nil: nothing.
	Forbids func(*url.URL) (ranges, heads bool)
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	foreign http.RoundTripper // the caller's; nil: transports of our own
	lanes   lanes             // of those
	conns   conns
	closing singleflight.Group
	jar     http.CookieJar
	hosts   hosts
	proxy   func(*http.Request) (*url.URL, error) // nil: there is none
	proxies proxies
	conf    Config

	userAgent, identity, anything []string // shared header values: nobody writes to them
	last                          atomic.Pointer[sharedHeader]
}

// New makes a client; Close releases the connections of its own transports.
func New(c Config) *Client {
	cl := &Client{conf: c, userAgent: []string{c.UserAgent}, identity: []string{"identity"}, anything: []string{"*/*"}}
	cl.conf.OriginHeaders = make(map[string]http.Header, len(c.OriginHeaders))
	for k, h := range c.OriginHeaders {
		if u, err := ParseURL(k); err == nil {
			cl.conf.OriginHeaders[Origin(u)] = h
		}
	}
	cl.jar = c.Jar
	if c.HTTPClient != nil {
		if cl.jar == nil {
			cl.jar = c.HTTPClient.Jar
		}
		if t := c.HTTPClient.Transport; t != nil {
			cl.foreign = t
			return cl
		}
	}
	cl.proxy = c.chosenProxy()
	cl.conns.makeRoom, cl.conns.most = cl.closeIdle, maxDescriptors()
	c.DialContext = impatient(cl.conns.tracked(c.dialer()), c.HeaderTimeout)
	cl.lanes.conf = c
	return cl
}

// dialer is what makes connections.
func (c Config) dialer() dialFunc {
	if c.DialContext != nil {
		return withTimeout(c.DialContext, c.ConnectTimeout)
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 15 * time.Second}
	if c.DenyPrivate {
		dialer.ControlContext = denyPrivate
	}
	return dialer.DialContext
}

// chosenProxy is what says which proxy a request takes.
func (c Config) chosenProxy() func(*http.Request) (*url.URL, error) {
	switch {
	case c.DenyPrivate: // a proxy would connect in our stead, out of our sight
		return nil
	case c.Proxy == nil:
		return http.ProxyFromEnvironment
	}
	return c.Proxy
}

func withTimeout(dial dialFunc, d time.Duration) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		timed, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		c, err := dial(timed, network, addr)
		if err != nil && timed.Err() != nil && ctx.Err() == nil { // it was our time that was up
			err = &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
		}
		return c, err
	}
}

// watched reports whether somebody else gets to see the requests, who may change them, or wait
// for the ends of their contexts.
func (c *Client) watched() bool { return c.foreign != nil || c.jar != nil || c.conf.Proxy != nil }

// ownContext gives a request that somebody else gets to see a context of its own: they may wait for
// its end, or count it.
func (c *Client) ownContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if !c.watched() {
		return ctx, func() {}
	}
	return context.WithCancel(ctx)
}

// causeOf is why a request got no answer.
func (c *Client) causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if c.foreign != nil || c.conf.DialContext != nil {
		if e := fail.OfCaller(err); e != nil {
			return e
		}
	}
	return withoutLine(err)
}

// Close closes the connections of the client's own transports, with whatever is on them.
func (c *Client) Close() {
	c.closeIdle()
	c.conns.close() // a transport may hold one for busy whose last request was given up
}

// closeIdle closes the connections of our own that are idle.
func (c *Client) closeIdle() {
	c.together(c.lanes.closeIdle)
}

// together closes connections once for all who want that at a time. Who finds none left, since
// others are closing them, waits until that is done: only then is there room.
func (c *Client) together(shut func()) {
	_, _, _ = c.closing.Do("", func() (any, error) {
		shut()
		return nil, nil
	})
}

// MakeRoom closes the connections that are idle, also those of somebody else's transport,
// where an error says that there are no descriptors left. False: it does not.
func (c *Client) MakeRoom(err error) bool {
	if !fail.IsShortage(err) {
		return false
	}
	if t, ok := c.foreign.(interface{ CloseIdleConnections() }); ok {
		c.together(t.CloseIdleConnections)
	}
	c.closeIdle()
	return true
}
