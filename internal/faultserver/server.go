package faultserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Server is an origin. Its methods are safe for concurrent use.
type Server struct {
	http    *http.Server
	base    string // "scheme://host[:port]" of the first listener
	scheme  string
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	client  *http.Client
	certs   *certificate
	rec     *recorder
	cancel  context.CancelFunc
	serving sync.WaitGroup
	refused atomic.Int64

	mu       sync.Mutex
	closing  sync.Cond
	files    map[string]*File
	handler  Handler
	accepted int
	open     int
}

// Option says how a Server is reached.
type Option func(*config)

type config struct {
	net    *Net
	addrs  []string
	tls    bool
	h2     bool
	any    bool
	refuse Refusal
	cert   certOptions
}

// On serves at the addresses ("host:port") of a network in memory, each of which
// is an origin of its own. Without On a Server listens on loopback.
func On(n *Net, addrs ...string) Option {
	return func(c *config) { c.net, c.addrs = n, addrs }
}

// TLS serves https with a certificate of its own for the hosts of On and loopback.
func TLS() Option { return func(c *config) { c.tls = true } }

// HTTP2 is TLS with HTTP/2.
func HTTP2() Option { return func(c *config) { c.tls, c.h2 = true, true } }

// AnyHTTP is TLS with HTTP/1.1 and HTTP/2, as the client likes.
func AnyHTTP() Option { return func(c *config) { c.tls, c.h2, c.any = true, true, true } }

// Expired gives a TLS server a certificate that is no longer valid.
func Expired() Option { return func(c *config) { c.tls, c.cert.expired = true, true } }

// WrongHost gives a TLS server a certificate for another host alone.
func WrongHost() Option { return func(c *config) { c.tls, c.cert.wrongHost = true, true } }

// TB is what Start needs of a testing.TB.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start is New, with Close when the test ends.
func Start(t TB, opts ...Option) *Server {
	t.Helper()
	s, err := New(opts...)
	if err != nil {
		t.Fatalf("start fault server: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// New starts a server without files.
func New(opts ...Option) (*Server, error) {
	c := config{addrs: []string{"127.0.0.1:0"}}
	for _, o := range opts {
		o(&c)
	}
	listeners, err := c.listen()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		scheme: "http",
		dial:   (&net.Dialer{}).DialContext,
		files:  map[string]*File{},
		cancel: cancel,
		rec:    newRecorder(),
	}
	s.closing.L = &s.mu
	s.Behave()
	if c.net != nil {
		s.dial = c.net.DialContext
	}
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.serveHTTP),
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: s.connContext,
		ConnState:   s.connState,
		Protocols:   new(http.Protocols),
	}
	s.http.Protocols.SetHTTP1(!c.h2 || c.any)
	s.http.Protocols.SetHTTP2(c.h2)
	if c.tls {
		s.scheme = "https"
		s.certs, err = newCertificate(c.addrs, c.cert)
		if err != nil {
			return nil, err
		}
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.certs.pair}}
		if c.refuse != 0 {
			s.refuseHTTP2(c.refuse)
		}
	}
	s.base = origin(s.scheme, listeners[0].Addr().String())
	s.client = s.newClient(c.h2)
	for _, l := range listeners {
		s.serving.Go(func() { s.serve(l) })
	}
	return s, nil
}

func (c *config) listen() ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range c.addrs {
		var l net.Listener
		var err error
		if c.net != nil {
			l, err = c.net.Listen(addr)
		} else {
			l, err = net.Listen("tcp", addr)
		}
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, err
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return nil, errors.New("a server needs an address")
	}
	return all, nil
}

func (s *Server) serve(l net.Listener) {
	if s.certs != nil {
		s.http.ServeTLS(l, "", "")
		return
	}
	s.http.Serve(l)
}

// Close ends every request and connection and returns when they are gone.
func (s *Server) Close() {
	s.cancel()
	s.http.Close()
	s.client.CloseIdleConnections()
	s.serving.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open > 0 {
		s.closing.Wait()
	}
}

type connKey struct{}

type numbered struct {
	net.Conn
	number int
}

func (s *Server) connContext(ctx context.Context, c net.Conn) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted++
	return context.WithValue(ctx, connKey{}, numbered{c, s.accepted})
}

func (s *Server) connState(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.open++
	case http.StateClosed, http.StateHijacked:
		s.open--
		s.closing.Broadcast()
	}
}

// Conns is how many connections were accepted.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// OpenConns is how many of them are not closed.
func (s *Server) OpenConns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Behave sets the behaviours of all requests, before those of the file; none
// restores good behaviour. Their counts begin anew.
func (s *Server) Behave(b ...Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = chain(b, s.dispatch)
}

// dispatch hands a request to its file.
func (s *Server) dispatch(req *Request) *Response {
	s.mu.Lock()
	f := s.files[req.URL.Path]
	s.mu.Unlock()
	if f == nil {
		return serve(req)
	}
	return f.serve(req)
}

// File adds a file, or replaces the one of the same name. The name is the path of
// its URL, unescaped. Without options it is 1 MiB of generated content.
func (s *Server) File(name string, opts ...FileOption) *File {
	f := &File{server: s, name: slashed(name), spec: spec{seed: slashed(name), version: 1, size: 1 << 20}}
	f.Set(opts...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[f.name] = f
	return f
}

// Lookup is the file of that name. It panics if there is none, as a test that asks
// for it is wrong.
func (s *Server) Lookup(name string) *File {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[slashed(name)]
	if f == nil {
		panic(fmt.Sprintf("no file %q", name))
	}
	return f
}

// Content is what the named file holds.
func (s *Server) Content(name string) Content { return s.Lookup(name).Content() }

// Sum is the SHA-256 in hex of what the named file holds.
func (s *Server) Sum(name string) string { return Sum(s.Content(name)) }
