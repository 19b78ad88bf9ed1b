//go:build linux

package e2e

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// outgoing is the loopback address from which the proxies connect, so that a server
// can tell what came through them.
const outgoing = "127.0.0.2"

// proxy is a program that makes connections for others.
type proxy struct {
	name  string
	start func(t *testing.T) *relay
}

// relay is a proxy that runs.
type relay struct {
	*process
	url *url.URL
	// carried is how many requests or tunnels to the address its log tells of.
	carried func(t *testing.T, addr string) int
}

var proxies = []proxy{
	{"squid", startSquid},
	{"microsocks", startMicrosocks},
}

func TestProxies(t *testing.T) {
	for _, p := range proxies {
		t.Run(p.name+"/plain", func(t *testing.T) { checkProxied(t, p, false) })
		t.Run(p.name+"/TLS", func(t *testing.T) { checkProxied(t, p, true) })
	}
}

// checkProxied downloads the batch from nginx through the proxy.
func checkProxied(t *testing.T, p proxy, secure bool) {
	through := p.start(t)
	b := newBatch(t, startNginx(t, site.root))
	b.proxy, b.client, b.secure = through.url, outgoing, secure
	b.check(t)

	through.stop()
	require.NotZero(t, through.carried(t, b.address()), "the proxy's log knows of nothing")
}
