package littledl_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/littledl/littledl"
)

// What follows is in README.md, word for word: TestREADME compares them.

// memory is a network of one server, which is reached by pipes.
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

func (m memory) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestWaitsForABusyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in here waiting costs no time
		network, began := make(memory), time.Now()
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if time.Since(began) < 40*time.Second {
				w.Header().Set("Retry-After", "40")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			io.WriteString(w, "hello")
		})}
		go server.Serve(network)
		defer server.Close()

		results, err := littledl.BatchDownload(t.Context(), []string{"http://localhost/a.txt"}, t.TempDir(),
			littledl.WithConfig(littledl.DownloadConfig{DialContext: network.DialContext}))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(results[0].Path); err != nil || string(text) != "hello" {
			t.Errorf("%q, %v", text, err)
		}
		if waited := time.Since(began); waited != 40*time.Second {
			t.Error("waited", waited)
		}
	})
}
