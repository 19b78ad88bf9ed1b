package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestFailureOfOnePlace: what keeps a file out of one directory keeps it out of no other.
func TestFailureOfOnePlace(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteError
		f := b.srv.File("a.bin", faultserver.Size(100*kib))
		require.NoError(b, os.WriteFile(filepath.Join(b.dir, "a.bin"), []byte("theirs"), 0o600))
		d := b.another()
		first, same := b.queue(d, f), b.queue(d, f)
		var elsewhere []string
		for i := range 3 {
			elsewhere = append(elsewhere, b.queue(d, f, littledl.WithSavePath(fmt.Sprint(b.dir, "/", i))))
		}
		require.ErrorContains(b, b.run(d), "2 files did not complete")
		for _, id := range []string{first, same} {
			require.ErrorIs(b, snapshot(b, d, id).Err, littledl.ErrFileExists)
		}
		for _, id := range elsewhere {
			require.True(b, snapshot(b, d, id).IsCompleted())
		}
		require.LessOrEqual(b, len(b.srv.GETs()), 2)
	})
}

// TestFirstOfThreeFails: the same URL has failed for all of them, and the next Start
// fetches it once for all. What is added when it has failed is tried in the same Start.
func TestFirstOfThreeFails(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", faultserver.Size(100*kib), faultserver.Behave(faultserver.First(2, faultserver.Status(404))))
		d := b.another()
		ids := []string{b.queue(d, f), b.queue(d, f), b.queue(d, f, littledl.WithFilename("copy.bin"))}
		whenDone(d, ids[0], func() { b.queue(d, f, littledl.WithFilename("late.bin")) })
		require.ErrorContains(b, b.run(d), "4 files did not complete")
		require.Len(b, b.srv.GETs(), 2)
		require.NoError(b, b.run(d))
		require.Len(b, b.srv.GETs(), 3)
		have := holds(b, b.dir)
		require.Len(b, have, 3)
		for _, name := range []string{"a.bin", "copy.bin", "late.bin"} {
			require.Contains(b, have[name], f.Sum())
		}
		p := d.GetProgress()
		require.Equal(b, p.TotalBytes, p.DownloadedBytes)
	})
}

// TestDuplicatesShareFailure, and the next Start fetches for all of them.
func TestDuplicatesShareFailure(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Behave(faultserver.First(1, faultserver.Status(404))))
		b.add(f)
		b.add(f, littledl.WithFilename("copy.bin"))
		failed := failures(b, b.start())
		require.Len(b, failed, 2)
		require.Len(b, b.srv.GETs(), 1)
		require.NoError(b, b.start())
		require.Equal(b, []string{"a.bin", "copy.bin"}, b.list())
	})
}
