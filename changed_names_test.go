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
