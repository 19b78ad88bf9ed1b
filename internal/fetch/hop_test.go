package fetch

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
)

// TestHopsAreDialed: each hop of a redirect is dialed for, and so looked at. The first
// host is let through here, as one with a public address would be.
func TestHopsAreDialed(t *testing.T) {
	srv := faultserver.Start(t) // on loopback
	addr := strings.TrimPrefix(srv.Origin(), "http://")
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	c := New(Config{DenyPrivate: true, ConnectTimeout: time.Second, HeaderTimeout: time.Second})
	defer c.Close()
	for _, lane := range []int{separate, 0} {
		transport := c.lanes.of(lane)
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
			if to == "public.test:80" {
				to = addr
				return (&net.Dialer{}).DialContext(ctx, network, to)
			}
			return dial(ctx, network, to)
		}
	}
	srv.File("inside")
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		srv.File("a", faultserver.Behave(faultserver.Redirect(2, 302), faultserver.RedirectTo("http://"+host+":"+port+"/inside", 302)))
		for _, http1 := range []bool{true, false} {
			u, err := url.Parse("http://public.test/a")
			require.NoError(t, err)
			_, err = c.Do(t.Context(), &Request{Method: http.MethodGet, URL: u, HTTP1: http1, Admit: free{}})
			require.ErrorIs(t, err, ErrPrivateAddress, host)
		}
	}
	require.Len(t, srv.GETs("a"), 4*2*3, "the public host was asked")
	require.Empty(t, srv.GETs("inside"))
}
