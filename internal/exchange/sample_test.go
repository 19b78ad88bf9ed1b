package exchange_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/fail"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/origin"
)

var claim = origin.Claim{}

// TestSample: bytes to be compared come whole, or not at all.
func TestSample(t *testing.T) {
	for name, c := range map[string]struct {
		does Behaviour
		want fail.Class
	}{
		"good":       {Good(), 0},
		"no ranges":  {NoRange(), fail.NoRanges},
		"shorter":    {RangeCap(1000), fail.Mismatched},
		"cut":        {ShortBody(1000), fail.Interrupted},
		"refused":    {Status(403), fail.Permanent},
		"wider part": {RangeWide(512), 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bed) {
				t := b.T
				f := b.server("a.test").File("f", Size(size), Behave(c.does))
				a := b.ask(f.URL())
				a.Lo, a.Hi = 4096, 4096+2048
				got, says, o := b.client.Sample(t.Context(), a.Origin.Lease(claim), a, func() fail.Facts { return fail.Facts{} })
				if c.want != 0 {
					require.Equal(t, c.want, o.Err.Class)
					return
				}
				require.Nil(t, o.Err)
				require.Equal(t, Bytes(f.Content())[a.Lo:a.Hi], got)
				require.EqualValues(t, size, says.Size)
				require.Equal(t, f.Representation().ETag, says.ETag)
			})
		})
	}
}

// TestHead: what a server tells without a body is a hint; whatever goes wrong with it, its
// origin is none the worse.
func TestHead(t *testing.T) {
	for name, c := range map[string]struct {
		does   Behaviour
		useful bool
		size   int64
	}{
		"good":      {Disposition(`attachment; filename="x/y.bin"`), true, size},
		"no length": {HeadNoLength(), true, -1},
		"405":       {NoHead(405), false, 0},
		"closed":    {HeadClose(), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(b *bed) {
				t := b.T
				a := b.ask(b.server("a.test").File("f", Size(size), Behave(c.does)).URL())
				b.useful(a.Origin, 0)
				was := a.Origin.Health().State
				h := b.client.Head(t.Context(), a.Origin.Lease(claim), a.Source)
				require.Equal(t, c.useful, h.Useful())
				require.Equal(t, was, a.Origin.Health().State)
				if c.useful {
					require.Equal(t, c.size, h.Pin.Size)
				}
				if name == "good" {
					require.Equal(t, "y.bin", h.Name)
				}
			})
		})
	}
}
