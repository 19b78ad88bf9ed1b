package littledl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

var policies = map[string]littledl.OverwritePolicy{
	"rename": littledl.OverwriteRename, "replace": littledl.OverwriteReplace, "skip": littledl.OverwriteSkip, "error": littledl.OverwriteError,
}

// 93: whatever has the name already, be it the file's own begin or all of it and more,
// is never written to, and never taken for the file by its length.
func TestUnrelatedFile(t *testing.T) {
	const size = 200 * kib
	right := string(Bytes(Generate("/a.bin", 1, size)))
	for name, text := range map[string]string{
		"shorter": right[:size/2], "as long": strings.Repeat("x", size), "longer": right + "x", "empty": "",
	} {
		for rule, policy := range policies {
			t.Run("93 "+name+", "+rule, func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = policy
					path := b.plant("a.bin", text)
					id := b.add(b.srv.File("a.bin", Size(size)))
					gets, filename, want := 1, "a.bin", error(nil)
					switch policy {
					case littledl.OverwriteRename:
						filename = "a (1).bin"
					case littledl.OverwriteReplace:
						delete(b.theirs, path)
					case littledl.OverwriteSkip:
						gets, b.want[id] = 0, []Content{strings.NewReader(text)}
					default:
						want = littledl.ErrFileExists
					}
					require.ErrorIs(b, b.start(), want)
					require.Len(b, b.srv.GETs(), gets)
					if want == nil {
						require.Equal(b, filename, b.task(id).Filename)
						require.Equal(b, policy == littledl.OverwriteSkip, b.task(id).Reused)
					}
				})
			})
		}
	}
}

// 94: name, size and time of another file prove nothing where a digest is given.
func TestCandidateIsProven(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(100*kib))
		path := b.plant("a.bin", strings.Repeat("x", 100*kib))
		modified := f.Representation().LastModified
		require.NoError(b, os.Chtimes(path, modified, modified))
		b.restarts = 1 // the first answer is given up while what is there is looked at
		id := b.add(f, enhHash(f.Content()))
		require.NoError(b, b.start())
		require.Equal(b, "a (1).bin", b.task(id).Filename)
		require.False(b, b.task(id).Reused)
		require.LessOrEqual(b, len(b.srv.GETs()), 2)
	})
}

// 99: a directory that is swapped for a link in the middle of a transfer leads nowhere.
func TestDirectorySwapped(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"small": 2 * mib, "large": 8 * mib} {
		for _, sub := range []string{"", "sub", "sub/deeper"} {
			t.Run(fmt.Sprintf("99 %s in %q", name, sub), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					top := b.dir
					b.dir = filepath.Join(top, "save")
					elsewhere, moved := b.TempDir(), filepath.Join(top, "moved")
					swapped := b.dir
					if sub != "" {
						swapped = filepath.Join(b.dir, "sub")
					}
					f := b.srv.File("a.bin", Size(size), Behave(Slow(mib)))
					id := b.add(f, littledl.WithFilename(filepath.ToSlash(filepath.Join(sub, "a.bin"))))
					time.AfterFunc(500*time.Millisecond, func() {
						require.NoError(b, os.Rename(swapped, moved))
						require.NoError(b, os.Symlink(elsewhere, swapped))
					})
					require.NoError(b, b.d.Start(b.Context()))
					require.True(b, b.task(id).IsCompleted())
					left, err := os.ReadDir(elsewhere)
					require.NoError(b, err)
					require.Empty(b, left)
					var found []string
					require.NoError(b, filepath.WalkDir(moved, func(path string, e fs.DirEntry, err error) error {
						if e.Type().IsRegular() {
							found = append(found, path)
						}
						return err
					}))
					require.Len(b, found, 1, "it is where the directory is now")
					text, err := os.ReadFile(found[0])
					require.NoError(b, err)
					require.True(b, string(Bytes(f.Content())) == string(text))
				})
			})
		}
	}
}

// 100: a directory that is deleted in the middle of a transfer is an error, soon, and
// the next Start makes it again.
func TestDirectoryDeleted(t *testing.T) {
	for name, size := range map[string]int64{"small": 2 * mib, "large": 8 * mib} {
		t.Run("100 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.dir = filepath.Join(b.dir, "save")
				f := b.srv.File("a.bin", Size(size), Behave(First(8, Slow(mib))))
				id := b.add(f)
				time.AfterFunc(500*time.Millisecond, func() { require.NoError(b, os.RemoveAll(b.dir)) })
				err := b.d.Start(b.Context())
				require.ErrorIs(b, err, fs.ErrNotExist)
				var fe *littledl.FileError
				require.ErrorAs(b, err, &fe)
				require.Equal(b, "write", fe.Op)
				require.NoDirExists(b, b.dir)
				require.Empty(b, b.descriptors())
				require.Less(b, len(b.srv.GETs()), 9, "no retry helps")

				b.floor, b.restarts = 0, 1
				require.NoError(b, b.start())
				require.True(b, b.task(id).IsCompleted())
			})
		})
	}
}
