package littledl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// The directory that files are saved in is not what it was.

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
				require.Equal(b, "write", opOf(err))
				require.NoDirExists(b, b.dir)
				require.Empty(b, b.openFiles())
				require.Less(b, len(b.srv.GETs()), 9, "no retry helps")

				b.floor, b.restarts = 0, 1
				require.NoError(b, b.start())
				require.True(b, b.task(id).IsCompleted())
			})
		})
	}
}

// 100: the directory is deleted while files are on their way into it.
func TestDirectoryGone(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(Same(line(1 << 20)))
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.file("large.bin", 16<<20)
		for i := range 6 {
			b.file(fmt.Sprint("small", i), 1<<20)
		}
		time.AfterFunc(1500*time.Millisecond, func() { require.NoError(b, os.RemoveAll(b.dir)) })
		began := time.Now()
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, fs.ErrNotExist)
		require.Less(b, time.Since(began), 20*time.Second)
		require.True(b, b.task("task-1").IsFailed())
		require.True(b, b.task("task-2").IsCompleted(), "it was there when it was told")
		require.True(b, b.task("task-7").IsFailed())
		for i := range 6 {
			require.LessOrEqual(b, len(b.srv.GETs(fmt.Sprint("small", i))), 1)
		}
		_, err = os.Stat(b.dir)
		require.ErrorIs(b, err, fs.ErrNotExist, "it is not made again behind the user's back")

		require.NoError(b, b.get().Start(b.Context()), "a later Start makes it anew")
		for _, task := range b.get().GetAllTasks()[2:] {
			b.same(task.Path(), b.want[task.TaskID])
		}
		b.same(b.task("task-1").Path(), b.want["task-1"])
	})
}

// TestDirectoryIsMade: a directory that is missing is made, with those above it.
func TestDirectoryIsMade(t *testing.T) {
	inBubble(t, func(b *bed) {
		dir := filepath.Join(b.dir, "new", "deep")
		b.dir = dir
		b.add(b.srv.File("a.bin"))
		b.add(b.srv.File("b.bin"))
		require.NoError(b, b.start())
		finals, _ := b.listing()
		require.Equal(b, []string{filepath.Join(dir, "a.bin"), filepath.Join(dir, "b.bin")}, finals)
	})
}
