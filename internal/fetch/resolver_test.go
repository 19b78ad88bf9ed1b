package fetch_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/fetch"
)

// names answers lookups in place of the system: each name has its addresses in turn,
// the last one for ever; no address is a failure that may pass.
type names struct {
	mu    sync.Mutex
	of    map[string][]string
	asked map[string]int // lookups of IPv4 addresses
}

// resolveWith makes names the system's resolver until the test ends.
func resolveWith(t *testing.T, of map[string][]string) *names {
	n := &names{of: of, asked: map[string]int{}}
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go n.serve(theirs)
		return ours, nil
	}}
	return n
}

// serve speaks DNS as over TCP: each message has its length before it.
func (n *names) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		answer := n.answer(query)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (n *names) answer(query []byte) []byte {
	name, end := "", 12
	for ; query[end] != 0; end += int(query[end]) + 1 {
		name += string(query[end+1:end+1+int(query[end])]) + "."
	}
	end++
	kind := binary.BigEndian.Uint16(query[end:])
	addr, code := n.lookup(strings.TrimSuffix(name, "."), kind)
	out := append([]byte{}, query[:end+4]...)
	out[2], out[3] = 0x81, 0x80|code
	copy(out[4:], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	if addr.IsValid() {
		out[7] = 1
		raw := addr.AsSlice()
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		out = append(out, raw...)
	}
	return out
}

// lookup is the address of a name, of the kind that is asked, and the code for none.
func (n *names) lookup(name string, kind uint16) (netip.Addr, byte) {
	const ipv4, ipv6, again, noSuch = 1, 28, 2, 3
	n.mu.Lock()
	defer n.mu.Unlock()
	of, ok := n.of[name]
	if !ok {
		return netip.Addr{}, noSuch
	}
	i := min(n.asked[name], len(of)-1)
	if kind == ipv4 {
		n.asked[name]++
	}
	if of[i] == "" {
		return netip.Addr{}, again
	}
	a := netip.MustParseAddr(of[i])
	if a.Is4() != (kind == ipv4) {
		return netip.Addr{}, 0
	}
	return a, 0
}

// TestNamesThatLeadInside: what counts is the address that is dialed, however the name
// is written and whatever it meant a moment ago.
func TestNamesThatLeadInside(t *testing.T) {
	srv := faultserver.Start(t) // on loopback
	srv.File("x")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(srv.Origin(), "http://"))
	require.NoError(t, err)
	of := map[string][]string{
		"inside.test": {"127.0.0.1"}, "lan.test": {"10.0.0.1"}, "metadata.test": {"169.254.169.254"}, "six.test": {"::1"},
		"mapped.test": {"::ffff:127.0.0.1"}, "ula.test": {"fd00::1"}, "nat64.test": {"64:ff9b::7f00:1"}, "any.test": {"0.0.0.0"},
	}
	numbers := []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1"} // addresses, to the C library
	for _, n := range numbers {
		of[n] = []string{"127.0.0.1"}
	}
	resolveWith(t, of)
	cl := client(t, fetch.Config{DenyPrivate: true, ConnectTimeout: time.Second, HeaderTimeout: time.Second})
	for name := range of {
		_, err := get(t, cl, "http://"+net.JoinHostPort(name, port)+"/x")
		var dns *net.DNSError
		if slices.Contains(numbers, name) && errors.As(err, &dns) {
			continue // Go's own resolver takes them for nothing
		}
		require.ErrorIs(t, err, fetch.ErrPrivateAddress, name)
	}
	require.Zero(t, srv.Conns())
}

// TestRebinding: a name that leads nowhere at first is looked at again at the next dial.
func TestRebinding(t *testing.T) {
	srv := faultserver.Start(t)
	srv.File("x")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(srv.Origin(), "http://"))
	require.NoError(t, err)
	n := resolveWith(t, map[string][]string{"rebind.test": {"", "", "", "127.0.0.1"}})
	cl := client(t, fetch.Config{DenyPrivate: true, ConnectTimeout: 50 * time.Millisecond, HeaderTimeout: time.Second})
	for range 10 {
		_, err = get(t, cl, "http://rebind.test:"+port+"/x")
		require.Error(t, err)
		if errors.Is(err, fetch.ErrPrivateAddress) {
			break
		}
	}
	require.ErrorIs(t, err, fetch.ErrPrivateAddress)
	require.Greater(t, n.asked["rebind.test"], 1)
	require.Zero(t, srv.Conns())
}

// TestOldTLS: less than TLS 1.2 is no TLS, and nothing is asked in the clear instead.
func TestOldTLS(t *testing.T) {
	asked := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig
	_, err := get(t, client(t, fetch.Config{Proxy: noProxy, TLSConfig: roots, ConnectTimeout: time.Second, HeaderTimeout: time.Second}), srv.URL)
	require.ErrorContains(t, err, "protocol version")
	require.Zero(t, asked)
}
