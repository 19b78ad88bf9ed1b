//go:build unix

package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestWithMode: a file has its rights with its name, whichever way it gets that, and its part has
// none that it is not to have.
func TestWithMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for _, kind := range []string{"nameless", "named", "copied"} {
		for _, mode := range []os.FileMode{0o600, 0o444, 0o755, 0o666, 0o640} {
			for _, over := range []os.FileMode{0, 0o604} {
				for _, size := range []int64{20 * kib, 8 * mib} {
					t.Run(fmt.Sprintf("%s %o over %o %d", kind, mode, over, size/kib), func(t *testing.T) {
						inBubble(t, func(b *bed) {
							b.onAnyDisk(kind)
							b.conf.Overwrite = littledl.OverwriteReplace
							at := filepath.Join(b.dir, "key.pem")
							if over != 0 {
								require.NoError(b, os.WriteFile(at, []byte("old"), 0o600))
								require.NoError(b, os.Chmod(at, over))
							}
							b.add(b.srv.File("key.pem", Size(size), Behave(Slow(size))), littledl.WithMode(mode))
							b.getsRights(at, mode)
						})
					})
				}
			}
		}
	}
}

// TestWithModeOfWhatIsThere: a file that is kept has them, too, and nothing else of it changes.
func TestWithModeOfWhatIsThere(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(20*kib))
		id := b.add(f)
		require.NoError(b, b.start())
		at := b.task(id).Path()
		before, err := os.Stat(at)
		require.NoError(b, err)
		b.again()
		id = b.add(f, littledl.WithMode(0o750))
		require.NoError(b, b.start())
		require.True(b, b.task(id).Reused)
		after, err := os.Stat(at)
		require.NoError(b, err)
		require.True(b, os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()))
		require.Equal(b, os.FileMode(0o750), after.Mode())
	})
}
