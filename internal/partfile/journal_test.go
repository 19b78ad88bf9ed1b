package partfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/journal"
)

func TestLog(t *testing.T) {
	path, d := open(t)
	p := logged(t, d, "a.bin", "k")
	first := logOf(t, path, "a.bin.k.ldjournal")
	require.Equal(t, []journal.Extent{extentOf(0, "half")}, first.Extents)
	require.NoError(t, p.Log(head), "begun again, it forgets")
	second := logOf(t, path, "a.bin.k.ldjournal")
	require.Empty(t, second.Extents)
	require.NotEqual(t, first.Head.ID, second.Head.ID)
	require.NoError(t, p.Empty())
	require.False(t, p.Resumable())
	holds(t, path, map[string]string{"a.bin.k.ldpart": ""})
	require.NoError(t, p.Log(head))
	p.Discard()
	holds(t, path, map[string]string{})
}

// TestLogNot: a part without a name, or of what cannot be written down, has no journal,
// and is as good.
func TestLogNot(t *testing.T) {
	path, d := open(t)
	long := head
	long.ETag = strings.Repeat("x", 2000)
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	require.NoError(t, p.Log(long))
	require.False(t, p.Resumable())
	note(t, fill(t, p, "whole"), 0, "whole")
	require.NoError(t, p.SyncAfter(0))
	require.NoError(t, p.Publish("a.bin", false))
	if p, err = d.TryNameless("a.bin", key("k")); p != nil {
		require.NoError(t, p.Log(head))
		require.False(t, p.Resumable())
		p.Discard()
	}
	require.NoError(t, err)
	holds(t, path, map[string]string{"a.bin": "whole"})
}

// TestLogEnds: a journal that has become too long to be read is not made longer.
func TestLogEnds(t *testing.T) {
	path, d := open(t)
	p := logged(t, d, "a.bin", "k")
	before := logOf(t, path, "a.bin.k.ldjournal")
	p.log.end.Store(journal.MaxLen)
	note(t, p, 0, "half")
	require.Equal(t, before, logOf(t, path, "a.bin.k.ldjournal"))
	p.Discard()
}

// TestLogFails: a journal that cannot be written is an error, and not left behind.
func TestLogFails(t *testing.T) {
	for name, write := range map[string]func([]byte, int64) (int, error){
		"full":  func([]byte, int64) (int, error) { return 0, fs.ErrInvalid },
		"short": func(b []byte, _ int64) (int, error) { return len(b) - 1, nil },
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			broken := false
			d := onDisk(t, path, &changed{file: func(name string, f *changedFile) {
				if filepath.Ext(name) == JournalSuffix && broken {
					f.write = write
				}
			}})
			p, err := d.Create("a.bin", "k")
			require.NoError(t, err)
			broken = true
			require.ErrorContains(t, p.Log(head), "write the journal")
			require.False(t, p.Resumable())
			holds(t, path, map[string]string{"a.bin.k.ldpart": ""})

			broken = false
			require.NoError(t, p.Log(head))
			p.log.f.(*changedFile).write = write
			r := p.Record()
			require.NoError(t, r.Wrote(0, []byte("half")))
			require.ErrorContains(t, r.Flush(), "write the journal")
			require.NoError(t, r.Flush(), "once")
			p.Discard()
		})
	}
}

// TestSyncAfter: the part reaches the disk before the journal that speaks of it, when
// enough was noted, and not before.
func TestSyncAfter(t *testing.T) {
	path := t.TempDir()
	var synced []string
	var fails error
	d := onDisk(t, path, &changed{file: func(name string, f *changedFile) {
		f.sync = func() error {
			synced = append(synced, filepath.Ext(name))
			return fails
		}
	}})
	p := logged(t, d, "a.bin", "k")
	both := []string{Suffix, JournalSuffix}
	require.NoError(t, p.SyncAfter(5))
	require.Empty(t, synced)
	require.NoError(t, p.SyncAfter(4))
	require.Equal(t, both, synced)
	require.NoError(t, p.SyncAfter(1))
	require.Equal(t, both, synced, "nothing was noted since")
	note(t, p, 0, "ha")
	fails = errors.ErrUnsupported
	require.NoError(t, p.SyncAfter(2), "where it cannot be done it is not")
	require.Equal(t, append(both, both...), synced)

	note(t, p, 0, "ha")
	fails = io.ErrClosedPipe
	err := p.SyncAfter(2)
	require.ErrorIs(t, err, ErrUnsynced)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Len(t, synced, 5, "the journal is not made to say more than is there")

	fails = nil // so says a system that has told of it once
	require.ErrorIs(t, p.SyncAfter(0), ErrUnsynced)
	require.ErrorIs(t, p.Seal(time.Time{}, Mark{}, true), ErrUnsynced)
	require.ErrorIs(t, p.Seal(time.Time{}, Mark{}, false), ErrUnsynced)
	_, ok := p.Kept()
	require.False(t, ok)
	holds(t, path, map[string]string{})
}

