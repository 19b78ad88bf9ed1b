package littledl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestOnlyHTTP2: an origin that takes no HTTP/1.1 gets the segments of large files as
// streams.
func TestOnlyHTTP2(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(12<<20)))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs() {
			require.Equal(b, "HTTP/2.0", r.Proto)
		}
	}, HTTP2())
}
