package fetch

import (
	"net/http"
	"sync"
	"time"
)

// Over HTTP/2 all requests to a host would ride one connection, and have one congestion window and
// one head of line between them: where one packet in a thousand is lost, that is many times slower
// than a connection each. net/http says nothing of which of its connections a request rides on,
// but a transport has one of HTTP/2 to a host: as many transports, as many connections.

// separate is the lane of requests that have a connection of their own, over HTTP/1.1.
const separate = -1

// lanes are transports, made as they are needed.
type lanes struct {
	conf Config // of those that dial for them

	mu   sync.Mutex
	all  []*http.Transport // by lane: HTTP/2 where the server speaks it
	last *http.Transport   // of HTTP/1.1
}

// of is the transport for a lane.
func (l *lanes) of(lane int) *http.Transport {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lane == separate {
		if l.last == nil {
			l.last = l.conf.transport()
		}
		return l.last
	}
	for len(l.all) <= lane {
		t := l.conf.transport()
		t.Protocols.SetHTTP2(true)
		// A connection that has died without a word must not have one attempt after the other.
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: l.conf.HeaderTimeout / 2, PingTimeout: l.conf.HeaderTimeout / 2}
		l.all = append(l.all, t)
	}
	return l.all[lane]
}

// closeIdle closes the connections that are idle.
func (l *lanes) closeIdle() {
	l.mu.Lock()
	all := append([]*http.Transport(nil), l.all...)
	if l.last != nil {
		all = append(all, l.last)
	}
	l.mu.Unlock()
	for _, t := range all {
		t.CloseIdleConnections()
	}
}

// leastIdle is how many connections to a host are kept in any case.
const leastIdle = 64

// transport is one that speaks HTTP/1.1.
func (c Config) transport() *http.Transport {
	t := &http.Transport{
		Proxy:                  through,
		OnProxyConnectResponse: connected,
		DialContext:            c.DialContext,
		TLSClientConfig:        c.TLSConfig.Clone(),
		TLSHandshakeTimeout:    c.ConnectTimeout,
		ResponseHeaderTimeout:  c.HeaderTimeout,
		MaxIdleConnsPerHost:    max(c.Connections, leastIdle), // there may be more later
		MaxIdleConns:           2*max(c.Connections, leastIdle) + 8,
		IdleConnTimeout:        60 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		// A small file arrives with its header in one read; larger reads bypass the buffer.
		ReadBufferSize: 32 << 10,
		Protocols:      new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}
