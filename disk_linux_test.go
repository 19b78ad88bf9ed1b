package littledl_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

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
		var failed *littledl.BatchError
		require.ErrorAs(b, b.start(), &failed)
		require.Len(b, failed.Failed, 2)
		for _, fe := range failed.Failed {
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
		b.net.Shape(faultserver.Same(batchLink(256 << 10)))
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
