package littledl_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
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
// last ones of a file that is longer are fetched into a part that has all others, which are
// holes. The file is kept when it is wanted again.
func TestBeyond4GiB(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size, around = 1<<32 + 8<<20, 3000
		network := faultserver.NewNet()
		srv := faultserver.Start(t, faultserver.On(network, "files.test:80"))
		file := srv.File("a.bin", faultserver.Size(size))
		missing := []int64{1<<31 - around, 1<<32 - around, size - 2*around}
		dir := t.TempDir()
		sparse(t, dir, file, size, 2*around, missing)

		fetch := func() littledl.FileTask {
			d, err := littledl.NewBatchDownloader(
				littledl.WithConfig(littledl.DownloadConfig{DialContext: network.DialContext, Proxy: noProxy}),
				overDisk(func(d partfile.Disk) partfile.Disk { return &holed{d, append(missing, 0), 2 * around} }))
			require.NoError(t, err)
			id, err := d.AddURL(file.URL(), littledl.WithSavePath(dir))
			require.NoError(t, err)
			require.NoError(t, d.Start(t.Context()))
			task, _ := d.GetTask(id)
			return task
		}
		task := fetch()
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
		if runtime.GOOS != "windows" { // no marks there
			again := fetch()
			require.True(t, again.Reused)
			require.EqualValues(t, 3*2*around, srv.BytesSent())
		}
	})
}

// holed is a disk whose holes cost no reading: systems make pages of zeros of them, all 4 GiB.
type holed struct {
	partfile.Disk
	data []int64 // where there are bytes
	n    int64   // so many
}

func (d *holed) Open(name string, flag int, perm fs.FileMode) (partfile.File, error) {
	f, err := d.Disk.Open(name, flag, perm)
	if err != nil || filepath.Ext(name) == partfile.JournalSuffix {
		return f, err
	}
	return &holedFile{f, d}, nil
}

func (d *holed) Link(f partfile.File, name, to string) error {
	if h, ok := f.(*holedFile); ok {
		f = h.File
	}
	return d.Disk.Link(f, name, to)
}

type holedFile struct {
	partfile.File
	disk *holed
}

func (f *holedFile) ReadAt(b []byte, off int64) (int, error) {
	for _, lo := range f.disk.data {
		if off < lo+f.disk.n && lo < off+int64(len(b)) {
			return f.File.ReadAt(b, off)
		}
	}
	clear(b)
	return len(b), nil
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
	is := file.Representation()
	version := httprange.Pin{Size: size, ETag: is.ETag, LastModified: is.LastModified.UTC().Format(http.TimeFormat)}
	require.NoError(t, target.BeginLog(version, 0, digest.Sum{}))
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
