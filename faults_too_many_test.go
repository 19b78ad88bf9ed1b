package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// tooMany is what a host does with a connection that is one too many for it.
func tooMany() map[string]Behaviour {
	all := map[string]Behaviour{
		"mute":     StallHeader(),
		"no body":  Stall(0),
		"cut":      ShortBody(0),
		"reset":    RSTNow(),
		"closed":   EmptyReply(),
		"a moment": RST(1000),
		"a page":   HTML200(),
	}
	for _, code := range []int{400, 401, 403, 404, 409, 420, 423, 429, 451, 500, 502, 503, 509} {
		all[fmt.Sprint(code)] = Status(code)
	}
	return all
}

// 130: a host that serves one connection of a client: the file comes over that one, in the time
// that it needs there and what a mute connection costs.
func TestOneConnectionBears(t *testing.T) {
	t.Parallel()
	for what, does := range tooMany() {
		for _, adaptive := range []bool{true, false} {
			t.Run(fmt.Sprintf("130 %s, adaptive %v", what, adaptive), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.option(littledl.WithAdaptiveConcurrency(adaptive))
					b.net.Shape(Same(line(mib * 3 / 4)))
					f := b.srv.File("a.bin", Size(6*mib), Behave(ConnLimit(1, does)))
					b.add(f)
					require.NoError(b, b.start())
					require.Less(b, b.took, 8*time.Second+30*time.Second)
				})
			})
		}
	}
}

// 130: what such a host is about to answer tells of the file, and not the page or the refusal beside
// it, which would cost all that is there.
func TestRefusedBesideAwaited(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"a page", "400", "403", "404", "451", "500"} {
		t.Run("130 "+what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(mib)))
				b.option(littledl.WithAdaptiveConcurrency(false))
				f := b.srv.File("a.bin", Size(8*mib), Behave(ConnLimit(1, tooMany()[what]), Delay(5*time.Second)))
				b.add(f)
				require.NoError(b, b.start())
			})
		})
	}
}

// 131: a host that ends a client's transfer when another is begun is found out.
func TestNewestWins(t *testing.T) {
	t.Parallel()
	for _, files := range []int{1, 2} {
		t.Run(fmt.Sprintf("131 %d files", files), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.net.Shape(Same(line(4 * mib)))
				b.srv.Behave(NewestWins())
				for i := range files {
					b.add(b.srv.File(fmt.Sprintf("%d.bin", i), Size(16*mib)))
				}
				require.NoError(b, b.start())
				require.Less(b, len(b.srv.GETs()), 60*files)
			})
		})
	}
}
