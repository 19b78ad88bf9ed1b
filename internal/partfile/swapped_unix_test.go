//go:build unix

package partfile

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// swapping is a disk on which a neighbour has a FIFO take the place of a name as soon as that
// was looked at.
type swapping struct {
	Disk
	path, name string
}

func (d *swapping) Lstat(name string) (fs.FileInfo, error) {
	info, err := d.Disk.Lstat(name)
	if name == d.name && err == nil && info.Mode().IsRegular() {
		at := filepath.Join(d.path, name)
		_ = os.Rename(at, at+".theirs")
		err = syscall.Mkfifo(at, 0o600)
	}
	return info, err
}

// inTime fails a test in which something waits for somebody to open the other end of a FIFO; then
// it opens that.
func inTime(t *testing.T, fifo string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("it waits for ever")
		if f, err := os.OpenFile(fifo, os.O_RDWR, 0); err == nil {
			<-done
			f.Close()
		}
	}
}

// 192: a FIFO that comes between a look and what follows holds nobody up, whatever it replaces.
func TestFIFOInTheRightMoment(t *testing.T) {
	for what, do := range map[string]func(d *Dir) error{
		"a file at hand":               func(d *Dir) error { _, err := d.Open("a.bin"); return err },
		"its mark":                     func(d *Dir) error { d.MarkOf("a.bin"); return nil },
		"marking it":                   func(d *Dir) error { d.Stamp("a.bin", nil, Mark{Source: [8]byte{1}}); return nil },
		"taking its mark":              func(d *Dir) error { d.Unmark("a.bin"); return nil },
		"bringing it to the disk":      func(d *Dir) error { return d.SyncFile("a.bin") },
		"all marks":                    func(d *Dir) error { d.From(context.Background(), [8]byte{1}); return nil },
		"a part that is to be removed": func(d *Dir) error { d.Tidy("b.bin", "k", false); return nil },
		"a part": func(d *Dir) error {
			p, _, err := d.Resume("b.bin", "k", false)
			if p != nil {
				p.Discard()
			}
			return err
		},
		"a part's name": func(d *Dir) error {
			p, err := d.Create("b.bin", "k")
			if err == nil {
				p.Discard()
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			for _, name := range []string{"a.bin", partName("b.bin", "k", 0, Suffix), partName("b.bin", "k", 0, JournalSuffix)} {
				path, first := open(t)
				require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin"), []byte("theirs"), 0o600))
				_, ok := logged(t, first, "b.bin", "k").Kept()
				require.True(t, ok)
				disk, err := OpenDisk(path, "")
				require.NoError(t, err)
				d := NewDir(&swapping{disk, path, name})
				inTime(t, filepath.Join(path, name), func() { err = do(d) })
				if name != "a.bin" {
					require.NoError(t, err, "there is another way")
				} else if theirs, e := os.ReadFile(filepath.Join(path, "a.bin.theirs")); e == nil {
					require.Equal(t, "theirs", string(theirs))
				}
				require.NoError(t, d.Close())
			}
		})
	}
}

// 192: nor does one in the place of a directory.
func TestFIFOForADirectory(t *testing.T) {
	path := t.TempDir()
	fifo := filepath.Join(path, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(path, "real"), 0o700))
	require.NoError(t, os.Symlink("real", filepath.Join(path, "link")))
	d, err := OpenDir(path, "link")
	require.NoError(t, err, "a link that does not lead out")
	require.NoError(t, d.Close())

	for what, do := range map[string]func() error{
		"the save directory": func() error { _, err := os.OpenRoot(fifo + inside); return err },
		"one below it": func() error {
			root, err := os.OpenRoot(path)
			require.NoError(t, err)
			defer root.Close()
			_, err = root.OpenRoot("fifo" + inside)
			return err
		},
		"one that is looked through": func() error {
			root, err := os.OpenRoot(path)
			require.NoError(t, err)
			defer root.Close()
			_, err = tree{root.FS(), root, 9}.ReadDir("fifo")
			return err
		},
		"where a link leads": func() error { _, err := OpenAny(fifo); return err },
	} {
		t.Run(what, func(t *testing.T) {
			inTime(t, fifo, func() { require.Error(t, do()) })
		})
	}
}

// TestWalk: all that is there is visited, but for what links lead to, until it is enough.
func TestWalk(t *testing.T) {
	path, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "b", "c"), 0o700))
	for _, name := range []string{"a", "b/x", "b/c/y", "z"} {
		require.NoError(t, os.WriteFile(filepath.Join(path, filepath.FromSlash(name)), nil, 0o600))
	}
	require.NoError(t, os.Symlink(outside, filepath.Join(path, "link")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(path, "fifo"), 0o600))
	walk := func(ctx context.Context, most int) (files []string) {
		Walk(ctx, path, most, func(name string, e fs.DirEntry) bool {
			if e.Type().IsRegular() {
				files = append(files, name)
			}
			return true
		})
		return files
	}
	require.Equal(t, []string{"a", "b/c/y", "b/x", "z"}, walk(t.Context(), 100))
	require.Less(t, len(walk(t.Context(), 3)), 4)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.Empty(t, walk(over, 100))
	Walk(t.Context(), filepath.Join(path, "none"), 100, nil)
}
