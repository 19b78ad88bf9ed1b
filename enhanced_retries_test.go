package littledl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestEnhMirrorIsNoRetry: what a mirror has to show before it may serve is no attempt at the
// file, and what the first source goes on to serve no repetition of one.
func TestEnhMirrorIsNoRetry(t *testing.T) {
	for _, code := range []int{404, 500} {
		enhBubble(t, func(b *enhBed) {
			b.option(littledl.WithTrustedMirrors(true))
			b.rates["a.test:80"] = mib
			a, c := b.origin("a.test"), b.origin("b.test")
			f := a.File("f", Size(40*mib))
			c.File("f", Size(40*mib), Behave(Status(code)))
			id := b.mirrored("f", f.Content(), nil, a, c)
			require.NoError(b, b.start())
			require.Zero(b, b.task(id).RetryCount)
			require.Positive(b, b.task(id).Sources[1].Errors)
		})
	}
}
