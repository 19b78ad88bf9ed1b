// Package origin is a web server inside the process that behaves like one far
// away: an answer takes a round trip, a connection has a speed of its own, and
// too many requests at once are refused. On the loopback interface every client
// looks fast; distance is what tells them apart. It also serves a listener that
// is really far away, and over TLS.
package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Config says how far away the origin is. The zero value answers at once and as
// fast as the machine can.
type Config struct {
	RTT         time.Duration // what every answer waits; twice that, the first on a connection
	Rates       []int64       // bytes per second, handed to new connections in turn; 0, or none: unlimited
	MaxInFlight int           // above it: 503 with Retry-After: 1; 0: never
	Forged      bool          // other bytes than everybody else's, under the same size, date and ETag

	// Certificate is what it shows to clients, over TLS, HTTP/1.1 and HTTP/2; nil: plain HTTP. It
	// goes with neither RTT nor Rates, which are those of a connection with one request at once.
	Certificate *Certificate
}

// Origin serves files of any name and size; see URL. Its methods may be called
// from any goroutine.
type Origin struct {
	config   Config
	base     string // of the URLs
	server   *http.Server
	counters counters
	conns    atomic.Int64
}

// Start listens on a free loopback port. The caller closes the origin.
func Start(c Config) (*Origin, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("origin: %w", err)
	}
	return On(listener, c)
}

// On serves whoever connects to the listener, which it closes with itself, or at once when
// the config makes no sense.
func On(listener net.Listener, c Config) (*Origin, error) {
	if err := c.check(); err != nil {
		listener.Close()
		return nil, fmt.Errorf("origin: %w", err)
	}
	o := &Origin{config: c, base: "http://" + listener.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{size}/{name}", o.serve)
	o.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that hang up are no news
		ConnContext:       o.connect,
	}
	if c.Certificate == nil {
		go o.server.Serve(listener)
		return o, nil
	}
	o.base = "https://" + listener.Addr().String()
	o.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c.Certificate.pair}}
	go o.server.ServeTLS(listener, "", "")
	return o, nil
}

func (c Config) check() error {
	for _, rate := range c.Rates {
		if rate < 0 {
			return fmt.Errorf("rate %d is negative", rate)
		}
	}
	if c.Certificate != nil && (c.RTT != 0 || len(c.Rates) > 0) {
		return errors.New("a certificate goes with neither RTT nor Rates")
	}
	return nil
}

// URL is where the file of this name and size is.
func (o *Origin) URL(name string, size int64) string {
	return fmt.Sprintf("%s/%d/%s", o.base, size, url.PathEscape(name))
}

// Close stops listening and drops every connection.
func (o *Origin) Close() error { return o.server.Close() }

// connect gives a new connection the next rate.
func (o *Origin) connect(ctx context.Context, _ net.Conn) context.Context {
	nth := o.conns.Add(1) - 1
	l := &line{}
	if n := int64(len(o.config.Rates)); n > 0 {
		l.rate = o.config.Rates[nth%n]
	}
	return context.WithValue(ctx, lineKey{}, l)
}
