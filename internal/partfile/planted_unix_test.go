//go:build unix

package partfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// plants are what somebody may have put where a file is to go; each says how to
// plant it there, secret being a file elsewhere.
var plants = map[string]func(at, secret string) error{
	"symbolic link":          func(at, secret string) error { return os.Symlink(secret, at) },
	"dangling symbolic link": func(at, secret string) error { return os.Symlink(secret+".new", at) },
	"hard link":              func(at, secret string) error { return os.Link(secret, at) },
	"FIFO":                   func(at, _ string) error { return syscall.Mkfifo(at, 0o600) },
	"directory":              func(at, _ string) error { return os.Mkdir(at, 0o700) },
}

// secret is a file outside the directory, and a check that nobody touched it.
func secret(t *testing.T) (path string, untouched func()) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(path, []byte("secret"), 0o600))
	return path, func() {
		t.Helper()
		holds(t, dir, map[string]string{"secret": "secret"})
	}
}

func TestPlantedPart(t *testing.T) {
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			path, d := open(t)
			outside, untouched := secret(t)
			require.NoError(t, plant(filepath.Join(path, "a.bin.k.ldpart"), outside))
			p, err := d.Create("a.bin", "k")
			require.NoError(t, err, "another name is tried")
			fill(t, p, "whole")
			untouched()
			require.NoError(t, p.Publish("a.bin", false))
			untouched()
			got, err := os.ReadFile(filepath.Join(path, "a.bin"))
			require.NoError(t, err)
			require.Equal(t, "whole", string(got))
		})
	}
	t.Run("another user's file", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can make a file of another user")
		}
		path, d := open(t)
		theirs := filepath.Join(path, "a.bin.k.ldpart")
		require.NoError(t, os.WriteFile(theirs, []byte("theirs"), 0o666))
		require.NoError(t, os.Chown(theirs, 12345, 12345))
		p, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		fill(t, p, "ours")
		require.Regexp(t, `^a\.bin\.k-\d+\.ldpart$`, p.name)
		holds(t, path, map[string]string{"a.bin.k.ldpart": "theirs", p.name: "ours"})
		p.Discard()
	})
	t.Run("at every name that can be known", func(t *testing.T) {
		path, d := open(t)
		for n := range 100 {
			require.NoError(t, os.Mkdir(filepath.Join(path, partName("a.bin", "k", n, Suffix)), 0o700))
		}
		k, ok := logged(t, d, "a.bin", "k").Kept()
		require.True(t, ok)
		p, log, err := reopened(t, path).Resume("a.bin", "k", false)
		require.NoError(t, err)
		require.NotNil(t, p, "it is found by its key")
		require.Equal(t, k.name, p.name)
		require.NotEmpty(t, log.Extents)
		require.NoError(t, p.Publish("a.bin", false))
		require.Len(t, names(t, path), 101)
	})
}

// TestPlantedJournal: a part whose journal's name is taken has another name; where that happens
// later, it is downloaded without one.
func TestPlantedJournal(t *testing.T) {
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			path, d := open(t)
			outside, untouched := secret(t)
			at := filepath.Join(path, "a.bin.k.ldjournal")
			p, err := d.Create("a.bin", "k")
			require.NoError(t, err)
			require.NoError(t, plant(at, outside))
			before, err := os.Lstat(at)
			require.NoError(t, err)
			require.Error(t, p.Log(head))
			require.False(t, p.Resumable())
			second := filepath.Join(path, "b.bin.k.ldjournal")
			require.NoError(t, plant(second, outside))
			other, err := d.Create("b.bin", "k")
			require.NoError(t, err)
			require.NoError(t, other.Log(head))
			require.True(t, other.Resumable())
			other.Discard()
			require.NoError(t, os.RemoveAll(second))
			untouched()
			note(t, fill(t, p, "whole"), 0, "whole")
			require.NoError(t, p.SyncAfter(0))
			require.NoError(t, p.Publish("a.bin", false))
			untouched()
			after, err := os.Lstat(at)
			require.NoError(t, err)
			require.True(t, os.SameFile(before, after))
			require.ElementsMatch(t, []string{"a.bin", "a.bin.k.ldjournal"}, names(t, path))
		})
	}
}

