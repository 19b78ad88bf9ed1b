package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// 132: a redirector leads to a mirror that dies in the middle, in whatever way. Asked again it
// knows a better one; so it is asked again, and at once.
func TestRedirectorNamesAnother(t *testing.T) {
	t.Parallel()
	dies := map[string]Behaviour{
		"resets": RSTNow(), "closes": EmptyReply(), "is mute": StallHeader(), "cuts": ShortBody(100), "stalls": Stall(0),
	}
	dies["leads out of HTTP"] = RedirectTo("ftp://first.test/a.bin", 302)
	for _, code := range []int{202, 204, 205, 400, 401, 403, 404, 409, 410, 429, 451, 500, 502, 503, 504} {
		dies[fmt.Sprint(code)] = Status(code)
	}
	for what, does := range dies {
		t.Run("132 "+what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(4 * mib)))
				first := b.origin("first.test:80")
				b.origin("second.test:80").File("a.bin", Size(6*mib), Seed("a.bin"))
				first.File("a.bin", Size(6*mib), Seed("a.bin"), Behave(After(3, does)))
				f := b.srv.File("a.bin", Size(6*mib), Behave(Redirector(1, "http://first.test/a.bin", "http://second.test/a.bin")))
				b.add(f)
				require.NoError(b, b.start())
				require.Less(b, b.took, 40*time.Second)
				// Each connection may fail before the first that asked again has its answer.
				require.LessOrEqual(b, len(b.srv.GETs()), 1+b.chunks, "the redirector")
			})
		})
	}
}
