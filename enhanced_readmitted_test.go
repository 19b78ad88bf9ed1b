package littledl_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/littledl/littledl/internal/faultserver"
)

// TestEnhReadmitted: backups that have another file than the first source had, but the same as
// each other, are measured by each other once that one is gone.
func TestEnhReadmitted(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		const size = 40 * mib
		for _, host := range []string{"a.test:80", "b.test:80", "c.test:80"} {
			b.rates[host] = mib
		}
		a, one, two := b.origin("a.test"), b.origin("b.test"), b.origin("c.test")
		a.File("f", Size(size), enhOther("f", size), ETag(`"other"`))
		f := one.File("f", Size(size))
		two.File("f", sameAs(f)...)
		id := b.mirrored("f", f.Content(), nil, a, one, two)
		time.AfterFunc(1500*time.Millisecond, func() {
			a.Behave(Status(404))
			b.net.ResetAll()
		})
		time.AfterFunc(5*time.Second, one.Close)
		require.NoError(b, b.start())
		s := b.task(id).Sources
		require.Greater(b, s[1].Bytes, int64(2*mib))
		require.EqualValues(b, size, s[1].Bytes+s[2].Bytes)
	})
}
