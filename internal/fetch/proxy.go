package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/backoff"
	"github.com/littledl/littledl/internal/fail"
)

// proxies are those that were used.
type proxies struct {
	mu   sync.Mutex
	seen map[string]*proxy // by URL
}

// proxy is one, and what it has refused for good: that is asked once.
type proxy struct {
	url *url.URL

	// By host and port of the target; "" is any.
	mu      sync.Mutex
	opened  map[string]*opening
	refused map[string]error
}

// route is how a request goes: the context of each that takes a proxy has one.
type route struct {
	*proxy
	tunnel bool // it asks the proxy for a connection first
}

type routeKey struct{}

func routeOf(ctx context.Context) *route {
	r, _ := ctx.Value(routeKey{}).(*route)
	return r
}

// of is the proxy at that URL.
func (s *proxies) of(u *url.URL) *proxy {
	key := u.String() // with the credentials, which may be what it dislikes
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.seen[key]; p != nil {
		return p
	}
	if s.seen == nil {
		s.seen = map[string]*proxy{}
	}
	p := &proxy{url: u, opened: map[string]*opening{}, refused: map[string]error{}}
	s.seen[key] = p
	return p
}

// refusal is what the proxy has said of requests to a host before.
func (p *proxy) refusal(target string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refused[""]; err != nil {
		return err
	}
	return p.refused[target]
}

// failed is an error that is the proxy's; one that is final is remembered.
func (p *proxy) failed(target string, e fail.ProxyError) error {
	e.Proxy, e.Err = p.url.Scheme+"://"+p.url.Host, fail.Brief(e.Err)
	if e.Final() {
		if e.ForAll() {
			target = ""
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.refused[target] = &e
	}
	return &e
}

// answered is failed for a proxy that has said so in HTTP.
func (p *proxy) answered(target string, res *http.Response) error {
	after, asked := backoff.RetryAfter(res.Header, time.Now())
	return p.failed(target, fail.ProxyError{Status: res.StatusCode, RetryAfter: after, Asked: asked})
}

// connected is http.Transport's OnProxyConnectResponse.
func connected(ctx context.Context, _ *url.URL, req *http.Request, res *http.Response) error {
	r := routeOf(ctx)
	if r == nil || res.StatusCode == http.StatusOK {
		return nil
	}
	return r.answered(req.Host, res)
}

// through is http.Transport's Proxy, for who needs a connection: which one was decided when
// the request set out.
func through(req *http.Request) (*url.URL, error) {
	r := routeOf(req.Context())
	if r == nil {
		return nil, nil
	}
	return r.url, r.refusal(authority(req.URL))
}

// roundTrip sends one request, through a proxy where there is one for it.
func (c *Client) roundTrip(req *http.Request, lane int) (*http.Response, error) {
	if c.proxy == nil {
		return c.send(req, lane)
	}
	u, err := c.proxy(req)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return c.send(req, lane)
	}
	p, target := c.proxies.of(u), authority(req.URL)
	r := &route{p, req.URL.Scheme == "https" || strings.HasPrefix(u.Scheme, "socks5")}
	ctx, end, err := c.enter(req.Context(), r, target)
	if err != nil {
		return nil, err
	}
	defer func() { end(err) }()
	res, err := c.send(req.WithContext(ctx), lane)
	switch {
	case err != nil:
		err = p.blame(target, err)
	case res.StatusCode == http.StatusProxyAuthRequired && !r.tunnel:
		res.Body.Close()
		res, err = nil, p.answered(target, res)
	}
	return res, err
}

// blame makes an error the proxy's that is.
func (p *proxy) blame(target string, err error) error {
	var op *net.OpError
	if errors.Is(err, fail.ErrProxy) || !errors.As(err, &op) {
		return err
	}
	switch {
	case op.Op == "proxyconnect":
		return p.failed(target, fail.ProxyError{Err: op.Err})
	case strings.HasPrefix(op.Op, "socks "):
		return p.failed(target, fail.ProxyError{Err: op})
	}
	return err
}

// authority is the host and port that a proxy is asked to connect to.
func authority(u *url.URL) string {
	_, at, _ := strings.Cut(Origin(u), "://")
	return at
}

// impatient gives connections to a proxy that is to be asked for a tunnel so long to answer:
// net/http waits for a minute.
func impatient(dial dialFunc, d time.Duration) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		r := routeOf(ctx)
		if err != nil || d <= 0 || r == nil || !r.tunnel {
			return c, err
		}
		if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
			return c, nil // it has none
		}
		return &asked{Conn: c, of: r.proxy}, nil
	}
}

// asked is a connection that nothing has come from yet.
type asked struct {
	net.Conn
	of       *proxy
	answered bool // only who reads has to know
}

// Read implements net.Conn. That the first byte does not come is the proxy's failure.
func (c *asked) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.answered {
		return n, err
	}
	if n == 0 && err != nil {
		return 0, c.of.failed("", fail.ProxyError{Err: err})
	}
	c.answered = true
	if e := c.Conn.SetReadDeadline(time.Time{}); err == nil {
		err = e
	}
	return n, err
}
