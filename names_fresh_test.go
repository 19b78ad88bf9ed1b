package littledl_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestFreshURLOfOneName: a signature expires halfway; a fresh one is added under the same name,
// and goes on from what is there. The task that failed has lost its name.
func TestFreshURLOfOneName(t *testing.T) {
	given := littledl.WithFilename("model.bin")
	inEitherStart(t, func(b *bed, d *littledl.BatchDownloader, after func(string, func()) error) {
		var stale atomic.Int32
		f := b.srv.File("model.bin", faultserver.Size(20*mib), faultserver.Behave(faultserver.When(func(r *faultserver.Request) bool {
			return r.URL.Query().Get("sig") == "stale" && stale.Add(1) > 3
		}, faultserver.Status(403))))
		add := func(sig string) string {
			id, err := d.AddURL(f.URL()+"?sig="+sig, littledl.WithSavePath(b.dir), given)
			if err != nil {
				b.Error(err)
			}
			return id
		}
		first, second := add("stale"), ""
		require.Error(b, after(first, func() { second = add("fresh") }))
		require.NoError(b, snapshot(b, d, second).Err)
		require.Less(b, b.srv.BytesSent(), int64(24*mib), "it goes on from the part")
		have := holds(b, b.dir)
		require.Len(b, have, 1)
		require.Contains(b, have["model.bin"], f.Sum())
		require.ErrorIs(b, b.run(d), littledl.ErrDuplicateTarget)
		require.ErrorIs(b, snapshot(b, d, first).Err, littledl.ErrDuplicateTarget)
		require.NoError(b, snapshot(b, d, second).Err)
	})
}
