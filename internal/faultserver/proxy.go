package faultserver

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Proxy is an HTTP proxy on a network in memory that connects clients with servers there. It
// is safe for concurrent use.
type Proxy struct {
	net     *Net
	addr    string
	http    *http.Server
	running sync.WaitGroup // the server, and both directions of tunnels

	mu     sync.Mutex
	closed bool
	answer func(target string) ProxyAnswer
	asked  []string
}

// ProxyAnswer is what a proxy answers in place of connecting.
type ProxyAnswer struct {
	Status int // 0: it connects
	Header http.Header
	Mute   bool          // it never answers
	After  time.Duration // it answers so late
}

// StartProxy starts one at "host:port", which is closed when the test ends.
func StartProxy(t TB, n *Net, addr string) *Proxy {
	t.Helper()
	l, err := n.Listen(addr)
	if err != nil {
		t.Fatalf("start proxy: %v", err)
	}
	p := &Proxy{net: n, addr: addr, answer: func(string) ProxyAnswer { return ProxyAnswer{} }}
	p.http = &http.Server{Handler: http.HandlerFunc(p.serve), ErrorLog: log.New(io.Discard, "", 0)}
	p.running.Go(func() { _ = p.http.Serve(l) })
	t.Cleanup(p.close)
	return p
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.http.Close()
	p.running.Wait()
}

// Answer decides what is said to requests for a host and port, from now on.
func (p *Proxy) Answer(f func(target string) ProxyAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// Asked is the hosts and ports that it was asked for, one for each request.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func (p *Proxy) decide(target string) ProxyAnswer {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, target)
	return p.answer(target)
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	a := p.decide(r.Host)
	if wait(r.Context(), a.After) != nil {
		return
	}
	switch {
	case a.Mute:
		<-r.Context().Done()
	case a.Status != 0:
		for k, v := range a.Header {
			w.Header()[k] = v
		}
		http.Error(w, "not through here", a.Status)
	case r.Method != http.MethodConnect:
		http.Error(w, "tunnels only", http.StatusNotImplemented)
	default:
		p.connect(w, r)
	}
}

func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	to, err := p.net.DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if c, ok := to.(*conn); ok {
		p.net.forget(c) // it is not the client's
	}
	from, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		to.Close()
		return
	}
	_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		to.Close()
		from.Close()
		return
	}
	p.running.Go(func() { relay(to, from, buffered) })
	p.running.Go(func() { relay(from, to, to) })
}

// relay copies in one direction, and closes both ends when that is over.
func relay(to, from net.Conn, read io.Reader) {
	_, _ = io.Copy(to, read)
	to.Close()
	from.Close()
}
