//go:build unix

package littledl_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// Disks that do not bring to rest what was written.

// 87: a folder that does not reach the disk: the file is there, whole, but not said to
// be durable.
func TestFolderNotSynced(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.Durable = true
		b.onDisk(faultdisk.Fault{Op: faultdisk.SyncDir, Times: 2, Err: syscall.EIO})
		large, small := b.file("large.bin", 8<<20), b.file("small.bin", 50<<10)
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, syscall.EIO)
		require.True(b, b.task(large).IsFailed())
		require.True(b, b.task(small).IsFailed())
		require.Equal(b, []string{"large.bin", "small.bin"}, b.list())
		b.same(filepath.Join(b.dir, "large.bin"), b.srv.Content("large.bin"))
		b.same(filepath.Join(b.dir, "small.bin"), b.srv.Content("small.bin"))
		require.Len(b, b.srv.GETs("small.bin"), 1)
	})
}

// 87: the sync beside a long transfer fails once. Nothing of the part is believed any
// more, neither by this downloader nor by the next, whatever later syncs say.
func TestBackgroundSync(t *testing.T) {
	t.Parallel()
	const size = 96 * mib
	for name, c := range map[string]struct {
		file string
		err  syscall.Errno
	}{"part": {partfile.Suffix, syscall.EIO}, "journal": {partfile.JournalSuffix, syscall.EIO}, "full": {partfile.Suffix, syscall.ENOSPC}} {
		t.Run("87 "+name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.net.Shape(Same(line(4 * mib)))
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Sync, Name: c.file, Times: 1, Err: c.err})
				if c.file == partfile.JournalSuffix {
					disk.Add(faultdisk.Fault{Op: faultdisk.Sync, Name: partfile.Suffix, Err: faultdisk.ErrPretend}) // costs no time
				}
				id := b.add(b.srv.File("a.bin", Size(size)))
				err := b.start()
				require.ErrorIs(b, err, c.err)
				require.ErrorIs(b, err, partfile.ErrUnsynced)
				require.Equal(b, c.err == syscall.ENOSPC, isNoSpace(err))
				require.Less(b, b.took, 6*time.Second, "at once")
				finals, parts := b.listing()
				require.Empty(b, finals)
				require.Empty(b, parts)
				require.False(b, b.hasJournal())
				require.Zero(b, b.task(id).Downloaded)
				if name != "part" {
					return // the rest is the same
				}
				disk.Clear()
				disk.Add(faultdisk.Fault{Op: faultdisk.Sync, Err: faultdisk.ErrPretend})
				b.read.Store(0)
				b.restarts = 1
				require.NoError(b, b.start())
				require.GreaterOrEqual(b, b.read.Load(), int64(size))
			})
		})
	}
}
