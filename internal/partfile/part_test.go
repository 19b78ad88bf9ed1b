package partfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestWriteAtOnceEverywhere(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		p := create("a.bin", "k")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := p.WriteAt([]byte(strings.Repeat(string(rune('a'+i)), 1000)), int64(7-i)*1000)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		size, err := p.Size()
		require.NoError(t, err)
		require.EqualValues(t, 8000, size)
		b := make([]byte, 2)
		_, err = p.ReadAt(b, 999)
		require.NoError(t, err)
		require.Equal(t, "hg", string(b))
		require.NoError(t, p.Truncate(1000))
		require.NoError(t, p.Publish("a.bin", false))
		holds(t, path, map[string]string{"a.bin": strings.Repeat("h", 1000)})
	})
}

func TestPreallocate(t *testing.T) {
	each(t, func(t *testing.T, path string, _ *Dir, create func(name, key string) *Part) {
		p := fill(t, create("a.bin", "k"), "begun")
		require.NoError(t, p.Preallocate(1<<20, 1<<20))
		size, err := p.Size()
		require.NoError(t, err)
		require.EqualValues(t, 5, size, "the length tells what was written")
		require.NoError(t, p.Publish("a.bin", false))
		holds(t, path, map[string]string{"a.bin": "begun"})
	})
}

func TestSeal(t *testing.T) {
	each(t, func(t *testing.T, path string, d *Dir, create func(name, key string) *Part) {
		modified := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		p := fill(t, create("a.bin", "k"), "whole")
		require.NoError(t, p.Seal(modified, Mark{}, true))
		require.NoError(t, p.Publish("a.bin", false))
		info, err := d.Stat("a.bin")
		require.NoError(t, err)
		require.True(t, modified.Equal(info.ModTime()), info.ModTime())
		require.NoError(t, d.Sync())

		p = fill(t, create("b.bin", "k"), "whole")
		require.NoError(t, p.Seal(time.Time{}, Mark{}, false))
		require.NoError(t, p.Publish("b.bin", false))
		info, err = d.Stat("b.bin")
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), info.ModTime(), time.Minute, "a server without Last-Modified changes nothing")
	})
}

func TestLocked(t *testing.T) {
	path, d := open(t)
	first, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, first, "first")
	_, err = d.Create("a.bin", "k")
	require.ErrorIs(t, err, ErrLocked)
	other, err := d.Create("a.bin", "another")
	require.NoError(t, err, "another source's part is another file")
	other.Discard()
	holds(t, path, map[string]string{"a.bin.k.ldpart": "first"})

	kept, ok := first.Kept()
	require.True(t, ok)
	reopened, err := d.Reopen(kept)
	require.NoError(t, err)
	_, err = d.Create("a.bin", "k")
	require.ErrorIs(t, err, ErrLocked, "opened again, it is in use")
	_, err = d.Reopen(kept)
	require.ErrorIs(t, err, ErrLocked)
	reopened.Discard()
	holds(t, path, map[string]string{})
}

// TestCreateRace: two who want the same part at once never write to one file.
func TestCreateRace(t *testing.T) {
	path, d := open(t)
	for range 50 {
		var mu sync.Mutex
		var mine []*Part
		race(4, func(int) {
			p, err := d.Create("a.bin", "k")
			if err != nil {
				require.ErrorIs(t, err, ErrLocked)
				return
			}
			mu.Lock()
			mine = append(mine, p)
			mu.Unlock()
		})
		require.Len(t, mine, 1)
		mine[0].Discard()
	}
	holds(t, path, map[string]string{})
}

func TestLeftBehindIsEmptied(t *testing.T) {
	path, d := open(t)
	require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin.k.ldpart"), []byte("of an earlier process"), 0o600))
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "new")
	require.NoError(t, p.Publish("a.bin", false))
	holds(t, path, map[string]string{"a.bin": "new"})
}

func keep(t *testing.T, d *Dir) Kept {
	t.Helper()
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "half")
	k, ok := p.Kept()
	require.True(t, ok)
	return k
}

func TestReopen(t *testing.T) {
	path, d := open(t)
	k := keep(t, d)
	p, err := d.Reopen(k)
	require.NoError(t, err)
	_, err = p.WriteAt([]byte(" and half"), 4)
	require.NoError(t, err)
	require.NoError(t, p.Publish("a.bin", false))
	holds(t, path, map[string]string{"a.bin": "half and half"})

	p, err = d.Nameless("a.bin", "k")
	require.NoError(t, err)
	if _, ok := p.Kept(); d.nameless.Load() {
		require.False(t, ok, "nothing is left of what has no name")
	}
}

