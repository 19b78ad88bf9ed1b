//go:build unix

package faultdisk

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaults: rules strike where they say, as often as they say, and are counted.
func TestFaults(t *testing.T) {
	then := 0
	disk := New(
		Fault{Op: Write, Name: ".ldpart", From: 100, Err: syscall.EIO},
		Fault{Op: Write, Name: "-", Skip: 1, Times: 1, Err: syscall.ENOSPC, Then: func() { then++ }},
		Fault{Op: Write, Name: "-", Times: 1, Err: ErrShort},
	)
	d, err := disk.OpenDir(t.TempDir(), "")
	require.NoError(t, err)
	defer d.Close()
	named, err := d.Create("a.bin", "k")
	require.NoError(t, err)
	defer named.Discard()
	_, err = named.WriteAt(make([]byte, 50), 49)
	require.NoError(t, err)
	_, err = named.WriteAt(make([]byte, 50), 51)
	require.ErrorIs(t, err, syscall.EIO)
	var path *fs.PathError
	require.ErrorAs(t, err, &path)
	require.Equal(t, Write, path.Op)
	require.Equal(t, 1, disk.Failed())

	require.NoError(t, disk.judge(Read, "", 0))
	require.ErrorIs(t, disk.judge(Write, "", 10), ErrShort, "the first rule lets one pass, the next one does not")
	require.ErrorIs(t, disk.judge(Write, "", 10), syscall.ENOSPC)
	require.NoError(t, disk.judge(Write, "", 10))
	require.Equal(t, 1, then)
	require.Equal(t, 3, disk.Failed())
	require.Equal(t, 3, disk.Failed(Write, Read))
	require.Zero(t, disk.Failed(Read))

	disk.Add(Fault{Op: SyncDir, Err: ErrPretend})
	require.NoError(t, d.Sync())
	require.Equal(t, 1, disk.Failed(SyncDir))
	disk.Clear()
	_, err = named.WriteAt(make([]byte, 50), 51)
	require.NoError(t, err)

	disk.Add(Fault{Op: OpenDir, Err: errors.New("no")})
	_, err = disk.OpenDir(t.TempDir(), "")
	require.ErrorContains(t, err, "no")
}
