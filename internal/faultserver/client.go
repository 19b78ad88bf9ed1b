package faultserver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Origin is "scheme://host[:port]" of the server's first address.
func (s *Server) Origin() string { return s.base }

// URL is where the first address serves name.
func (s *Server) URL(name string) string { return s.base + escaped(name) }

// URLAt is where another address of On ("host:port") serves name.
func (s *Server) URLAt(addr, name string) string { return origin(s.scheme, addr) + escaped(name) }

func escaped(name string) string { return (&url.URL{Path: slashed(name)}).EscapedPath() }

func origin(scheme, addr string) string {
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return scheme + "://" + strings.TrimSuffix(addr, port)
}

func sameOrigin(a, b string) bool {
	key := func(s string) string {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return s
		}
		return origin(u.Scheme, u.Host)
	}
	return key(a) == key(b)
}

// Client is a plain client that reaches the server and trusts its certificate. Its
// idle connections are closed by Close.
func (s *Server) Client() *http.Client { return s.client }

// DialContext dials as a client of this server must: by its Net, or the system.
func (s *Server) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.dial(ctx, network, addr)
}

// ClientTLS is a configuration that trusts the server's certificate; nil without TLS.
func (s *Server) ClientTLS() *tls.Config {
	if s.certs == nil {
		return nil
	}
	return &tls.Config{RootCAs: s.certs.pool}
}

func (s *Server) newClient(h2 bool) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2)
	return &http.Client{Transport: &http.Transport{
		DialContext:         s.dial,
		TLSClientConfig:     s.ClientTLS(),
		Protocols:           protocols,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 64,
	}}
}
