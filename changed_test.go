//go:build unix

package littledl_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// OverwriteChanged: what is there stays if it is the file, and is replaced if it is not.

// tree is a server's files, each with its place, and what lies there.
type tree struct {
	*bed
	files []*File
	opts  func(f *File) []littledl.URLOption
}

func (t *tree) path(i int) string { return filepath.Join(t.dir, t.files[i].Name()) }

// mirror downloads the tree with a downloader of its own, and returns the names of those whose
// bodies were fetched, each once.
func (t *tree) mirror() (fetched map[string]bool, err error) {
	t.Helper()
	t.again()
	t.srv.ResetRecords()
	for _, f := range t.files {
		opts := []littledl.URLOption{littledl.WithFilename(f.Name())}
		if t.opts != nil {
			opts = append(opts, t.opts(f)...)
		}
		t.add(f, opts...)
	}
	t.d.SetProgressCallback(nil)
	err = t.d.Start(t.Context())
	fetched = map[string]bool{}
	for _, r := range t.srv.GETs() {
		name := r.Path[1:]
		require.False(t, fetched[name], "%s is fetched twice", name)
		fetched[name] = true
	}
	return fetched, err
}

// looks are what the system says of the files that are there.
func (t *tree) looks() map[string]os.FileInfo {
	t.Helper()
	looks := map[string]os.FileInfo{}
	require.NoError(t, filepath.WalkDir(t.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(t.dir, path)
		looks[filepath.ToSlash(name)], err = e.Info()
		return err
	}))
	return looks
}

// right: each file is what the server has, and nothing else is there.
func (t *tree) right() {
	t.Helper()
	require.Len(t, t.looks(), len(t.files))
	for i, f := range t.files {
		got, err := os.ReadFile(t.path(i))
		require.NoError(t, err)
		require.Equal(t, Bytes(f.Content()), got, f.Name())
	}
}

// TestTreeIsRepaired: of a thousand files those are fetched that are damaged, missing or changed,
// and no other is touched.
func TestTreeIsRepaired(t *testing.T) {
	for _, digests := range []bool{false, true} {
		t.Run(fmt.Sprint("digests ", digests), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite, b.files = littledl.OverwriteChanged, 20
				tr := &tree{bed: b}
				if digests {
					tr.opts = func(f *File) []littledl.URLOption { return hashIf(true, f) }
				}
				n := 1000
				if underRace {
					n = 200
				}
				for i := range n {
					tr.files = append(tr.files, b.srv.File(fmt.Sprintf("d%02d/%03d.bin", i%10, i), Size(int64(1+i*7%3000)), LastModified(stamped)))
				}
				fetched, err := tr.mirror()
				require.NoError(b, err)
				require.Len(b, fetched, n)
				tr.right()

				want := map[string]bool{}
				damage := func(i int, how func(path string) error) {
					require.NoError(b, how(tr.path(i)))
					want[tr.files[i].Name()] = true
				}
				damage(10, func(path string) error { return os.Truncate(path, 1) })
				damage(21, func(path string) error { return errors.Join(os.WriteFile(path, []byte("other"), 0o600)) })
				damage(32, func(path string) error {
					b := append(Bytes(tr.files[32].Content()), 0)
					b[0]++
					at := stamped
					if !digests {
						at = stamped.Add(time.Second)
					}
					return errors.Join(os.WriteFile(path, b[:len(b)-1], 0o600), os.Chtimes(path, at, at))
				})
				damage(43, os.Remove)
				damage(54, os.Remove)
				for i := 60; i < 110; i += 10 {
					tr.files[i].Set(Version(2))
					want[tr.files[i].Name()] = true
				}
				before := tr.looks()
				fetched, err = tr.mirror()
				require.NoError(b, err)
				require.Equal(b, want, fetched)
				tr.right()
				for name, info := range tr.looks() {
					was := before[name]
					same := was != nil && os.SameFile(was, info) && was.ModTime().Equal(info.ModTime())
					require.Equal(b, !want[name], same, name)
				}
				if digests { // the network is not needed
					b.srv.Behave(RSTNow())
				}
				fetched, err = tr.mirror()
				require.NoError(b, err)
				require.Empty(b, fetched)
				if digests {
					require.Empty(b, b.srv.Requests())
				}
			})
		})
	}
}

// TestUnmarkedIsCompared: what others have put there is fetched and compared once, and stays where
// its bytes are right; then it is known.
func TestUnmarkedIsCompared(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteChanged
		tr := &tree{bed: b}
		for i := range 4 {
			f := b.srv.File(fmt.Sprintf("%d.bin", i), Size(20*kib))
			tr.files = append(tr.files, f)
			require.NoError(b, os.WriteFile(tr.path(i), Bytes(f.Content()), 0o640))
		}
		require.NoError(b, os.WriteFile(tr.path(3), make([]byte, 20*kib), 0o640))
		before := tr.looks()
		fetched, err := tr.mirror()
		require.NoError(b, err)
		require.Len(b, fetched, 4)
		tr.right()
		for i := range 4 {
			name := tr.files[i].Name()
			require.Equal(b, i < 3, os.SameFile(before[name], tr.looks()[name]), name)
			require.Equal(b, os.FileMode(0o640), tr.looks()[name].Mode())
		}
		fetched, err = tr.mirror()
		require.NoError(b, err)
		require.Empty(b, fetched)
	})
}

// TestRepairThatFails: what was there stays.
func TestRepairThatFails(t *testing.T) {
	for what, c := range map[string]struct {
		manners Behaviour
		opts    []littledl.URLOption
		is      error
	}{
		"not there":  {Status(404), nil, nil},
		"cut":        {ShortBody(100), nil, nil},
		"wrong hash": {Good(), []littledl.URLOption{littledl.WithHash("md5", "00000000000000000000000000000000")}, littledl.ErrHashMismatch},
		"wrong size": {Good(), []littledl.URLOption{littledl.WithSize(5)}, littledl.ErrSizeMismatch},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite = littledl.OverwriteChanged
				f := b.srv.File("a.bin", Size(20*kib), Behave(c.manners))
				b.plant("a.bin", "of old")
				b.add(f, c.opts...)
				err := b.start()
				require.Error(b, err)
				if c.is != nil {
					require.ErrorIs(b, err, c.is)
				}
			})
		})
	}
}
