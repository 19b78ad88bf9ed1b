package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a NATS server inside the process. For a network that is not yours run nats-server
// itself, with TLS and accounts, and give its URL to Open.
type Server struct {
	Name   string // of one of several: unique, and always the same
	Dir    string // its data
	Listen string // host:port; "": a free port of 127.0.0.1
	Token  string // what clients and other servers have to know; "": nothing
	NoSync bool   // acknowledge before fsync: a power cut may lose what was acknowledged

	Cluster string   // host:port for the other servers; "": there are none
	Routes  []string // host:port of theirs
}

// Running is a Server that was started.
type Running struct{ s *server.Server }

// Start starts it. Alone it is ready on return; one of several is when most of them are there.
func (s Server) Start() (*Running, error) {
	if s.Dir == "" {
		return nil, errors.New("cluster: the server needs a directory of its own")
	}
	o := &server.Options{
		ServerName: s.Name, JetStream: true, StoreDir: s.Dir, SyncAlways: !s.NoSync, Authorization: s.Token,
		NoSigs: true, NoLog: true, MaxPayload: 1 << 20,
	}
	err := address(s.Listen, &o.Host, &o.Port)
	if err == nil && s.Cluster != "" {
		o.Cluster = server.ClusterOpts{Name: "littledl", Username: "littledl", Password: s.Token}
		err = address(s.Cluster, &o.Cluster.Host, &o.Cluster.Port)
		for _, r := range s.Routes {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: r, User: url.UserPassword("littledl", s.Token)})
		}
	}
	if err != nil {
		return nil, err
	}
	running, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("cluster: server: %w", err)
	}
	running.Start()
	if !running.ReadyForConnections(time.Minute) {
		running.Shutdown()
		return nil, fmt.Errorf("cluster: the server in %s did not become ready; is another one at it?", s.Dir)
	}
	return &Running{running}, nil
}

func address(s string, host *string, port *int) error {
	if s == "" {
		*host, *port = "127.0.0.1", server.RANDOM_PORT
		return nil
	}
	h, p, err := net.SplitHostPort(s)
	if err == nil {
		*host = h
		*port, err = strconv.Atoi(p)
	}
	if err != nil {
		return fmt.Errorf("cluster: address %q: give host:port: %w", s, err)
	}
	return nil
}

// URL is where clients find it.
func (r *Running) URL() string { return r.s.ClientURL() }

// Close ends it, and waits.
func (r *Running) Close() {
	r.s.Shutdown()
	r.s.WaitForShutdown()
}
