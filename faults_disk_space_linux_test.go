package littledl_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// mounts make a file system of 24 MiB at a directory.
var mounts = map[string]func(t *testing.T, at string){
	"tmpfs": func(t *testing.T, at string) {
		runOrSkip(t, "mount", "-t", "tmpfs", "-o", "size=24m", "none", at)
	},
	"ext4": func(t *testing.T, at string) {
		image := filepath.Join(t.TempDir(), "image")
		require.NoError(t, os.WriteFile(image, nil, 0o600))
		require.NoError(t, os.Truncate(image, 28*mib)) // it has tables and a log, too
		runOrSkip(t, "mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=1", "-b", "1024", image)
		runOrSkip(t, "mount", "-o", "loop", image, at)
	},
}

// runOrSkip runs a command that only some machines let us run.
func runOrSkip(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %s", name, err, out)
	}
}

// onMount runs a test on a small file system of each kind, where we may mount one.
func onMount(t *testing.T, test func(b *batch)) {
	for kind, mount := range mounts {
		t.Run(kind, func(t *testing.T) {
			if os.Geteuid() != 0 {
				t.Skip("only root can mount a file system")
			}
			at := t.TempDir()
			mount(t, at)
			t.Cleanup(func() {
				if err := syscall.Unmount(at, 0); err != nil {
					t.Errorf("something is open there: %v", err)
					_ = syscall.Unmount(at, syscall.MNT_DETACH)
				}
			})
			_ = os.Remove(filepath.Join(at, "lost+found"))
			batchBubble(t, func(b *batch) {
				b.dir = at
				test(b)
			})
		})
	}
}

// free is how many bytes a disk has left.
func (b *batch) free() int64 {
	var s syscall.Statfs_t
	require.NoError(b, syscall.Statfs(b.dir, &s))
	return int64(s.Bfree) * int64(s.Bsize)
}

// 85: a file that does not fit is found out when its size is known, costs the others
// nothing, and completes when there is room.
func TestDiskTooSmall(t *testing.T) {
	onMount(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(8))
		filler := filepath.Join(b.dir, "filler")
		require.NoError(b, os.WriteFile(filler, make([]byte, 10*mib), 0o600))
		huge, fits := b.file("huge", 20*mib), b.file("fits", 6*mib)
		for i := range 10 {
			b.file(fmt.Sprint("small", i), 200*kib)
		}
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, littledl.ErrNoSpace)
		require.ErrorIs(b, err, syscall.ENOSPC)
		failed := failures(b, err)
		require.Len(b, failed, 1, "%v", err)
		require.Equal(b, huge, failed[0].TaskID)
		require.True(b, b.task(fits).IsCompleted())
		require.Less(b, b.srv.BytesSent("huge"), int64(4*mib), "seen early")

		require.NoError(b, os.Remove(filler))
		err = b.get().Start(b.Context())
		require.ErrorIs(b, err, syscall.ENOSPC, "10 MiB are free, and 8 taken")
		require.NoError(b, os.Remove(b.task(fits).Path()))
		require.NoError(b, b.get().Start(b.Context()))
		b.same(b.task(huge).Path(), b.want[huge])
		require.NoFileExists(b, b.task(fits).Path())
	})
}

// 85: files that nobody could have seen not to fit fail where the disk ends, and no
// byte of them is in anybody's way afterwards.
func TestDiskFillsUp(t *testing.T) {
	onMount(t, func(b *batch) {
		room := b.free()
		for i := range 12 {
			b.file(fmt.Sprint("a", i), 4*mib)
		}
		b.net.Shape(faultserver.Same(line(2 * mib)))
		began := time.Now()
		err := b.get().Start(b.Context())
		require.ErrorIs(b, err, littledl.ErrNoSpace)
		require.ErrorIs(b, err, syscall.ENOSPC)
		require.Less(b, time.Since(began), 30*time.Second)
		done := int64(0)
		for i, task := range b.get().GetAllTasks() {
			require.Len(b, b.srv.GETs(fmt.Sprint("a", i)), 1, "each was tried once")
			if task.IsCompleted() {
				done++
				b.same(task.Path(), b.want[task.TaskID])
			}
		}
		require.GreaterOrEqual(b, done, int64(3))
		require.Len(b, b.list(), int(done))
		require.Greater(b, b.free(), room-done*4*mib-mib, "what failed gave its bytes back")
	})
}

// 85: transfers that are kept hold what they have fetched and no more.
func TestKeptHoldsLittle(t *testing.T) {
	onMount(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(mib)))
		b.option(littledl.WithMaxConcurrentChunksPerFile(1))
		id := b.file("large", 20*mib)
		done := b.background(b.Context())
		time.Sleep(2 * time.Second)
		require.Less(b, b.free(), int64(5*mib), "it was reserved")
		require.NoError(b, b.get().Cancel())
		require.ErrorIs(b, <-done, littledl.ErrCancelled)
		require.Greater(b, b.free(), int64(18*mib))
		require.NoError(b, b.get().Start(b.Context()))
		b.same(b.task(id).Path(), b.want[id])
	})
}

// 86: the limit on file sizes stands in for a full disk; to the library the two are
// alike. It fails what does not fit, at once, and nothing else; the signal that comes
// with it ends nobody.
func TestNoSpace(t *testing.T) {
	if !inOwnProcess(t, "") { // the limit is the whole process's, and the test's own logs would meet it
		return
	}
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: before.Max}))
	batchBubble(t, func(b *batch) {
		b.file("fits", 900<<10)
		b.file("small", 2<<20)
		b.file("large", 20<<20)
		failed := failures(b, b.start())
		require.Len(b, failed, 2)
		for _, fe := range failed {
			require.ErrorIs(b, fe, littledl.ErrNoSpace)
			require.Equal(b, "write", fe.Op)
		}
		require.True(b, b.task("task-1").IsCompleted())
		require.Len(b, b.srv.GETs("small"), 1, "no retry makes room")
		require.Less(b, b.srv.BytesSent("large"), int64(8<<20), "the lack of room is seen early")
	})
}

// TestPreallocation is done beside the first request, and does not show in the length.
func TestPreallocation(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.net.Shape(faultserver.Same(line(256 << 10)))
		b.file("large", 8<<20)
		done := b.background(b.Context())
		time.Sleep(2 * time.Second)
		part, _ := b.leftBehind()
		info, err := os.Stat(part)
		require.NoError(b, err)
		require.GreaterOrEqual(b, info.Sys().(*syscall.Stat_t).Blocks*512, int64(8<<20), "in a directory whose file system can")
		require.Less(b, info.Size(), int64(8<<20))
		require.NoError(b, <-done)
		b.check()
	})
}
