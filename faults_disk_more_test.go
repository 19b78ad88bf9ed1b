//go:build unix

package littledl_test

import (
	"fmt"
	"io/fs"
	"os"
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

// onDisk lets a test's files be stored on a disk with these faults.
func (b *bed) onDisk(faults ...faultdisk.Fault) *faultdisk.Faults {
	disk := faultdisk.New(faults...)
	b.opts = append(b.opts, littledl.WithOpenDir(disk.OpenDir))
	return disk
}

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
		disk := faultdisk.New(faultdisk.Fault{Op: faultdisk.Lstat, Name: "a.bin", Err: syscall.EIO})
		b.option(littledl.WithOpenDir(disk.OpenDir))
		b.plant("a.bin", "theirs")
		b.file("a.bin", 50<<10)
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, syscall.EIO)
		var fe *littledl.FileError
		require.ErrorAs(b, err, &fe)
		require.Equal(b, "write", fe.Op)
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
				disk := faultdisk.New(faultdisk.Fault{Op: faultdisk.OpenDir, Name: "sick", Err: e})
				b.option(littledl.WithOpenDir(disk.OpenDir))
				for i := range 3 {
					b.add(b.srv.File(fmt.Sprint("bad", i), Size(50<<10)), littledl.WithSavePath(filepath.Join(b.dir, "sick")))
				}
				b.file("good", 50<<10)
				var failed *littledl.BatchError
				require.ErrorAs(b, b.start(), &failed)
				require.Len(b, failed.Failed, 3)
				for _, fe := range failed.Failed {
					require.ErrorIs(b, fe, e)
					require.Equal(b, partfile.IsFull(e), isNoSpace(fe))
				}
				require.Len(b, b.srv.GETs(), 1)
				require.LessOrEqual(b, disk.Failed(), 3)
			})
		})
	}
}

// 87: a folder that does not reach the disk: the file is there, whole, but not said to
// be durable.
func TestFolderNotSynced(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.Durable = true
		disk := faultdisk.New(faultdisk.Fault{Op: faultdisk.SyncDir, Times: 2, Err: syscall.EIO})
		b.option(littledl.WithOpenDir(disk.OpenDir))
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

// 100: the directory is deleted while files are on their way into it.
func TestDirectoryGone(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(Same(batchLink(1 << 20)))
		b.option(littledl.WithMaxConcurrentFiles(2))
		b.file("large.bin", 16<<20)
		for i := range 6 {
			b.file(fmt.Sprint("small", i), 1<<20)
		}
		time.AfterFunc(1500*time.Millisecond, func() { require.NoError(b, os.RemoveAll(b.dir)) })
		began := time.Now()
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, fs.ErrNotExist)
		require.Less(b, time.Since(began), 20*time.Second)
		require.True(b, b.task("task-1").IsFailed())
		require.True(b, b.task("task-2").IsCompleted(), "it was there when it was told")
		require.True(b, b.task("task-7").IsFailed())
		for i := range 6 {
			require.LessOrEqual(b, len(b.srv.GETs(fmt.Sprint("small", i))), 1)
		}
		_, err = os.Stat(b.dir)
		require.ErrorIs(b, err, fs.ErrNotExist, "it is not made again behind the user's back")

		require.NoError(b, b.get().Start(b.Context()), "a later Start makes it anew")
		for _, task := range b.get().GetAllTasks()[2:] {
			b.same(task.Path(), b.want[task.TaskID])
		}
		b.same(b.task("task-1").Path(), b.want["task-1"])
	})
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
		var failed *littledl.BatchError
		require.ErrorAs(b, b.start(), &failed)
		for _, fe := range failed.Failed {
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
				disk := faultdisk.New(faultdisk.Fault{Op: op, Name: map[bool]string{true: "copy.bin", false: "-"}[op == faultdisk.Link], Err: syscall.ENOSPC})
				b.option(littledl.WithOpenDir(disk.OpenDir))
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
