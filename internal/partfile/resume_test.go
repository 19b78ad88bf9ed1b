package partfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/journal"
)

var head = journal.Head{Size: 1000, ETag: `"v1"`, LastModified: "Mon, 06 Jul 1998 05:04:03 GMT", DateStrong: true, Algorithm: "md5", Digest: "0123456789abcdef"}

// logged makes a part with a journal that notes "half".
func logged(t *testing.T, d *Dir, name, key string) *Part {
	t.Helper()
	p, err := d.Create(name, key)
	require.NoError(t, err)
	require.NoError(t, p.Log(head))
	require.True(t, p.Resumable())
	note(t, fill(t, p, "half"), 0, "half")
	return p
}

// note has a text noted that the part has at off.
func note(t *testing.T, p *Part, off int64, text string) {
	t.Helper()
	r := p.Record()
	require.NoError(t, r.Wrote(off, []byte(text)))
	require.NoError(t, r.Flush())
}

// leave is what a process leaves behind.
func leave(t *testing.T, path, name, key string) Kept {
	t.Helper()
	d := reopened(t, path)
	k, ok := logged(t, d, name, key).Kept()
	require.True(t, ok)
	require.True(t, k.Resumable())
	return k
}

// reopened is a directory as the next process finds it.
func reopened(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := OpenDir(path, "")
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// names are what is in a directory.
func names(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// logOf reads the journal of a part.
func logOf(t *testing.T, path, name string) journal.Log {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path, name))
	require.NoError(t, err)
	l, err := journal.Decode(b)
	require.NoError(t, err)
	require.EqualValues(t, len(b), l.Len, "every byte of it is whole")
	return l
}

func extentOf(off int64, text string) journal.Extent {
	return journal.Extent{Off: off, Len: int64(len(text)), CRC: journal.Checksum(0, []byte(text))}
}

// TestResume: the next process finds a part by its key, whatever name the file has by
// then, with what was noted, and goes on noting.
func TestResume(t *testing.T) {
	for _, name := range []string{"a.bin", "other.bin", "", strings.Repeat("x", 300)} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			leave(t, path, "a.bin", "k")
			d := reopened(t, path)
			require.True(t, d.HasLeft())
			p, log, err := d.Resume(name, "k", true)
			require.NoError(t, err)
			require.NotNil(t, p)
			require.True(t, p.Resumable())
			want := head
			want.ID = log.Head.ID
			require.Equal(t, want, log.Head)
			require.Equal(t, []journal.Extent{extentOf(0, "half")}, log.Extents)
			_, err = p.WriteAt([]byte("more"), 4)
			require.NoError(t, err)
			note(t, p, 4, "more")
			after := logOf(t, path, "a.bin.k.ldjournal")
			require.Equal(t, []journal.Extent{extentOf(0, "half"), extentOf(4, "more")}, after.Extents)
			require.NotEqual(t, log.Nonce, after.Nonce, "the part is ours now")
			require.NoError(t, p.Publish("b.bin", false))
			holds(t, path, map[string]string{"b.bin": "halfmore"})
		})
	}
}

// TestResumeNothing: where nothing is left of a job, there is nothing to go on from, and
// what is left of others stays.
func TestResumeNothing(t *testing.T) {
	path := t.TempDir()
	require.False(t, reopened(t, path).HasLeft())
	leave(t, path, "a.bin", "k")
	before := names(t, path)
	d := reopened(t, path)
	for _, key := range []string{"K", "k2", "", "k-1", "a.bin.k"} {
		p, _, err := d.Resume("a.bin", key, true)
		require.NoError(t, err)
		require.Nil(t, p)
		d.Tidy("a.bin", key, true)
	}
	require.Equal(t, before, names(t, path))
}

// TestResumeLongNames: names that had to be cut, inside a rune too, are found again.
func TestResumeLongNames(t *testing.T) {
	path := t.TempDir()
	for n := range 4 {
		name := strings.Repeat("x", 200+n) + strings.Repeat("é", 50) + ".bin"
		leave(t, path, name, fmt.Sprint("k", n))
		for _, crowded := range []bool{false, true} {
			d := reopened(t, path)
			if crowded {
				d.names, d.left = nil, nil
			}
			p, _, err := d.Resume(name, fmt.Sprint("k", n), true)
			require.NoError(t, err)
			require.NotNil(t, p)
			_, ok := p.Kept()
			require.True(t, ok)
		}
	}
}

