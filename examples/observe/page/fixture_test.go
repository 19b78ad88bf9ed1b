package page

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// still is a batch in which nothing moves.
type still struct {
	stats    littledl.BatchStats
	hosts    []littledl.HostStats
	segments map[string][]littledl.Segment
}

func (b *still) GetStats() littledl.BatchStats                     { return b.stats }
func (b *still) GetHosts() []littledl.HostStats                    { return b.hosts }
func (b *still) GetSegments(id string) ([]littledl.Segment, error) { return b.segments[id], nil }

// memory is a network of one server, whose connections keep nothing: who does not read has the
// server wait.
type memory chan net.Conn

func (m memory) Accept() (net.Conn, error) {
	c, open := <-m
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (m memory) Close() error   { close(m); return nil }
func (m memory) Addr() net.Addr { return &net.TCPAddr{} }

func (m memory) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	m <- there
	return here, nil
}

// serve serves a page in memory, within a bubble of synctest.
func serve(t *testing.T, p *Page) memory {
	network := make(memory)
	server := &http.Server{Handler: p}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(network)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return network
}

// stream is what a browser hears.
type stream struct {
	*testing.T
	states chan heard // closed at its end
	end    func()
}

type heard struct {
	id    string
	state state
	text  string
}

// listen opens the stream of a page, after the line of the log that it has had.
func (m memory) listen(t *testing.T, last string) *stream {
	ctx, cancel := context.WithCancel(t.Context())
	client := &http.Client{Transport: &http.Transport{DialContext: m.dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://page.test/events", nil)
	require.NoError(t, err)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	s := &stream{T: t, states: make(chan heard, 1000), end: cancel}
	go func() {
		defer close(s.states)
		defer res.Body.Close()
		lines, h := bufio.NewScanner(res.Body), heard{}
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
			case "id":
				h.id = value
			case "data":
				h.text = value
			case "":
				if json.Unmarshal([]byte(h.text), &h.state) != nil {
					return
				}
				s.states <- h
				h = heard{}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range s.states {
		}
	})
	return s
}

// next is the next state, which must come within a time.
func (s *stream) next(within time.Duration) heard {
	s.Helper()
	select {
	case h, open := <-s.states:
		require.True(s, open, "the stream has ended")
		return h
	case <-time.After(within):
		require.Fail(s, "no state has come")
		return heard{}
	}
}

// none requires that no state comes for a time.
func (s *stream) none(long time.Duration) {
	s.Helper()
	select {
	case h := <-s.states:
		require.Fail(s, "a state has come", h.text)
	case <-time.After(long):
	}
}
