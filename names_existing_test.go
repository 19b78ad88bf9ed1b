package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// plant puts a file of somebody else into the directory.
func (b *batch) plant(name, text string) {
	b.Helper()
	require.NoError(b, os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600))
}

func (b *batch) text(name string) string {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	require.NoError(b, err)
	return string(text)
}

// TestOverwritePolicy: what becomes of other content that has the name.
func TestOverwritePolicy(t *testing.T) {
	const theirs, ours = "their content", "a.bin"
	for name, c := range map[string]struct {
		policy littledl.OverwritePolicy
		want   string // the file's name, "" for a failure
		kept   string // what a.bin holds then, "" for ours
		gets   int
	}{
		"Rename":  {littledl.OverwriteRename, "a (1).bin", theirs, 1},
		"Replace": {littledl.OverwriteReplace, ours, "", 1},
		"Skip":    {littledl.OverwriteSkip, ours, theirs, 0},
		"Error":   {littledl.OverwriteError, "", theirs, 1},
	} {
		for how, opts := range map[string][]littledl.URLOption{"by URL": nil, "by WithFilename": {littledl.WithFilename(ours)}} {
			t.Run(name+" "+how, func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					b.conf.Overwrite = c.policy
					b.plant(ours, theirs)
					id := b.add(b.srv.File("x/a.bin", faultserver.Size(50<<10)), opts...)
					err := b.get().Start(b.Context())
					task := b.task(id)
					if c.kept != "" {
						require.Equal(b, c.kept, b.text(ours))
					}
					gets := c.gets
					if c.policy == littledl.OverwriteSkip && opts == nil { // the server may call it otherwise, and is not to be asked by HEAD before a GET
						gets = 1
					}
					require.Len(b, b.srv.GETs(), gets)
					require.Empty(b, b.srv.HEADs())
					require.Equal(b, c.policy == littledl.OverwriteSkip, task.Reused)
					if c.want == "" {
						require.ErrorIs(b, err, littledl.ErrFileExists)
						require.Equal(b, []string{ours}, b.list())
						return
					}
					require.NoError(b, err)
					require.Equal(b, c.want, task.Filename)
					if !task.Reused {
						b.same(task.Path(), b.srv.Content("x/a.bin"))
					}
				})
			})
		}
	}
}

// TestSkipIsNoDirectory: a directory of the name is not the file, under no policy.
func TestSkipIsNoDirectory(t *testing.T) {
	for policy := littledl.OverwriteRename; policy <= littledl.OverwriteError; policy++ {
		batchBubble(t, func(b *batch) {
			b.conf.Overwrite = policy
			require.NoError(b, os.Mkdir(filepath.Join(b.dir, "a.bin"), 0o700))
			id := b.file("a.bin", 100)
			err := b.get().Start(b.Context())
			if policy == littledl.OverwriteReplace || policy == littledl.OverwriteError {
				require.ErrorIs(b, err, littledl.ErrFileExists)
				return
			}
			require.NoError(b, err)
			require.Equal(b, "a (1).bin", b.task(id).Filename)
		})
	}
}

// TestSecondRunFetchesNothing: a batch that is run again keeps what it finds, by size
// and Last-Modified, or by the hash that is given, and leaves no copies.
func TestSecondRunFetchesNothing(t *testing.T) {
	t.Parallel()
	for policy := littledl.OverwriteRename; policy <= littledl.OverwriteError; policy++ {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				var files []*faultserver.File
				files = append(files, b.srv.File("large.bin", faultserver.Size(8<<20)))
				for i := range 5 {
					files = append(files, b.srv.File(fmt.Sprintf("%d/a.bin", i), faultserver.Size(int64(10+i)<<10)))
				}
				hashed := b.srv.File("hashed.bin", faultserver.LastModified(time.Time{}))
				run := func() error {
					for _, f := range files {
						b.add(f)
					}
					b.add(hashed, littledl.WithHash("sha256", hashed.Sum()))
					return b.start()
				}
				require.NoError(b, run())
				before := b.list()
				require.Len(b, before, 7)
				b.srv.ResetRecords()
				b.d, b.conf.Overwrite = nil, policy
				require.NoError(b, run())
				require.Equal(b, before, b.list())
				stats := b.get().GetStats()
				if policy == littledl.OverwriteReplace {
					require.Zero(b, stats.ReusedFiles)
					require.NotEmpty(b, b.srv.GETs())
					return
				}
				require.Zero(b, b.srv.BytesSent())
				require.Equal(b, 7, stats.ReusedFiles)
				require.Equal(b, stats.TotalBytes, stats.BytesSaved)
				require.Equal(b, 100.0, stats.ProgressPercent)
			})
		})
	}
}

// TestSameIsProven: neither name nor size makes a file the same.
func TestSameIsProven(t *testing.T) {
	for name, change := range map[string]func(b *batch, path string){
		"other content":  func(b *batch, path string) { b.plant("a.bin", strings.Repeat("x", 50<<10)) },
		"other time":     func(b *batch, path string) { require.NoError(b, os.Chtimes(path, time.Time{}, time.Now())) },
		"other size":     func(b *batch, path string) { require.NoError(b, os.Truncate(path, 50<<10-1)) },
		"a newer remote": func(b *batch, _ string) { b.srv.Lookup("a.bin").Set(faultserver.Version(2)) },
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(50<<10))
				b.add(f)
				require.NoError(b, b.start())
				change(b, b.task("task-1").Path())
				b.d = nil
				id := b.add(f)
				require.NoError(b, b.get().Start(b.Context()))
				require.False(b, b.task(id).Reused)
				want := []string{"a (1).bin", "a.bin"}
				if name == "other time" { // proves nothing, but the bytes are the same
					want = want[1:]
				}
				require.Equal(b, want, b.list())
				b.same(b.task(id).Path(), f.Content())
			})
		})
	}
	t.Run("by hash", func(t *testing.T) {
		batchBubble(t, func(b *batch) {
			f := b.srv.File("a.bin", faultserver.Data([]byte("right")))
			b.plant("a.bin", "wrong")
			b.plant("a (1).bin", "right")
			id := b.add(f, littledl.WithHash("sha256", f.Sum()))
			require.NoError(b, b.get().Start(b.Context()))
			require.True(b, b.task(id).Reused)
			require.Equal(b, "a (1).bin", b.task(id).Filename)
			require.Empty(b, b.srv.GETs())
		})
	})
}

// TestNameTakenMeanwhile: a file that appears under the name while ours is fetched is
// treated as the policy says, and never replaced by chance.
func TestNameTakenMeanwhile(t *testing.T) {
	for policy, want := range map[littledl.OverwritePolicy][]string{
		littledl.OverwriteRename:  {"a (1).bin", "a.bin"},
		littledl.OverwriteReplace: {"a.bin"},
		littledl.OverwriteError:   {"a.bin"},
	} {
		for _, size := range []int64{1 << 20, 8 << 20} {
			t.Run(fmt.Sprint(policy, size), func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					b.conf.Overwrite = policy
					b.net.Shape(faultserver.Same(line(1 << 20)))
					id := b.file("a.bin", size)
					time.AfterFunc(500*time.Millisecond, func() { b.plant("a.bin", "theirs") })
					err := b.get().Start(b.Context())
					require.Equal(b, want, b.list())
					if policy == littledl.OverwriteError {
						require.ErrorIs(b, err, littledl.ErrFileExists)
						require.Equal(b, "theirs", b.text("a.bin"))
						return
					}
					require.NoError(b, err)
					b.same(b.task(id).Path(), b.srv.Content("a.bin"))
				})
			})
		}
	}
}
