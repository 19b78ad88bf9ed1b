//go:build unix

package littledl_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// Disks on which one kind of operation, or one name, fails.

// 85, 86: no journal can be made where there is room: the file is worth more. What is
// left of it when it then fails is for this downloader alone.
func TestNoJournal(t *testing.T) {
	t.Parallel()
	for _, e := range []syscall.Errno{syscall.EROFS, syscall.EACCES, syscall.EIO} {
		for _, op := range []string{faultdisk.Create, faultdisk.Write} {
			t.Run("86 "+op+": "+e.Error(), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.onDisk(faultdisk.Fault{Op: op, Name: partfile.JournalSuffix, Err: e})
					b.add(b.srv.File("large.bin", Size(largeFile)))
					require.NoError(b, b.start())
				})
			})
		}
	}
	t.Run("86 and then a write fails", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			disk := b.onDisk(
				faultdisk.Fault{Op: faultdisk.Create, Name: partfile.JournalSuffix, Err: syscall.EACCES},
				faultdisk.Fault{Op: faultdisk.Write, Name: partfile.Suffix, Skip: 100, Times: 1, Err: syscall.EIO})
			large := b.srv.File("large.bin", Size(largeFile))
			b.add(large)
			require.ErrorIs(b, b.start(), syscall.EIO)
			require.False(b, b.hasJournal())
			_, parts := b.listing()
			require.Len(b, parts, 1)

			b.read.Store(0)
			first := b.d
			b.d = nil
			disk.Add(faultdisk.Fault{Op: faultdisk.Write, Name: partfile.Suffix, Skip: 100, Err: syscall.EIO})
			b.add(large)
			require.ErrorIs(b, b.start(), syscall.EIO, "another begins anew")
			_, parts = b.listing()
			require.Len(b, parts, 1)
			require.NoError(b, b.d.Stop())
			_, parts = b.listing()
			require.Empty(b, parts, "nobody can go on from it")
			disk.Clear()
			b.d, b.restarts = first, 1 // another has had it, too
			require.NoError(b, b.start())
		})
	})
}

// 86: a name that cannot be looked at is the disk's failure, not the server's.
func TestTargetUnseen(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.onDisk(faultdisk.Fault{Op: faultdisk.Lstat, Name: "a.bin", Err: syscall.EIO})
		b.plant("a.bin", "theirs")
		b.file("a.bin", 50<<10)
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, syscall.EIO)
		require.Equal(b, "write", opOf(err))
		require.Len(b, b.srv.GETs(), 1, "no answer of the server mends it")
		require.Equal(b, []string{"a.bin"}, b.list())
	})
}

// 85, 86: a directory that cannot be opened fails its files without a request, and no
// other.
func TestDirectoryFails(t *testing.T) {
	for _, e := range diskErrors {
		t.Run(numberOf(e)+e.Error(), func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.OpenDir, Name: "sick", Err: e})
				for i := range 3 {
					b.add(b.srv.File(fmt.Sprint("bad", i), Size(50<<10)), littledl.WithSavePath(filepath.Join(b.dir, "sick")))
				}
				b.file("good", 50<<10)
				failed := failures(b, b.start())
				require.Len(b, failed, 3)
				for _, fe := range failed {
					require.ErrorIs(b, fe, e)
					require.Equal(b, partfile.IsFull(e), isNoSpace(fe))
				}
				require.Len(b, b.srv.GETs(), 1)
				require.LessOrEqual(b, disk.Failed(), 3)
			})
		})
	}
}

// 100: the disk is pulled out: from one moment on everything fails.
func TestDiskPulledOut(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		disk := b.onDisk()
		b.net.Shape(Same(line(mib)))
		b.files = 3
		b.add(b.srv.File("large.bin", Size(32*mib)))
		b.add(b.srv.File("other.bin", Size(16*mib)))
		for i := range 20 {
			b.add(b.srv.File(fmt.Sprint("small", i), Size(512*kib)))
		}
		time.AfterFunc(3*time.Second, func() {
			for _, op := range faultdisk.Everything {
				disk.Add(faultdisk.Fault{Op: op, Err: syscall.EIO})
			}
		})
		failed := failures(b, b.start())
		for _, fe := range failed {
			require.ErrorIs(b, fe, syscall.EIO)
			require.Equal(b, "write", fe.Op)
		}
		require.Less(b, b.took, 6*time.Second)
		require.True(b, b.task("task-1").IsFailed())
		require.True(b, b.task("task-2").IsFailed())
		disk.Clear()
		require.NoError(b, b.start(), "put in again")
	})
}

// 86: what cannot be read back of a part is fetched again; what cannot be read back of
// a complete file, for its digest, fails it.
func TestUnreadable(t *testing.T) {
	t.Run("86 of what was left", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Write, Name: partfile.Suffix, Skip: 150, Times: 1, Err: syscall.EIO})
			large := b.srv.File("large.bin", Size(largeFile))
			b.add(large)
			require.ErrorIs(b, b.start(), syscall.EIO)
			b.d = nil
			b.add(large)
			disk.Add(faultdisk.Fault{Op: faultdisk.Read, Name: partfile.Suffix, Err: syscall.EIO})
			b.read.Store(0)
			b.restarts = 1
			require.NoError(b, b.start())
			require.GreaterOrEqual(b, b.read.Load(), int64(largeFile))
			require.Positive(b, disk.Failed(faultdisk.Read))
		})
	})
	t.Run("86 of what is to be verified", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			disk := b.onDisk(faultdisk.Fault{Op: faultdisk.Read, Name: "-", Err: syscall.EIO}, faultdisk.Fault{Op: faultdisk.Read, Name: partfile.Suffix, Err: syscall.EIO})
			large, small := b.srv.File("large.bin", Size(largeFile)), b.srv.File("small.bin", Size(smallFile))
			b.add(large, littledl.WithHash("sha256", large.Sum()))
			b.add(small, littledl.WithHash("sha256", small.Sum()))
			require.ErrorIs(b, b.start(), syscall.EIO)
			require.LessOrEqual(b, disk.Failed(), 4)
			require.Len(b, b.srv.GETs("small.bin"), 1)
			require.True(b, b.hasJournal())
			disk.Clear()
			require.NoError(b, b.start())
		})
	})
}

// 85: a copy of a file that was fetched already does not fit. The file stays, and is not
// fetched again for the copy.
func TestCopyFails(t *testing.T) {
	for _, op := range []string{faultdisk.Nameless, faultdisk.Write, faultdisk.Link} {
		t.Run("85 "+op, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				disk := b.onDisk(faultdisk.Fault{Op: op, Name: map[bool]string{true: "copy.bin", false: "-"}[op == faultdisk.Link], Err: syscall.ENOSPC})
				f := b.srv.File("a.bin", Size(8*mib))
				b.add(f)
				id := b.add(f, littledl.WithFilename("copy.bin"))
				err := b.start()
				require.ErrorIs(b, err, littledl.ErrNoSpace)
				require.ErrorIs(b, err, syscall.ENOSPC)
				require.True(b, b.task(id).IsFailed())
				require.Equal(b, []string{"a.bin"}, b.list())
				require.Equal(b, 1, disk.Failed())
				disk.Clear()
				requests := len(b.srv.GETs())
				require.NoError(b, b.start())
				require.Len(b, b.srv.GETs(), requests)
				require.Equal(b, []string{"a.bin", "copy.bin"}, b.list())
			})
		})
	}
}
