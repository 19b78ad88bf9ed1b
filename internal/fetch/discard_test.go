package fetch_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// TestConnectionIsKept: an unwanted short body is read, so that its connection
// serves the next request; a long one is not worth that.
func TestConnectionIsKept(t *testing.T) {
	srv := faultserver.Start(t, faultserver.On(faultserver.NewNet(), "a.test:80"))
	f := srv.File("a.bin", faultserver.Size(60<<10))
	cl := client(t, config(srv))
	for range 3 {
		_, err := get(t, cl, f.URL())
		require.NoError(t, err)
	}
	require.Equal(t, 1, srv.Conns())
	f.Set(faultserver.Size(10 << 20))
	for range 2 {
		_, err := get(t, cl, f.URL())
		require.NoError(t, err)
	}
	require.Equal(t, 2, srv.Conns())
}

// TestConnectionsOfErrors: what an error answers with is read to keep the connection, over
// a line that takes its time, but never waited for.
func TestConnectionsOfErrors(t *testing.T) {
	for name, c := range map[string]struct {
		fault []faultserver.Behaviour
		conns int
		most  time.Duration
	}{
		"short":        {[]faultserver.Behaviour{faultserver.Status(http.StatusNotFound)}, 1, time.Second},
		"stands still": {[]faultserver.Behaviour{faultserver.Stall(3), faultserver.Status(http.StatusNotFound)}, 3, 1500 * time.Millisecond},
		"never begins": {[]faultserver.Behaviour{faultserver.Stall(0), faultserver.Status(http.StatusNotFound)}, 3, 1500 * time.Millisecond},
		"redirect":     {[]faultserver.Behaviour{faultserver.Stall(3), faultserver.RedirectTo("/b", http.StatusFound)}, 4, 2500 * time.Millisecond},
	} {
		for _, own := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", own: ", own), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := faultserver.NewNet()
					n.Shape(faultserver.Same(faultserver.RTT(200 * time.Millisecond)))
					srv := faultserver.Start(t, faultserver.On(n, "a.test:80"))
					f := srv.File("a", faultserver.Behave(c.fault...))
					srv.File("b", faultserver.Size(100))
					conf := config(srv)
					if !own {
						transport := &http.Transport{DialContext: srv.DialContext}
						t.Cleanup(transport.CloseIdleConnections)
						conf = fetch.Config{HTTPClient: &http.Client{Transport: transport}}
					}
					cl := client(t, conf)
					began := time.Now()
					for range 3 {
						_, err := get(t, cl, f.URL())
						require.NoError(t, err)
					}
					require.Equal(t, c.conns, srv.Conns())
					require.Less(t, time.Since(began), c.most)
				})
			})
		}
	}
}