// TestResumeInCrowd: in a directory with too many names to know them all, a part is
// found by the name of its file.
func TestResumeInCrowd(t *testing.T) {
	path := t.TempDir()
	leave(t, path, "a.bin", "k")
	d := onDisk(t, path, &changed{crowd: maxNames - 2})
	require.NotNil(t, d.names)
	d = onDisk(t, path, &changed{crowd: maxNames - 1})
	require.Nil(t, d.names)
	require.True(t, d.HasLeft(), "nobody knows")
	require.False(t, d.New("a.bin"), "nobody knows")
	p, _, err := d.Resume("b.bin", "k", true)
	require.NoError(t, err)
	require.Nil(t, p)
	d.Tidy("b.bin", "k", true)
	p, log, err := d.Resume("a.bin", "k", true)
	require.NoError(t, err)
	require.NotNil(t, p)
	require.Len(t, log.Extents, 1)
	_, ok := p.Kept()
	require.True(t, ok)
	d.Tidy("a.bin", "k", true)
	require.Empty(t, names(t, path))
	require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin.k.ldjournal"), nil, 0o600))
	d.Tidy("a.bin", "k", true)
	require.Empty(t, names(t, path), "a journal alone goes too")
}

func TestResumeLocked(t *testing.T) {
	path, d := open(t)
	p := logged(t, d, "a.bin", "k")
	other := reopened(t, path)
	_, _, err := other.Resume("a.bin", "k", true)
	require.ErrorIs(t, err, ErrLocked)
	before := names(t, path)
	other.Tidy("a.bin", "k", true)
	require.Equal(t, before, names(t, path), "what is in use stays")
	note(t, p, 0, "half")
	require.NoError(t, p.Publish("a.bin", false))
	_, _, err = other.Resume("a.bin", "k", true)
	require.NoError(t, err, "it was seen once, and is gone")
}

// TestResumeUseless: a part that nobody can go on from is removed, with its journal, and
// nothing that is not ours.
func TestResumeUseless(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(part, log string) error
		left  []string
	}{
		"no journal":      {func(_, log string) error { return os.Remove(log) }, nil},
		"no part":         {func(part, _ string) error { return os.Remove(part) }, nil},
		"empty journal":   {func(_, log string) error { return os.Truncate(log, 0) }, nil},
		"torn head":       {func(_, log string) error { return os.Truncate(log, 40) }, nil},
		"foreign journal": {func(_, log string) error { return os.WriteFile(log, []byte("LDJ2"), 0o600) }, nil},
		"huge journal":    {func(_, log string) error { return os.Truncate(log, journal.MaxLen+1) }, nil},
		"linked journal":  {func(_, log string) error { return os.Link(log, log+".theirs") }, []string{"a.bin.k.ldjournal", "a.bin.k.ldjournal.theirs"}},
		"journal is a directory": {func(_, log string) error {
			return errorsJoin(os.Remove(log), os.Mkdir(log, 0o700))
		}, []string{"a.bin.k.ldjournal"}},
		"part is a directory": {func(part, _ string) error {
			return errorsJoin(os.Remove(part), os.Mkdir(part, 0o700))
		}, []string{"a.bin.k.ldpart"}},
		"linked part": {func(part, _ string) error { return os.Link(part, part+".theirs") }, []string{"a.bin.k.ldpart.theirs"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			leave(t, path, "a.bin", "k")
			require.NoError(t, c.spoil(filepath.Join(path, "a.bin.k.ldpart"), filepath.Join(path, "a.bin.k.ldjournal")))
			d := reopened(t, path)
			p, _, err := d.Resume("a.bin", "k", true)
			require.NoError(t, err)
			require.Nil(t, p)
			require.ElementsMatch(t, c.left, names(t, path))
			p, err = d.Create("a.bin", "k")
			require.NoError(t, err, "begun anew")
			_ = p.Log(head) // where it can be
			require.NoError(t, fill(t, p, "new").Publish("a.bin", false))
			require.ElementsMatch(t, append(c.left, "a.bin"), names(t, path))
		})
	}
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestResumeTornJournal: what cannot be believed is cut off before anything is added.
func TestResumeTornJournal(t *testing.T) {
	for _, tail := range []string{"x", strings.Repeat("\x00", 1000), strings.Repeat("torn", 30)} {
		path := t.TempDir()
		leave(t, path, "a.bin", "k")
		log := filepath.Join(path, "a.bin.k.ldjournal")
		f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
		require.NoError(t, err)
		_, err = f.WriteString(tail)
		require.NoError(t, err)
		f.Close()
		p, _, err := reopened(t, path).Resume("a.bin", "k", true)
		require.NoError(t, err)
		note(t, p, 0, "ha")
		require.Len(t, logOf(t, path, "a.bin.k.ldjournal").Extents, 2)
		p.Discard()
		holds(t, path, map[string]string{})
	}
}
