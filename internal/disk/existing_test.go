package disk_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/partfile"
)

// TestUnchanged: two looks have seen the same only if nobody has written meanwhile, whatever
// time the file was given then.
func TestUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)))
	before, err := os.Lstat(path)
	require.NoError(t, err)
	again, err := os.Lstat(path)
	require.NoError(t, err)
	require.True(t, disk.Unchanged(before, again))
	require.NoError(t, os.WriteFile(path, []byte("jello"), 0o600))
	now, err := os.Lstat(path)
	require.NoError(t, err)
	require.False(t, disk.Unchanged(before, now))
	require.NoError(t, os.Chtimes(path, time.Time{}, before.ModTime()))
	now, err = os.Lstat(path)
	require.NoError(t, err)
	if _, reliable := partfile.IdentityOf(before); reliable {
		require.False(t, disk.Unchanged(before, now), "the time of the change tells")
	}
	require.NoError(t, os.WriteFile(path, []byte("hello!"), 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, before.ModTime()))
	now, err = os.Lstat(path)
	require.NoError(t, err)
	require.False(t, disk.Unchanged(before, now), "another size")
}

// TestKeepSafely: what was there already is brought to the disk where complete means that.
func TestKeepSafely(t *testing.T) {
	for _, durable := range []bool{true, false} {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		b.policy.Durable = durable
		b.fs.Put(wanted, []byte("the bytes"))
		syncs := map[crashfs.Kind]int{}
		b.hook = func(op crashfs.Op) error { syncs[op.Kind]++; return nil }
		f := b.target()
		a := b.answer(9)
		a.Proof = proves(wanted)
		_, err := f.Settle(a)
		require.NoError(t, err)
		require.NoError(t, f.KeepExisting())
		require.Equal(t, durable, syncs[crashfs.Sync] == 1 && syncs[crashfs.SyncNames] == 1)
		f.Close()
	}
}

// TestTakeOnlyWhatWasSeen: a file that was written to since it was proven is none that was.
func TestTakeOnlyWhatWasSeen(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.fs.Put(wanted, []byte("the bytes"))
	f := b.target()
	seen, err := f.Stat(wanted)
	require.NoError(t, err)
	b.fs.Poke(wanted, []byte("X"), 0)
	require.False(t, f.Take(wanted, seen))
	seen, err = f.Stat(wanted)
	require.NoError(t, err)
	b.owners.of[wanted] = 2
	require.False(t, f.Take(wanted, seen), "it is another's")
	delete(b.owners.of, wanted)
	require.True(t, f.Take(wanted, seen))
}

// TestSkipFollowsLinks: where nothing is written a link may lead anywhere.
func TestSkipFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "theirs")
	require.NoError(t, os.WriteFile(elsewhere, []byte("theirs"), 0o600))
	if err := os.Symlink(elsewhere, filepath.Join(dir, wanted)); err != nil {
		t.Log("no links here:", err)
		return
	}
	dirs := disk.NewDirs(partfile.OpenDir)
	defer dirs.CloseAll()
	for policy, name := range map[disk.Overwrite]string{disk.Skip: wanted, disk.Rename: "a (1).bin"} {
		f := disk.NewTarget(dirs, &disk.Policy{Overwrite: policy, Reuse: true}, disk.Want{Dir: dir, Name: wanted, URL: origin}, &names{&owners{of: map[string]int{}}, 1, false})
		existing, err := f.Settle(disk.Answer{Name: wanted, Size: 9, Proof: proves("")})
		require.NoError(t, err)
		require.Equal(t, name, f.Name())
		require.Equal(t, policy == disk.Skip, existing)
		if existing {
			require.NoError(t, f.KeepExisting())
			require.EqualValues(t, 6, f.Published().Size())
		}
		f.Close()
	}
}