func TestSealFails(t *testing.T) {
	each := map[error]error{io.ErrClosedPipe: ErrUnsynced, errors.ErrUnsupported: nil, nil: nil}
	for fails, want := range each {
		d := onDisk(t, t.TempDir(), &changed{file: func(_ string, f *changedFile) { f.sync = func() error { return fails } }})
		p, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		require.NoError(t, p.Seal(time.Time{}, Mark{}, false), "not asked for")
		require.ErrorIs(t, p.Seal(time.Time{}, Mark{}, true), want)
		p.Discard()
	}
}

// TestTakenOver: where locks lie, the nonce makes the first session stop as soon as a
// second one has gone on from its part, and leave that alone.
func TestTakenOver(t *testing.T) {
	for name, stop := range map[string]func(p *Part) error{
		"note":    func(p *Part) error { return p.note(extentOf(0, "half")) },
		"publish": func(p *Part) error { return p.Publish("first.bin", false) },
		"replace": func(p *Part) error { return p.Publish("first.bin", true) },
		"empty":   (*Part).Empty,
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			first := logged(t, onDisk(t, path, lockless()), "a.bin", "k")
			second, log, err := onDisk(t, path, lockless()).Resume("a.bin", "k", true)
			require.NoError(t, err)
			require.Len(t, log.Extents, 1)
			require.ErrorIs(t, stop(first), ErrLocked)
			first.Discard()
			note(t, second, 0, "half")
			require.NoError(t, second.Publish("a.bin", false))
			holds(t, path, map[string]string{"a.bin": "half"})
		})
	}
	t.Run("kept", func(t *testing.T) {
		path := t.TempDir()
		d := onDisk(t, path, lockless())
		first := logged(t, d, "a.bin", "k")
		second, _, err := onDisk(t, path, lockless()).Resume("a.bin", "k", true)
		require.NoError(t, err)
		k, ok := first.Kept()
		require.True(t, ok)
		_, err = d.Reopen(k)
		require.Error(t, err)
		d.Remove(k)
		require.NoError(t, second.Publish("a.bin", false))
		holds(t, path, map[string]string{"a.bin": "half"})
	})
}

// TestThrownAway: a second session that begins anew leaves the first one's part without
// a name. It cannot be published, and what the second has is left alone.
func TestThrownAway(t *testing.T) {
	for _, journals := range []bool{true, false} {
		path := t.TempDir()
		d := onDisk(t, path, lockless())
		first, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		if journals {
			require.NoError(t, first.Log(head))
		}
		second, err := onDisk(t, path, lockless()).Create("a.bin", "k")
		require.NoError(t, err)
		require.NoError(t, second.Log(head))
		for _, replace := range []bool{false, true} {
			err := first.Publish("first.bin", replace)
			require.ErrorIs(t, err, ErrLocked)
		}
		first.Discard()
		require.ElementsMatch(t, []string{"a.bin.k.ldpart", "a.bin.k.ldjournal"}, names(t, path))
		note(t, fill(t, second, "second"), 0, "second")
		require.NoError(t, second.Publish("a.bin", false))
		holds(t, path, map[string]string{"a.bin": "second"})
	}
}

// TestPartRemoved: a part that somebody has deleted cannot be published, and the error
// says that it is gone.
func TestPartRemoved(t *testing.T) {
	for _, journals := range []bool{true, false} {
		path, d := open(t)
		p, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		if journals {
			require.NoError(t, p.Log(head))
		}
		require.NoError(t, os.Remove(filepath.Join(path, "a.bin.k.ldpart")))
		for _, replace := range []bool{false, true} {
			require.ErrorIs(t, p.Publish("a.bin", replace), fs.ErrNotExist)
		}
		p.Discard()
		holds(t, path, map[string]string{})
	}
}

func TestWriteShort(t *testing.T) {
	d := onDisk(t, t.TempDir(), &changed{file: func(_ string, f *changedFile) {
		f.write = func(b []byte, off int64) (int, error) { return f.File.WriteAt(b[:1], off) }
	}})
	p, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	_, err = p.WriteAt([]byte("x"), 0)
	require.NoError(t, err)
	_, err = p.WriteAt([]byte("xy"), 0)
	require.ErrorIs(t, err, io.ErrShortWrite)
	p.Discard()
}

// TestKeptGivesBack: what was reserved and not written is free for others.
func TestKeptGivesBack(t *testing.T) {
	path, d := open(t)
	p := logged(t, d, "a.bin", "k")
	require.NoError(t, p.Preallocate(1<<20, 1<<20))
	k, ok := p.Kept()
	require.True(t, ok)
	part := filepath.Join(path, "a.bin.k.ldpart")
	require.EqualValues(t, 4, fileSize(part))
	require.LessOrEqual(t, allocated(t, part), int64(64<<10))
	p, err := d.Reopen(k)
	require.NoError(t, err)
	b := make([]byte, 10)
	n, _ := p.ReadAt(b, 0)
	require.True(t, bytes.Equal([]byte("half"), b[:n]))
	p.Discard()
}
