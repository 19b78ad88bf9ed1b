package littledl_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestRetriedTaskKeepsItsName, unless that has gone to another: then it is not tried again
// if it was given the name, and has another one else.
func TestRetriedTaskKeepsItsName(t *testing.T) {
	broken := faultserver.Behave(faultserver.First(1, faultserver.Status(404)))
	given := littledl.WithFilename("same.bin")
	inEitherStart(t, func(b *bed, d *littledl.BatchDownloader, after func(string, func()) error) {
		first := b.queue(d, b.srv.File("a", faultserver.Size(1000), broken), given)
		byURL := b.queue(d, b.srv.File("0/c.bin", faultserver.Size(1000)))
		failed := b.queue(d, b.srv.File("1/c.bin", faultserver.Size(2000), broken))
		require.Error(b, after(first, func() {
			b.queue(d, b.srv.File("b", faultserver.Size(3000)), given)
		}))
		require.ErrorIs(b, b.run(d), littledl.ErrDuplicateTarget)
		require.Len(b, b.srv.GETs("a"), 1, "not tried again")
		require.Equal(b, "name", opOf(snapshot(b, d, first).Err))
		require.Equal(b, "c.bin", snapshot(b, d, byURL).Filename)
		require.Equal(b, "c (1).bin", snapshot(b, d, failed).Filename)
		require.Contains(b, holds(b, b.dir)["same.bin"], "3000 bytes")
	})
}

// TestPartOfALostName: a task that was cut off goes on from its part under another name,
// where its own has gone to another, and in its order under its own else.
func TestPartOfALostName(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost %v", lost), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.srv.File("a.bin", faultserver.Size(20*mib))
				d := b.another()
				id := b.queue(d, f)
				time.AfterFunc(300*time.Millisecond, func() { _ = d.Cancel() })
				require.ErrorIs(b, b.run(d), littledl.ErrCancelled)
				require.Equal(b, "a.bin", snapshot(b, d, id).Filename)
				require.Greater(b, snapshot(b, d, id).Downloaded, int64(mib))
				other := ""
				if lost {
					other = b.queue(d, b.srv.File("x/a.bin", faultserver.Size(1000)))
				}
				require.NoError(b, b.run(d))
				require.Less(b, b.srv.BytesSent("a.bin"), int64(23*mib))
				have := holds(b, b.dir)
				if !lost {
					require.Len(b, have, 1)
					require.Contains(b, have["a.bin"], f.Sum())
					return
				}
				require.Equal(b, "a.bin", snapshot(b, d, other).Filename)
				require.Equal(b, "a (1).bin", snapshot(b, d, id).Filename)
				require.Contains(b, have["a (1).bin"], f.Sum())
			})
		})
	}
}

// TestCutOffAndAddedAgain: the task that has bytes goes on with them for both.
func TestCutOffAndAddedAgain(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", faultserver.Size(20*mib))
		d := b.another()
		first := b.queue(d, f)
		time.AfterFunc(300*time.Millisecond, func() { _ = d.Cancel() })
		require.ErrorIs(b, b.run(d), littledl.ErrCancelled)
		again := []string{b.queue(d, f), b.queue(d, f), b.queue(d, f, littledl.WithFilename("copy.bin"))}
		require.NoError(b, b.run(d))
		require.Less(b, b.srv.BytesSent("a.bin"), int64(23*mib))
		have := holds(b, b.dir)
		require.Len(b, have, 2)
		require.Contains(b, have["a.bin"], f.Sum())
		require.Contains(b, have["copy.bin"], f.Sum())
		require.Equal(b, "a.bin", snapshot(b, d, first).Filename)
		require.Equal(b, "a.bin", snapshot(b, d, again[1]).Filename)
		p := d.GetProgress()
		require.Equal(b, p.TotalBytes, p.DownloadedBytes)
	})
}
