//go:build unix

package littledl_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// plantings are what somebody may have put under a name, by how; outside is a file of
// theirs elsewhere.
var plantings = map[string]func(at, outside string) error{
	"symbolic link": func(at, outside string) error { return os.Symlink(outside, at) },
	"dangling link": func(at, outside string) error { return os.Symlink(outside+".new", at) },
	"link to a directory": func(at, outside string) error {
		return os.Symlink(filepath.Dir(outside), at)
	},
	"hard link": func(at, outside string) error { return os.Link(outside, at) },
	"FIFO":      func(at, _ string) error { return syscall.Mkfifo(at, 0o600) },
	"directory": func(at, _ string) error { return os.Mkdir(at, 0o700) },
	"socket":    func(at, _ string) error { return bindSocket(at) },
}

// bindSocket makes a socket, closed but there.
func bindSocket(at string) error {
	s, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(s)
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	defer os.Chdir(here)
	if err := os.Chdir(filepath.Dir(at)); err != nil { // such names must be short
		return err
	}
	return syscall.Bind(s, &syscall.SockaddrUnix{Name: filepath.Base(at)})
}

// 97: no policy writes through what has the name; a link gives way to the file at most.
func TestPlantedAtTheName(t *testing.T) {
	for name, plant := range plantings {
		for rule, policy := range policies {
			t.Run("97 "+name+", "+rule, func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = policy
					outside := filepath.Join(b.TempDir(), "theirs")
					require.NoError(b, os.WriteFile(outside, []byte("theirs"), 0o600))
					at := filepath.Join(b.dir, "a.bin")
					require.NoError(b, plant(at, outside))
					before, err := os.Lstat(at)
					require.NoError(b, err)

					isLink := before.Mode().IsRegular() || before.Mode()&os.ModeSymlink != 0
					replaced := policy == littledl.OverwriteReplace && isLink
					kept := policy == littledl.OverwriteSkip && (name == "hard link" || name == "symbolic link")
					id := b.add(b.srv.File("a.bin", Size(100*kib)))
					if kept {
						b.want[id] = whatever
					}
					err = b.d.Start(b.Context())
					now, err2 := os.Lstat(at)
					require.NoError(b, err2)
					require.Equal(b, !replaced, os.SameFile(before, now))
					switch {
					case policy == littledl.OverwriteError, policy == littledl.OverwriteReplace && !isLink:
						require.ErrorIs(b, err, littledl.ErrFileExists)
						require.Less(b, b.srv.BytesSent(), int64(200*kib))
					case kept:
						require.NoError(b, err)
						require.True(b, b.task(id).Reused)
						require.EqualValues(b, len("theirs"), b.task(id).FileSize)
					default:
						require.NoError(b, err)
						require.Equal(b, replaced, b.task(id).Path() == at)
						file, err := os.Lstat(b.task(id).Path())
						require.NoError(b, err)
						require.True(b, file.Mode().IsRegular())
						require.NoError(b, b.compare(b.task(id)))
					}
					text, err := os.ReadFile(outside)
					require.NoError(b, err)
					require.Equal(b, "theirs", string(text))
					require.NoFileExists(b, outside+".new")
				})
			})
		}
	}
}

// 98: nor is anything written through what has the name of a part, which somebody who
// has seen one may know; another name is used.
func TestPlantedAtThePart(t *testing.T) {
	t.Parallel()
	for name, plant := range plantings {
		t.Run("98 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.leave()
				left, err := os.ReadDir(b.dir)
				require.NoError(b, err)
				require.NotEmpty(b, left)

				outside := filepath.Join(b.TempDir(), "theirs")
				require.NoError(b, os.WriteFile(outside, []byte("theirs"), 0o600))
				for _, e := range left {
					at := filepath.Join(b.dir, e.Name())
					require.NoError(b, os.Remove(at))
					require.NoError(b, plant(at, outside))
				}
				id := b.anew(f)
				require.Equal(b, "a.bin", b.task(id).Filename)
				text, err := os.ReadFile(outside)
				require.NoError(b, err)
				require.Equal(b, "theirs", string(text))
				require.NoFileExists(b, outside+".new")
				if name != "hard link" { // a name of ours that no other may hold
					now, err := os.ReadDir(b.dir)
					require.NoError(b, err)
					require.Len(b, now, 1+len(left), "what was planted is not ours to delete")
				}
			})
		})
	}
}

// 98: a journal whose part has given way to something that can be no part goes with it.
func TestJournalWithoutPart(t *testing.T) {
	t.Parallel()
	for name, plant := range plantings {
		if name == "hard link" { // which could be a part
			continue
		}
		t.Run("98 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.leave()
				parts, err := filepath.Glob(filepath.Join(b.dir, "*.ldpart"))
				require.NoError(b, err)
				require.Len(b, parts, 1)
				require.NoError(b, os.Remove(parts[0]))
				require.NoError(b, plant(parts[0], filepath.Join(b.TempDir(), "theirs")))
				b.anew(f)
				left, err := filepath.Glob(filepath.Join(b.dir, "*.ldjournal"))
				require.NoError(b, err)
				require.Empty(b, left)
			})
		})
	}
}

// Rule 29: a file has the rights that the umask leaves, or those of what it replaces, and is
// never executable, also where that was.
func TestFileModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteReplace
		tool := filepath.Join(b.dir, "tool.sh")
		require.NoError(b, os.WriteFile(tool, []byte("#!/bin/sh\n"), 0o700))
		small := b.srv.File("small.bin")
		b.add(small)
		b.add(small, littledl.WithFilename("copy.bin"))
		b.add(b.srv.File("large.bin", Size(8*mib)))
		b.add(b.srv.File("tool.sh", Type("application/x-sh")))
		b.d.SetProgressCallback(nil) // the old tool.sh is not to be looked at
		require.NoError(b, b.d.Start(b.Context()))
		for _, task := range b.d.GetAllTasks() {
			info, err := os.Stat(task.Path())
			require.NoError(b, err)
			want := os.FileMode(0o640)
			if task.Filename == "tool.sh" {
				want = 0o600
			}
			require.Equal(b, want, info.Mode().Perm(), task.Filename)
		}
	})
}