// TestPlantedBeforeResume: what stands in the place of a part or of its journal when
// the next process comes is not gone on from, nor touched.
func TestPlantedBeforeResume(t *testing.T) {
	for _, ext := range []string{Suffix, JournalSuffix} {
		for name, plant := range plants {
			t.Run(name+" "+ext, func(t *testing.T) {
				path := t.TempDir()
				k := leave(t, path, "a.bin", "k")
				outside, untouched := secret(t)
				at := filepath.Join(path, "a.bin.k"+ext)
				require.NoError(t, os.Remove(at))
				require.NoError(t, plant(at, outside))
				_, err := reopened(t, path).Reopen(k)
				require.Error(t, err)
				d := reopened(t, path)
				p, _, err := d.Resume("a.bin", "k", true)
				require.NoError(t, err)
				require.Nil(t, p)
				untouched()
				p, err = d.Create("a.bin", "k")
				require.NoError(t, err)
				_ = p.Log(head)
				require.NoError(t, fill(t, p, "whole").Publish("a.bin", false))
				untouched()
				got, err := os.ReadFile(filepath.Join(path, "a.bin"))
				require.NoError(t, err)
				require.Equal(t, "whole", string(got))
			})
		}
	}
}

// TestOthersLeft: another user's part or journal is neither gone on from nor touched.
func TestOthersLeft(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a file of another user")
	}
	for _, ext := range []string{Suffix, JournalSuffix} {
		path := t.TempDir()
		leave(t, path, "a.bin", "k")
		theirs := filepath.Join(path, "a.bin.k"+ext)
		require.NoError(t, os.Chown(theirs, 12345, 12345))
		before, err := os.ReadFile(theirs)
		require.NoError(t, err)
		d := reopened(t, path)
		p, _, err := d.Resume("a.bin", "k", true)
		require.NoError(t, err)
		require.Nil(t, p)
		p, err = d.Create("a.bin", "k")
		require.NoError(t, err)
		require.NoError(t, p.Log(head), "under another name")
		require.NoError(t, fill(t, p, "ours").Publish("a.bin", false))
		after, err := os.ReadFile(theirs)
		require.NoError(t, err)
		require.Equal(t, before, after)
	}
}

func TestPlantedTarget(t *testing.T) {
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
				outside, untouched := secret(t)
				target := filepath.Join(path, "a.bin")
				require.NoError(t, plant(target, outside))
				p := fill(t, create("a.bin", "k"), "ours")
				require.ErrorIs(t, p.Publish("a.bin", false), fs.ErrExist)
				untouched()
				before, err := os.Lstat(target)
				require.NoError(t, err)
				err = p.Publish("a.bin", true)
				untouched()
				if name == "FIFO" || name == "directory" {
					require.ErrorContains(t, err, "not a regular file")
					after, err := os.Lstat(target)
					require.NoError(t, err)
					require.True(t, os.SameFile(before, after))
					p.Discard()
					return
				}
				require.NoError(t, err)
				holds(t, path, map[string]string{"a.bin": "ours"})
				info, err := os.Lstat(target)
				require.NoError(t, err)
				require.True(t, info.Mode().IsRegular(), "the link gave way to the file")
			})
		})
	}
}

// TestOpenNeverBlocks: reading what exists follows no link and waits for no FIFO.
func TestOpenNeverBlocks(t *testing.T) {
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			path, d := open(t)
			outside, _ := secret(t)
			require.NoError(t, plant(filepath.Join(path, "a.bin"), outside))
			f, err := d.Open("a.bin")
			if name == "hard link" {
				require.NoError(t, err, "one name of a file is as good as another")
				f.Close()
				return
			}
			require.Error(t, err)
			_, err = d.Stat("a.bin")
			require.NoError(t, err)
		})
	}
}

// TestConfined: a sub-directory that is a link leads nowhere else, and one that is
// swapped for a link later does not either.
func TestConfined(t *testing.T) {
	path, elsewhere := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(path, "sub")))
	_, err := OpenDir(path, "sub")
	require.Error(t, err)
	_, err = OpenDir(path, "sub/deeper")
	require.Error(t, err)
	holds(t, elsewhere, map[string]string{})

	require.NoError(t, os.Remove(filepath.Join(path, "sub")))
	d, err := OpenDir(path, "sub")
	require.NoError(t, err)
	defer d.Close()
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "whole")
	require.NoError(t, os.Rename(filepath.Join(path, "sub"), filepath.Join(path, "moved")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(path, "sub")))
	require.NoError(t, p.Publish("a.bin", false))
	holds(t, elsewhere, map[string]string{})
	holds(t, filepath.Join(path, "moved"), map[string]string{"a.bin": "whole"})
}

// TestFullDisk: reserving more than any disk has is the one failure of Preallocate.
func TestFullDisk(t *testing.T) {
	_, d := open(t)
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	defer p.Discard()
	if err := p.Preallocate(1<<20, 1<<60); err != nil {
		require.True(t, IsFull(err), err)
	}
	require.True(t, IsFull(&fs.PathError{Op: "write", Err: syscall.ENOSPC}))
	require.True(t, IsFull(syscall.EDQUOT))
	require.False(t, IsFull(syscall.EIO))
}
