package littledl_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// TestEnhBadInput: errors that say what is wrong, at once.
func TestEnhBadInput(t *testing.T) {
	sel, err := littledl.NewStrategySelector()
	require.NoError(t, err)
	for name, o := range map[string]littledl.Option{
		"WithMaxTotalThreads":    littledl.WithMaxTotalThreads(3),
		"WithSmallFileThreshold": littledl.WithSmallFileThreshold(1),
		"WithExistingFileReuse":  littledl.WithExistingFileReuse(true),
		"WithMultiSource":        littledl.WithMultiSource(true),
		"WithTrustedMirrors":     littledl.WithTrustedMirrors(false),
		"WithAdaptiveSpeed":      littledl.WithAdaptiveSpeed(true),
		"WithSelector":           littledl.WithSelector(sel),
	} {
		_, err := littledl.NewBatchDownloader(o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		require.ErrorContains(t, err, name)
		_, err = littledl.BatchDownloadSync([]string{"http://a.test/f"}, t.TempDir(), o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption, name)
		_, err = littledl.NewEnhancedBatchDownloader(o)
		require.NoError(t, err, name)
	}
	for _, o := range []littledl.Option{
		littledl.WithMaxTotalThreads(0), littledl.WithMaxTotalThreads(-1), littledl.WithSmallFileThreshold(-1),
		littledl.WithMaxConcurrentFiles(0), littledl.WithMaxConcurrentChunksPerFile(0), nil,
	} {
		_, err := littledl.NewEnhancedBatchDownloader(o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	_, err = littledl.NewEnhancedBatchDownloader(littledl.WithSelector(nil), littledl.WithSmallFileThreshold(0))
	require.NoError(t, err)

	plain, err := littledl.NewBatchDownloader()
	require.NoError(t, err)
	backup := littledl.WithBackupURLs("http://b.test/f")
	_, err = plain.AddURL("http://a.test/f", backup)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	_, err = plain.AddURLs([]string{"http://a.test/f"}, "", backup)
	require.ErrorIs(t, err, littledl.ErrInvalidOption)
	require.Empty(t, plain.GetAllTasks())

	d, err := littledl.NewEnhancedBatchDownloader()
	require.NoError(t, err)
	for _, bad := range []string{"", "ftp://me:" + secret + "@b.test/f?key=" + secret, "b.test/f", "http://", "file:///etc/passwd", "http://b\x00"} {
		_, err := d.AddURL("http://a.test/f", littledl.WithBackupURLs("http://b.test/f", bad))
		require.ErrorIs(t, err, littledl.ErrInvalidURL, bad)
		require.ErrorContains(t, err, "backup")
		require.NotContains(t, err.Error(), secret)
	}
	for _, o := range []littledl.URLOption{
		littledl.WithHash("sha256", strings.Repeat("a", 40)), littledl.WithHash("crc32", "00000000"),
		littledl.WithHeader(http.Header{"Range": {"bytes=0-1"}}), littledl.WithPriority(-1),
	} {
		_, err := d.AddURL("http://a.test/f", o)
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	require.Empty(t, d.GetAllTasks())
}
