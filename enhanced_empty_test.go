package littledl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestEnhEmptyFirst: a source that has nothing where a digest wants something does not speak for
// the others.
func TestEnhEmptyFirst(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		a.File("f", Data(nil))
		f := c.File("f", Size(5*mib))
		id := b.mirrored("f", f.Content(), hashIf(true, f), a, c)
		require.NoError(b, b.start())
		require.Equal(b, []string{"a.test"}, b.dropped(id))
		require.Len(b, a.GETs(), 1)
	})
}
