//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// toxiproxies is what the library wants to have for its proxies.
var toxiproxies = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())

// line is a toxiproxy in front of a server: a bad line to a good one.
type line struct {
	*toxiproxy.Proxy
	base string
}

// newLine opens a line with toxics on it. Each is a type and its attributes, like
//
//	latency "latency":100,"jitter":50
//
// and works on what the server sends, or on what it is sent if upstream stands before
// it.
func newLine(t *testing.T, to string, toxics ...string) *line {
	t.Helper()
	p := toxiproxy.NewProxy(toxiproxies, t.Name(), "127.0.0.1:0", to)
	l := &line{Proxy: p}
	l.addAll(t, toxics)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	l.base = "http://" + p.Listen
	return l
}

func (l *line) add(t *testing.T, toxic string) {
	t.Helper()
	stream, rest := "downstream", toxic
	if after, ok := strings.CutPrefix(toxic, "upstream "); ok {
		stream, rest = "upstream", after
	}
	kind, attributes, _ := strings.Cut(rest, " ")
	text := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":{%s}}`, kind, stream, attributes) // named like "latency_upstream"
	_, err := l.Toxics.AddToxicJson(strings.NewReader(text))
	require.NoError(t, err, text)
}

func (l *line) addAll(t *testing.T, toxics []string) {
	t.Helper()
	for _, toxic := range toxics {
		l.add(t, toxic)
	}
}

// reset takes all toxics off again, from the connections that they are on as well.
func (l *line) reset() { l.Toxics.ResetToxics(context.Background()) }

// dials sends the nth connection of a client over a line of its own, so that it is no
// matter of chance which of them are bad.
type dials struct {
	made  atomic.Int64
	lines func(n int64) *line
}

func (d *dials) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, d.lines(d.made.Add(1)-1).Listen)
}
