//go:build unix

package partfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIsAt: a path counts only while it leads to the very directory that is open, and to the
// file in it that has the name.
func TestIsAt(t *testing.T) {
	const name = "a.bin"
	write := func(t *testing.T, dir string) {
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o600))
	}
	for what, c := range map[string]struct {
		happens func(t *testing.T, dir string)
		is      bool
	}{
		"nothing happens": {func(*testing.T, string) {}, true},
		"moved":           {func(t *testing.T, dir string) { require.NoError(t, os.Rename(dir, dir+"2")) }, false},
		"another is there": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+"2"))
			write(t, dir)
		}, false},
		"a link to another is there": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+"2"))
			write(t, dir+"3")
			require.NoError(t, os.Symlink(dir+"3", dir))
		}, false},
		"a link to it is there": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+"2"))
			require.NoError(t, os.Symlink(dir+"2", dir))
		}, true},
		"no such file": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }, false},
	} {
		for _, sub := range []string{"", "below/it"} {
			t.Run(what+" "+sub, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "dir")
				write(t, filepath.Join(dir, sub))
				d, err := OpenDisk(dir, sub)
				require.NoError(t, err)
				defer d.Close()
				c.happens(t, filepath.Join(dir, sub))
				require.Equal(t, c.is, d.(*osDisk).isAt(name))
			})
		}
	}
}
