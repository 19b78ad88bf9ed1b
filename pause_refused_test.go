package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestPauseBesideARefusal: one of a file's requests was one too many, and is to be made again
// in 25 s. After a pause the others go on at once.
func TestPauseBesideARefusal(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"] = mib
		a := b.origin("a.test")
		a.Behave(ConnLimit(3, Status(429, RetryAfter("25"))))
		f := a.File("f", Size(50*mib))
		b.mirrored("f", f.Content(), nil, a)
		time.AfterFunc(2*time.Second, func() { _ = b.d.Pause() })
		time.AfterFunc(3*time.Second, func() { _ = b.d.Resume() })
		require.NoError(b, b.start())
		require.Less(b, b.took, 40*time.Second)
		first := a.GETs()[0].Start
		for _, g := range a.GETs() {
			if after := g.Start.Sub(first); after > 2*time.Second {
				require.Less(b, after, 4*time.Second)
				break
			}
		}
	})
}