// TestReopenTampered: what anybody touched in between is not gone on with.
func TestReopenTampered(t *testing.T) {
	for name, tamper := range map[string]func(part string) error{
		"appended": func(part string) error { return os.Truncate(part, 5) },
		"rewritten": func(part string) error {
			return os.WriteFile(part, []byte("evil"), 0o600)
		},
		"touched": func(part string) error { return os.Chtimes(part, time.Now(), time.Now().Add(time.Hour)) },
		"removed": os.Remove,
		"replaced": func(part string) error {
			if err := os.WriteFile(part+"2", []byte("half"), 0o600); err != nil {
				return err
			}
			return os.Rename(part+"2", part)
		},
		"linked": func(part string) error { return os.Link(part, part+"2") },
		"a symbolic link": func(part string) error {
			if err := os.Rename(part, part+"2"); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(part)+"2", part)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, d := open(t)
			k := keep(t, d)
			part := filepath.Join(path, k.name)
			// The clock of a file system may be too coarse to tell two moments apart.
			require.NoError(t, os.Chtimes(part, time.Time{}, time.Unix(0, k.is.mtime)))
			require.NoError(t, tamper(part))
			_, err := d.Reopen(k)
			require.Error(t, err)
		})
	}
}

func TestRemove(t *testing.T) {
	path, d := open(t)
	k := keep(t, d)
	d.Remove(k)
	holds(t, path, map[string]string{})
	k = keep(t, d)
	theirs := filepath.Join(path, "theirs")
	require.NoError(t, os.WriteFile(theirs, []byte("theirs"), 0o600))
	require.NoError(t, os.Rename(theirs, filepath.Join(path, k.name)))
	d.Remove(k)
	holds(t, path, map[string]string{k.name: "theirs"})
}

func TestPartName(t *testing.T) {
	require.Equal(t, "a.bin.0a1b.ldpart", partName("a.bin", "0a1b", 0, Suffix))
	require.Equal(t, "a.bin.0a1b-3.ldpart", partName("a.bin", "0a1b", 3, Suffix))
	require.Equal(t, "a.bin.k.ldpart", partName("sub/a.bin", "k", 0, Suffix))
	for n := range 20 {
		got := partName(strings.Repeat("x", 240-n)+strings.Repeat("é", 20), "0a1b2c3d", 1, Suffix)
		require.LessOrEqual(t, len(got), 255)
		require.True(t, utf8.ValidString(got))
		require.True(t, strings.HasSuffix(got, ".0a1b2c3d-1.ldpart"))
	}
}

func TestOpenDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "too")
	d, err := OpenDir(path, "x/y")
	require.NoError(t, err)
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	fill(t, p, "whole")
	require.NoError(t, p.Publish("a.bin", false))
	require.NoError(t, d.Close())
	holds(t, filepath.Join(path, "x", "y"), map[string]string{"a.bin": "whole"})

	file := filepath.Join(path, "x", "y", "a.bin")
	_, err = OpenDir(file, "")
	require.Error(t, err, "a file is no directory")
	_, err = OpenDir(path, "x/y/a.bin/z")
	require.Error(t, err)
	_, err = OpenDir(path, "../../elsewhere")
	require.Error(t, err)
	_, err = os.Stat(filepath.Join(path, "..", "..", "elsewhere"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestPreallocateInSteps: what is reserved already is not gone through again, which of a large file
// takes longer than to write it.
func TestPreallocateInSteps(t *testing.T) {
	var got [][2]int64
	var full error
	d := onDisk(t, t.TempDir(), &changed{file: func(_ string, f *changedFile) {
		f.reserved = func(from, upto int64) error {
			got = append(got, [2]int64{from, upto})
			return full
		}
	}})
	p, err := d.Create("a", "k")
	require.NoError(t, err)
	defer p.Discard()
	for _, upto := range []int64{1 << 20, 1 << 20, 3 << 20, 2 << 20, 4 << 20} {
		require.NoError(t, p.Preallocate(upto, 4<<20))
	}
	require.Equal(t, [][2]int64{{0, 1 << 20}, {1 << 20, 3 << 20}, {3 << 20, 4 << 20}}, got)

	require.NoError(t, p.Truncate(1<<20)) // which gives the rest back
	require.NoError(t, p.Preallocate(2<<20, 4<<20))
	require.NoError(t, p.Empty())
	require.NoError(t, p.Preallocate(1<<20, 4<<20))
	require.Equal(t, [][2]int64{{1 << 20, 2 << 20}, {0, 1 << 20}}, got[3:])

	if full = syscall.ENOSPC; !IsFull(full) { // it has another name here
		return
	}
	require.ErrorIs(t, p.Preallocate(2<<20, 4<<20), full)
	full = nil // somebody has made room
	require.NoError(t, p.Preallocate(2<<20, 4<<20))
	require.Equal(t, [][2]int64{{1 << 20, 2 << 20}, {1 << 20, 2 << 20}}, got[5:])
}
