package partfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func testMark(source, version byte) (m Mark) {
	m.Source[0], m.Version[0] = source, version
	return m
}

// published makes a marked file.
func published(t *testing.T, d *Dir, name string, mtime time.Time, m Mark) {
	t.Helper()
	p, err := d.Create(name, "k")
	require.NoError(t, err)
	require.NoError(t, fill(t, p, "whole").Seal(mtime, m, false))
	require.NoError(t, p.Publish(name, false))
}

// TestMark: a mark goes with the file, until somebody writes to it.
func TestMark(t *testing.T) {
	path, d := open(t)
	m := testMark(1, 2)
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	published(t, d, "dated.bin", old, m)
	published(t, d, "undated.bin", time.Time{}, m)
	published(t, d, "unmarked.bin", old, Mark{})
	require.Equal(t, m, d.MarkOf("dated.bin"))
	require.Equal(t, m, d.MarkOf("undated.bin"), "the time of its last write")
	require.Zero(t, d.MarkOf("unmarked.bin"))
	require.Zero(t, d.MarkOf("nothing.bin"))

	require.NoError(t, os.Chtimes(filepath.Join(path, "dated.bin"), old, old.Add(time.Nanosecond)))
	require.Zero(t, d.MarkOf("dated.bin"))
	require.NoError(t, os.Symlink("undated.bin", filepath.Join(path, "link.bin")))
	require.Zero(t, d.MarkOf("link.bin"), "a link is not followed")
}

// TestStamp: only what was looked at gets a mark.
func TestStamp(t *testing.T) {
	path, d := open(t)
	at := filepath.Join(path, "theirs.bin")
	require.NoError(t, os.WriteFile(at, []byte("whole"), 0o600))
	looked, err := d.Stat("theirs.bin")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(at, []byte("wrote"), 0o600))
	require.NoError(t, os.Chtimes(at, time.Time{}, looked.ModTime().Add(time.Second)))
	d.Stamp("theirs.bin", looked, testMark(1, 1))
	require.Zero(t, d.MarkOf("theirs.bin"))
	looked, err = d.Stat("theirs.bin")
	require.NoError(t, err)
	d.Stamp("theirs.bin", looked, testMark(1, 1))
	require.Equal(t, testMark(1, 1), d.MarkOf("theirs.bin"))
}

// TestUnmark: what is known to be another file says nothing any more.
func TestUnmark(t *testing.T) {
	_, d := open(t)
	published(t, d, "a.bin", time.Time{}, testMark(1, 1))
	d.Unmark("a.bin")
	require.Zero(t, d.MarkOf("a.bin"))
	d.Unmark("nothing.bin")
}

// TestFrom: files are found by their source, of those that were there.
func TestFrom(t *testing.T) {
	path, d := open(t)
	require.False(t, d.MayBeMarked(), "there was nothing")
	published(t, d, "a.bin", time.Time{}, testMark(1, 1))
	published(t, d, "b.bin", time.Time{}, testMark(2, 1))
	published(t, d, "c.bin", time.Time{}, testMark(1, 2))
	again, err := OpenDir(path, "")
	require.NoError(t, err)
	defer again.Close()
	require.True(t, again.MayBeMarked())
	require.ElementsMatch(t, []string{"a.bin", "c.bin"}, again.From(t.Context(), testMark(1, 0).Source))
	require.Empty(t, again.From(t.Context(), testMark(3, 0).Source))
}
