package littledl

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
)

// TestBeyond4GiB is number 33 of the catalogue: the bytes around 2^31 and 2^32 and the
// last ones of 5 GiB are fetched into a part that has all others, which are holes.
func TestBeyond4GiB(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, around = 5 << 30, 3000
		network := faultserver.NewNet()
		srv := faultserver.Start(t, faultserver.On(network, "files.test:80"))
		file := srv.File("a.bin", faultserver.Size(size))
		missing := []int64{1<<31 - around, 1<<32 - around, size - 2*around}

		dir := t.TempDir()
		d, err := NewBatchDownloader(WithConfig(DownloadConfig{
			DialContext: network.DialContext, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
		}))
		require.NoError(t, err)
		id, err := d.AddURL(file.URL(), WithSavePath(dir))
		require.NoError(t, err)
		d.tasks[0].kept = sparse(t, dir, size, 2*around, missing)
		d.tasks[0].kept.pin.ETag = file.Representation().ETag
		d.tasks[0].name = "a.bin"
		require.NoError(t, d.Start(t.Context()))

		task, _ := d.GetTask(id)
		require.Equal(t, filepath.Join(dir, "a.bin"), task.Path())
		f, err := os.Open(task.Path())
		require.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		require.NoError(t, err)
		require.Equal(t, int64(size), info.Size())
		for _, lo := range missing {
			want := io.NewSectionReader(file.Content(), lo, 2*around)
			require.NoError(t, faultserver.Compare(io.NewSectionReader(f, lo, 2*around), want), "at %d", lo)
		}
		require.EqualValues(t, 3*2*around, srv.BytesSent())
	})
}

// sparse makes what an earlier Start may have left of a file: a part of holes that
// counts as fetched but for n bytes at each of the missing offsets.
func sparse(t *testing.T, name string, size, n int64, missing []int64) *saved {
	dir, err := partfile.OpenDir(name, "")
	require.NoError(t, err)
	defer dir.Close()
	part, err := dir.Create("a.bin", "key")
	require.NoError(t, err)
	require.NoError(t, part.Truncate(size))
	s := &saved{pin: &httprange.Pin{Size: size}}
	from := int64(0)
	for _, lo := range missing {
		s.done.Add(from, lo)
		from = lo + n
	}
	s.done.Add(from, size)
	s.left, s.hasLeft = part.Kept()
	require.True(t, s.hasLeft)
	return s
}
