package main

import (
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/littledl/littledl/examples/bench/line"
	"github.com/littledl/littledl/examples/internal/origin"
)

// stage is a server, and the way to it, for one run of one client.
type stage struct {
	server *origin.Origin
	line   *line.Line // nil: none is between
	ca     string     // file with the certificate to trust; "": none is needed
}

// newStage sets a place up; the file with the certificate goes into dir. A line plays the same
// dice for every client of a round.
func newStage(p place, round int, dir string) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	listen := func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	if p.line != nil {
		c := *p.line
		c.Seed = uint64(round)
		if s.line, err = line.Start(c); err != nil {
			return nil, err
		}
		listen = s.line.Listen
	}
	listener, err := listen()
	if err != nil {
		return nil, err
	}
	if p.tls {
		if p.server.Certificate, err = origin.NewCertificate(listener.Addr().(*net.TCPAddr).IP); err != nil {
			listener.Close()
			return nil, err
		}
		s.ca = filepath.Join(dir, "ca.pem")
		if err = os.WriteFile(s.ca, p.server.Certificate.PEM, 0o600); err != nil {
			listener.Close()
			return nil, err
		}
	}
	s.server, err = origin.On(listener, p.server)
	return s, err
}

// run runs f, so that the processes it starts are where the clients are.
func (s *stage) run(f func() error) error {
	if s.line == nil {
		return f()
	}
	return s.line.Near(f)
}

// environment is what clients are told without being asked: that no proxy is on the way,
// and whom to trust.
func (s *stage) environment() (env []string) {
	u, err := url.Parse(s.server.URL("", 0))
	if err == nil {
		env = append(env, "NO_PROXY="+u.Hostname(), "no_proxy="+u.Hostname())
	}
	if s.ca != "" {
		env = append(env, "SSL_CERT_FILE="+s.ca)
	}
	return env
}

func (s *stage) close() {
	if s.server != nil {
		s.server.Close()
	}
	if s.line != nil {
		s.line.Close()
	}
}
