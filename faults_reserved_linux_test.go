package littledl_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// taken is how much disk the files of the test have.
func (b *bed) taken() (n int64) {
	list, err := os.ReadDir(b.dir)
	require.NoError(b, err)
	for _, e := range list {
		if info, err := e.Info(); err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return n
}

// 193: what a server says that a file will have is reserved no further than it has shown to have
// bytes, and so is nothing left of it by a process that is killed. Where the caller has a word
// on it, all is.
func TestReservedOnAStrangersWord(t *testing.T) {
	const size = 512 * mib
	for name, c := range map[string]struct {
		behave Behaviour
		conf   littledl.DownloadConfig
		hash   bool
		after  time.Duration
		most   func(arrived int64) int64
		least  int64
	}{
		"24 bytes": {behave: Stall(24), after: time.Second, most: func(int64) int64 { return 65 * mib }},
		"more of it": {behave: Slow(8 * mib), after: 3 * time.Second, most: func(n int64) int64 {
			return 65*mib + n + n/2 + n // what is there, and what is ahead of that
		}, least: 80 * mib},
		"a digest": {behave: Stall(24), hash: true, after: time.Second, most: func(int64) int64 { return size + mib }, least: size},
		"a limit":  {behave: Stall(24), conf: littledl.DownloadConfig{MaxFileSize: size}, after: time.Second, most: func(int64) int64 { return size + mib }, least: size},
	} {
		t.Run("193 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				if at := filepath.Join(b.dir, "try"); true {
					f, err := os.Create(at)
					require.NoError(b, err)
					defer f.Close()
					if syscall.Fallocate(int(f.Fd()), 1, 0, size) != nil {
						b.Skip("nothing can be reserved here")
					}
					require.NoError(b, os.Remove(at))
				}
				b.conf.MaxFileSize = c.conf.MaxFileSize
				f := b.srv.File("a.bin", Size(size), Behave(c.behave))
				var opts []littledl.URLOption
				if c.hash {
					opts = append(opts, littledl.WithHash("md5", "00000000000000000000000000000000"))
				}
				id := b.add(f, opts...)
				time.AfterFunc(c.after, func() {
					arrived := b.task(id).Downloaded
					taken := b.taken()
					require.LessOrEqual(b, taken, c.most(arrived), "%d bytes have arrived", arrived)
					require.GreaterOrEqual(b, taken, c.least)
					b.d.Cancel()
				})
				require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrCancelled)
				require.LessOrEqual(b, b.taken(), b.task(id).Downloaded+mib, "what is left has no more disk than it needs")
			})
		})
	}
}
