package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
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
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	multiplexed http.RoundTripper // HTTP/2 where the server speaks it
	separate    http.RoundTripper // HTTP/1.1 only: each request a connection of its own
	own         []*http.Transport
	conns       conns // of those
	closing     singleflight.Group
	jar         http.CookieJar
	hosts       hosts
	proxy       func(*http.Request) (*url.URL, error) // nil: there is none
	proxies     proxies
	conf        Config

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
	if c.HTTPClient != nil {
		cl.jar = c.HTTPClient.Jar
		if t := c.HTTPClient.Transport; t != nil {
			cl.multiplexed, cl.separate = t, t
			return cl
		}
	}
	cl.proxy = c.chosenProxy()
	cl.conns.makeRoom, cl.conns.most = cl.closeIdle, maxDescriptors()
	c.DialContext = impatient(cl.conns.tracked(c.dialer()), c.HeaderTimeout)
	one := c.transport()
	one.Protocols = new(http.Protocols)
	one.Protocols.SetHTTP1(true)
	two := c.transport()
	two.Protocols = new(http.Protocols)
	two.Protocols.SetHTTP1(true)
	two.Protocols.SetHTTP2(true)
	// A connection that has died without a word must not have one attempt after the other.
	two.HTTP2 = &http.HTTP2Config{SendPingTimeout: c.HeaderTimeout / 2, PingTimeout: c.HeaderTimeout / 2}
	cl.multiplexed, cl.separate, cl.own = two, one, []*http.Transport{one, two}
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

func (c Config) transport() *http.Transport {
	return &http.Transport{
		Proxy:                  through,
		OnProxyConnectResponse: connected,
		DialContext:            c.DialContext,
		TLSClientConfig:        c.TLSConfig.Clone(),
		TLSHandshakeTimeout:    c.ConnectTimeout,
		ResponseHeaderTimeout:  c.HeaderTimeout,
		MaxIdleConnsPerHost:    c.Connections,
		MaxIdleConns:           2*c.Connections + 8,
		IdleConnTimeout:        60 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// A small file arrives with its header in one read; larger reads bypass the buffer.
		ReadBufferSize: 32 << 10,
	}
}

func withTimeout(dial dialFunc, d time.Duration) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return dial(ctx, network, addr)
	}
}

// Close closes the connections of the client's own transports, with whatever is on them.
func (c *Client) Close() {
	c.closeIdle()
	c.conns.close() // a transport may hold one for busy whose last request was given up
}

// closeIdle closes the connections of our own that are idle. Who finds none left, since others
// are closing them, waits until that is done: only then is there room.
func (c *Client) closeIdle() {
	_, _, _ = c.closing.Do("", func() (any, error) {
		for _, t := range c.own {
			t.CloseIdleConnections()
		}
		return nil, nil
	})
}

// MakeRoom closes the connections that are idle, also those of somebody else's transport,
// where an error says that there are no descriptors left. False: it does not.
func (c *Client) MakeRoom(err error) bool {
	if !fail.IsShortage(err) {
		return false
	}
	if t, ok := c.multiplexed.(interface{ CloseIdleConnections() }); ok && len(c.own) == 0 {
		t.CloseIdleConnections()
	}
	c.closeIdle()
	return true
}
