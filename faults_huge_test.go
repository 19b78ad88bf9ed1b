package littledl_test

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
)

// TestBeyond4GiB is number 33 of the catalogue: the bytes around 2^31 and 2^32 and the
// last ones of 5 GiB are fetched into a part that has all others, which are holes.
func TestBeyond4GiB(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size, around = 5 << 30, 3000
		network := faultserver.NewNet()
		srv := faultserver.Start(t, faultserver.On(network, "files.test:80"))
		file := srv.File("a.bin", faultserver.Size(size))
		missing := []int64{1<<31 - around, 1<<32 - around, size - 2*around}
		dir := t.TempDir()
		sparse(t, dir, file, size, 2*around, missing)

		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{DialContext: network.DialContext, Proxy: noProxy}))
		require.NoError(t, err)
		id, err := d.AddURL(file.URL(), littledl.WithSavePath(dir))
		require.NoError(t, err)
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

// alone has every name to itself.
type alone struct{}

func (alone) Unowned(string) bool                    { return true }
func (alone) Free(string) bool                       { return true }
func (alone) Take(string) bool                       { return true }
func (alone) Reserve(string) bool                    { return true }
func (alone) Uncontested(string) bool                { return true }
func (alone) Claim(name string, n int) (string, int) { return name, n }

// sparse leaves of a file what another process might have: a part of holes that counts as
// fetched but for n bytes at each of the missing offsets.
func sparse(t *testing.T, dir string, file *faultserver.File, size, n int64, missing []int64) {
	dirs := disk.NewDirs(partfile.OpenDir)
	defer dirs.CloseAll()
	u, err := url.Parse(file.URL())
	require.NoError(t, err)
	target := disk.NewTarget(dirs, &disk.Policy{Resume: true}, disk.Want{Dir: dir, Name: "a.bin", URL: u}, alone{})
	_, err = target.Settle(disk.Answer{Name: "a.bin", Size: size, Sure: true})
	require.NoError(t, err)
	require.NoError(t, target.Create(false))
	require.NoError(t, target.BeginLog(httprange.Pin{Size: size, ETag: file.Representation().ETag}, 0, digest.Sum{}))
	_, err = target.WriteAt([]byte{0}, size-1) // what is before is a hole
	require.NoError(t, err)
	notes, zeros, from := target.Record(), make([]byte, 4<<20), int64(0)
	for _, lo := range append(missing, size) {
		for ; from < lo; from += min(int64(len(zeros)), lo-from) {
			require.NoError(t, notes.Wrote(from, zeros[:min(int64(len(zeros)), lo-from)]))
		}
		from = lo + n
	}
	require.NoError(t, notes.Flush())
	require.False(t, target.Keep().IsZero())
	target.Close()
}
