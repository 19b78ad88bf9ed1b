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

// TestOneNameOneFile: who is to have the name of another is told so, when it is added or at its
// first headers, and replaces nothing.
func TestOneNameOneFile(t *testing.T) {
	for what, c := range map[string]struct {
		names [2]string // in the URL
		given [2]string
		disp  [2]string
		added bool // it is known when it is added
	}{
		"given twice":          {names: [2]string{"x", "y"}, given: [2]string{"a.bin", "a.bin"}, added: true},
		"by URL":               {names: [2]string{"x/a.bin", "y/a.bin"}},
		"by URL, and given":    {names: [2]string{"x/a.bin", "y"}, given: [2]string{"", "a.bin"}},
		"by the server":        {names: [2]string{"x", "y"}, disp: [2]string{"a.bin", "a.bin"}},
		"by URL and server":    {names: [2]string{"x/a.bin", "y"}, disp: [2]string{"", "a.bin"}},
		"by server and given":  {names: [2]string{"x", "y"}, given: [2]string{"", "a.bin"}, disp: [2]string{"a.bin", ""}},
		"differing in case":    {names: [2]string{"x/a.bin", "y/A.bin"}},
		"of a numbered form":   {names: [2]string{"x/a.bin", "y/a (1).bin"}},
		"a sub-directory, too": {names: [2]string{"x", "y"}, given: [2]string{"s/a.bin", "s/a.bin"}, added: true},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite, b.files = littledl.OverwriteChanged, 1
				var ids []string
				for i, name := range c.names {
					f := b.srv.File(name, Size(20*kib))
					if c.disp[i] != "" {
						f.Behave(Disposition("attachment; filename=" + c.disp[i]))
					}
					opts := []littledl.URLOption{littledl.WithSavePath(b.dir)}
					if c.given[i] != "" {
						opts = append(opts, littledl.WithFilename(c.given[i]))
					}
					id, err := b.downloader().AddURL(f.URL(), opts...)
					if c.added && i == 1 {
						require.ErrorIs(b, err, littledl.ErrDuplicateTarget)
						return
					}
					require.NoError(b, err)
					ids = append(ids, id)
				}
				b.d.SetProgressCallback(nil)
				err := b.d.Start(b.Context())
				if what == "of a numbered form" {
					require.NoError(b, err)
					require.Equal(b, "a (1).bin", b.task(ids[1]).Filename)
					return
				}
				require.ErrorIs(b, err, littledl.ErrDuplicateTarget)
				require.Equal(b, "name", opOf(err))
				failed := failures(b, err)
				require.Len(b, failed, 1)
				entries, err := os.ReadDir(b.dir)
				require.NoError(b, err)
				require.Len(b, entries, 1)
				winner := map[string]int{ids[1]: 0, ids[0]: 1}[failed[0].TaskID]
				got, err := os.ReadFile(filepath.Join(b.dir, entries[0].Name()))
				require.NoError(b, err)
				require.Equal(b, Bytes(b.srv.Content(c.names[winner])), got)
			})
		})
	}
}

// TestSameURLTwiceIsRepairedOnce is one file, and no name too many.
func TestSameURLTwiceIsRepairedOnce(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteChanged
		f := b.srv.File("a.bin", Size(20*kib))
		for range 2 {
			_, err := b.downloader().AddURL(f.URL(), littledl.WithSavePath(b.dir))
			require.NoError(b, err)
		}
		b.d.SetProgressCallback(nil)
		require.NoError(b, b.d.Start(b.Context()))
		require.Len(b, b.srv.GETs(), 1)
	})
}

// TestServersNameRepairs: by a name that only the server knows its own file is kept, and repaired;
// what was never fetched from there is not touched.
func TestServersNameRepairs(t *testing.T) {
	for what, c := range map[string]struct {
		first bool // it was fetched before
		then  func(t *tree) error
		gets  int
		fails error
	}{
		"nothing there": {gets: 1},
		"right":         {first: true},
		"changed": {first: true, then: func(t *tree) error {
			t.files[0].Set(Version(2), Behave(Disposition("attachment; filename=r.csv")))
			return nil
		}, gets: 1},
		"damaged":   {first: true, then: func(t *tree) error { return os.WriteFile(filepath.Join(t.dir, "r.csv"), []byte("damage"), 0o600) }, gets: 1},
		"another's": {then: func(t *tree) error { return os.WriteFile(filepath.Join(t.dir, "r.csv"), []byte("precious"), 0o600) }, gets: 1, fails: littledl.ErrFileExists},
		"another's, of its size": {then: func(t *tree) error {
			return os.WriteFile(filepath.Join(t.dir, "r.csv"), make([]byte, 20*kib), 0o600)
		}, gets: 1, fails: littledl.ErrFileExists},
		"its bytes": {then: func(t *tree) error {
			return os.WriteFile(filepath.Join(t.dir, "r.csv"), Bytes(t.files[0].Content()), 0o600)
		}, gets: 1},
		"another's in its place": {first: true, then: func(t *tree) error {
			path := filepath.Join(t.dir, "r.csv")
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("precious"), 0o600))
		}, gets: 1, fails: littledl.ErrFileExists},
		"a directory": {then: func(t *tree) error { return os.MkdirAll(filepath.Join(t.dir, "r.csv"), 0o700) }, gets: 1, fails: littledl.ErrFileExists},
	} {
		for _, hash := range []bool{false, true} {
			t.Run(fmt.Sprint(what, " ", hash), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = littledl.OverwriteChanged
					tr := &tree{bed: b, files: []*File{b.srv.File("get", Size(20*kib), Behave(Disposition("attachment; filename=r.csv")))}}
					fetch := func() error {
						b.again()
						b.srv.ResetRecords()
						b.add(tr.files[0], hashIf(hash, tr.files[0])...)
						b.d.SetProgressCallback(nil)
						return b.d.Start(b.Context())
					}
					if c.first {
						require.NoError(b, fetch())
					}
					if c.then != nil {
						require.NoError(b, c.then(tr))
					}
					before := tr.looks()["r.csv"]
					err := fetch()
					require.Len(b, b.srv.GETs(), c.gets)
					if c.fails != nil {
						require.ErrorIs(b, err, c.fails)
						require.True(b, before == nil || os.SameFile(before, tr.looks()["r.csv"]))
						return
					}
					require.NoError(b, err)
					looks := tr.looks()
					require.Len(b, looks, 1)
					got, err := os.ReadFile(filepath.Join(b.dir, "r.csv"))
					require.NoError(b, err)
					require.Equal(b, Bytes(tr.files[0].Content()), got)
				})
			})
		}
	}
}

// TestAppearsBeforeItsRepair: what gets a server's name while its file is fetched stays.
func TestAppearsBeforeItsRepair(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		inBoth(t, func(b *bed) {
			b.conf.Overwrite = littledl.OverwriteChanged
			f := b.srv.File("get", Size(8*mib), Behave(Disposition("attachment; filename=r.csv")))
			if replaced {
				b.add(f)
				require.NoError(b, b.start())
				b.again()
				f.Set(Version(2))
			}
			f.Behave(Disposition("attachment; filename=r.csv"), Slow(mib))
			at := filepath.Join(b.dir, "r.csv")
			b.add(f)
			time.AfterFunc(time.Second, func() { _ = errors.Join(os.RemoveAll(at), os.WriteFile(at, []byte("precious"), 0o600)) })
			b.d.SetProgressCallback(nil)
			require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrFileExists)
			got, err := os.ReadFile(at)
			require.NoError(b, err)
			require.Equal(b, "precious", string(got))
		})
	}
}
