package littledl_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// 220: a redirector hands out addresses that are good for one request, or for a moment.
func TestAddressesSoonExpire(t *testing.T) {
	t.Parallel()
	for name, signed := range map[string]Behaviour{
		"220 good once, 400": SignedUntil(1, 0, Status(400)), "220 good once, 403": SignedUntil(1, 0, Status(403)),
		"220 good once, 404": SignedUntil(1, 0, Status(404)), "220 good once, 500": SignedUntil(1, 0, Status(500)),
		"220 good once, closes": SignedUntil(1, 0, EmptyReply()), "220 good for three, 410": SignedUntil(3, 0, Status(410)),
		"220 good for a second, 401": SignedUntil(0, time.Second, Status(401)), "220 good for a second, 404": SignedUntil(0, time.Second, Status(404)),
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				wholeMiB(b)
				b.net.Shape(Same(line(256 * kib)))
				b.add(b.srv.File("a.bin", Size(8*mib), Behave(signed, RST(300*kib))))
				require.NoError(b, b.start())
				gets, refused := b.srv.GETs(), 0
				for _, r := range gets {
					if r.Status != http.StatusFound && r.Status != http.StatusPartialContent {
						refused++
					}
				}
				require.LessOrEqual(b, refused, 4*b.chunks, "of %d", len(gets))
			})
		})
	}
}

// 220: and many files behind one, each of several pieces.
func TestManyAddressesThatAreGoodOnce(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		mirror := b.origin("mirror.test:80")
		for i := range 5 {
			mirror.File(fmt.Sprint(i), Size(8*mib), Seed("a.bin"), Behave(SignedUntil(1, 0, Status(http.StatusNotFound))))
			b.add(b.srv.File(fmt.Sprint(i), Size(8*mib), Seed("a.bin"), Behave(RedirectTo(fmt.Sprintf("http://mirror.test/%d", i), 302))))
		}
		require.NoError(b, b.start())
	})
}

// 221: the mirror that a redirect leads to first does not have the file, or is none.
func TestFirstMirrorIsNone(t *testing.T) {
	t.Parallel()
	good := func(b *bed) *File { return b.origin("second.test:80").File("a.bin", Size(8*mib), Seed("a.bin")) }
	led := func(b *bed, first string, at Content) {
		f := b.srv.File("a.bin", Size(8*mib), Behave(Redirector(1, first, "http://second.test/a.bin")))
		b.addURL(f.URL(), at)
	}
	for _, code := range []int{202, 204, 400, 403, 404, 405, 410, 451, 501} {
		t.Run(fmt.Sprint("221 ", code), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.origin("first.test:80").File("a.bin", Size(8*mib), Behave(Status(code)))
				led(b, "http://first.test/a.bin", good(b).Content())
				require.NoError(b, b.start())
				require.Less(b, b.took, 10*time.Second)
			})
		})
	}
	for name, first := range map[string]string{"no name": "http://first.test/a.bin", "no TLS": "https://second.test:80/a.bin"} {
		t.Run("221 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.FailName("first.test", &net.DNSError{Err: "no such host", Name: "first.test", IsNotFound: true})
				led(b, first, good(b).Content())
				require.NoError(b, b.start())
				require.Less(b, b.took, 10*time.Second)
			})
		})
	}
	t.Run("221 for good", func(t *testing.T) { // it costs one request more, and no others
		inBoth(t, func(b *bed) {
			dead := b.origin("first.test:80")
			for i := range 20 {
				b.add(b.srv.File(fmt.Sprint(i), Size(kib), Behave(RedirectTo(fmt.Sprintf("http://first.test/%d", i), 302))))
				dead.File(fmt.Sprint(i), Size(kib), Behave(Status(http.StatusNotFound)))
			}
			require.Len(b, failures(b, b.start()), 20)
			require.Len(b, dead.GETs(), 40)
			require.Len(b, b.srv.GETs(), 40)
		})
	})
}
