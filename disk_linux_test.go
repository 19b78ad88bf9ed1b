package littledl_test

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
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

// spoilingDisk changes what is copied to it, as if somebody wrote to the original just
// then.
type spoilingDisk struct{ partfile.Disk }

func (d spoilingDisk) Nameless() (partfile.File, error) {
	f, err := d.Disk.Nameless()
	return spoilingFile{f}, err
}

func (d spoilingDisk) Link(f partfile.File, name, to string) error {
	return d.Disk.Link(f.(spoilingFile).File, name, to)
}

type spoilingFile struct{ partfile.File }

func (f spoilingFile) ReadFrom(r io.Reader) (int64, error) {
	n, err := f.File.ReadFrom(r)
	if err == nil && !spoilByGrowing {
		_, err = f.WriteAt([]byte("spoilt"), 10)
	} else if err == nil {
		_, err = f.WriteAt([]byte("more"), n)
		n += 4
	}
	return n, err
}

// spoilByGrowing: as if the original had become longer.
var spoilByGrowing bool

// TestCandidateChanges: a file at hand that somebody writes to while it is looked at is
// none; the server has the right one.
func TestCandidateChanges(t *testing.T) {
	defer func() { spoilByGrowing = false }()
	for _, spoilByGrowing = range []bool{false, true} {
		candidateChanges(t)
	}
}

func candidateChanges(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		b.opts = append(b.opts, littledl.WithOpenDir(func(dir, sub string) (*partfile.Dir, error) {
			d, err := partfile.OpenDisk(dir, sub)
			if err != nil {
				return nil, err
			}
			return partfile.NewDir(spoilingDisk{d}), nil
		}))
		f := b.srv.File("a.bin", faultserver.Size(300*kib))
		at := filepath.Join(b.dir, "elsewhere")
		require.NoError(b, os.WriteFile(at, faultserver.Bytes(f.Content()), 0o600))
		id := b.add(f, littledl.WithHash("sha256", f.Sum()))
		require.NoError(b, b.downloader().Start(b.Context()))
		require.NoError(b, b.compare(b.task(id)))
		require.False(b, b.task(id).Reused)
		require.NotEmpty(b, b.srv.GETs())
	})
}
