package littledl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestOnlyHTTP2: an origin that takes no HTTP/1.1 gets the segments of large files as
// streams.
func TestOnlyHTTP2(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(12<<20)))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs() {
			require.Equal(b, "HTTP/2.0", r.Proto)
		}
	}, HTTP2())
}

// TestHTTP1Accident: one connection that breaks before its answer is no proof that an
// origin takes no HTTP/1.1, as the answers on the others show.
func TestHTTP1Accident(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		b.files = 1
		b.net.Shape(Same(line(4 * mib)))
		first := b.srv.File("a.bin", Size(6<<20))
		first.Behave(When(Beyond, First(1, RSTNow())))
		b.add(first)
		b.add(b.srv.File("b.bin", Size(6<<20)))
		require.NoError(b, b.start())
		for _, r := range b.srv.GETs("b.bin") {
			if rangeStart(r) > 0 {
				require.Equal(b, "HTTP/1.1", r.Proto, r.Header.Get("Range"))
			}
		}
	}, AnyHTTP())
}
