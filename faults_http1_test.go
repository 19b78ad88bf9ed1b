package littledl_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// 140: a host agrees to HTTP/2, and then wants HTTP/1.1.
func TestHTTP1Required(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Refusal{
		"140 streams reset": ByReset, "140 reset behind the head": ByResetOfBody, "140 GOAWAY": ByGoAway,
		"140 GOAWAY for all there are": ByGoAwayLate, "140 GOAWAY ahead": ByGoAwayAhead, "140 GOAWAY and no end": ByGoAwayOpen,
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				if r == ByGoAwayOpen { // net/http does not tell that from a server that is mute
					b.conf.HeaderTimeout = 5 * time.Second
				}
				for i := range 30 {
					b.add(b.srv.File(strconv.Itoa(i), Size(20*kib)))
				}
				b.add(b.srv.File("large", Size(12*mib)))
				require.NoError(b, b.start())
				require.LessOrEqual(b, b.srv.Refused(), 2*b.connections(), "it is asked over HTTP/1.1 for good")
				require.Less(b, b.took, 10*time.Second)
				for _, r := range b.srv.Requests() {
					require.Equal(b, "HTTP/1.1", r.Proto)
				}
			}, RefuseHTTP2(r))
		})
	}
}

// 179: a host agrees to HTTP/2 and takes no request on any connection. It is asked over HTTP/1.1
// soon, and that costs the others nothing.
func TestNoStreams(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Refusal{"179 no streams": NoStreams, "179 each connection ends": GoAways} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.MaxConnectionsPerHost = 1
				bad := b.origin("bad.test:443", RefuseHTTP2(r))
				b.conf.TLSConfig = bad.ClientTLS()
				b.add(bad.File("bad.bin", Size(mib)))
				for i := range 20 {
					b.add(b.srv.File(strconv.Itoa(i), Size(20*kib)))
				}
				require.NoError(b, b.start())
				require.LessOrEqual(b, bad.Conns(), 4)
			})
		})
	}
}
