package littledl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestBatchDownload: one result for each URL in the order given, whatever became of it.
func TestBatchDownload(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.srv.File("a", faultserver.Size(100))
		b.srv.File("large", faultserver.Size(6<<20), faultserver.Behave(faultserver.After(1, faultserver.Status(404))))
		urls := []string{b.srv.URL("a"), "ftp://files.test/x", b.srv.URL("missing"), b.srv.URL("a"), b.srv.URL("large")}
		results, err := littledl.BatchDownload(b.Context(), urls, b.dir, littledl.WithConfig(b.conf))
		require.Len(b, results, 5)
		failed := failures(b, err)
		require.Len(b, failed, 3)
		for i, r := range results {
			require.Equal(b, urls[i], r.URL)
			if i == 0 || i == 3 {
				require.NoError(b, r.Err)
				b.same(r.Path, b.srv.Content("a"))
				continue
			}
			require.Empty(b, r.Path)
			var fe *littledl.FileError
			require.ErrorAs(b, r.Err, &fe)
		}
		require.ErrorIs(b, results[1].Err, littledl.ErrInvalidURL)
		var status *littledl.StatusError
		require.ErrorAs(b, results[2].Err, &status)
		require.Equal(b, 404, status.Code)
		require.ErrorIs(b, err, littledl.ErrInvalidURL)
		require.Equal(b, "a", b.list()[0])
		b.leftBehind() // for the next call, or another process
	})
}

// TestBatchDownloadIntoDefault is "./downloads", made when it is missing.
func TestBatchDownloadIntoDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	srv := faultserver.Start(t)
	srv.File("a", faultserver.Size(100))
	results, err := littledl.BatchDownloadSync([]string{srv.URL("a")}, "", littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy}))
	require.NoError(t, err)
	require.Equal(t, "downloads/a", results[0].Path)
	require.FileExists(t, "downloads/a")
}
