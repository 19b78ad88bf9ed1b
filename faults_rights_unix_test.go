//go:build unix

package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
)

func modeOf(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

// disks have files without names, or not, or have nothing by which a file gets its name but
// that.
func (b *bed) onAnyDisk(kind string) *faultdisk.Faults {
	disk := b.onDisk()
	for _, op := range map[string][]string{"named": {faultdisk.Nameless}, "copied": {faultdisk.Link}}[kind] {
		disk.Add(faultdisk.Fault{Op: op, Err: syscall.EOPNOTSUPP})
	}
	return disk
}

// getsRights runs the batch, after which a file has these rights, and at no time had a part others.
func (b *bed) getsRights(at string, mode os.FileMode) {
	b.Helper()
	b.d.SetProgressCallback(func(int, int, float64, time.Duration) {
		_, parts := b.listing()
		for _, part := range parts {
			if info, err := os.Lstat(part); err == nil && info.Mode().Perm()&^(mode|0o600) != 0 {
				b.Errorf("%s has %o", part, info.Mode())
			}
		}
	})
	require.NoError(b, b.d.Start(b.Context()))
	b.assertFiles(nil)
	require.Equal(b, mode, modeOf(b, at))
}

// 183: what replaces a file has the rights of that, no more and no fewer, and is not to be read
// by others before it has the name either.
func TestReplacedKeepsItsRights(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for _, kind := range []string{"nameless", "named", "copied"} {
		for _, mode := range []os.FileMode{0o600, 0o400, 0o640, 0o666, 0o444} {
			for _, size := range []int64{20 * kib, 8 * mib} {
				t.Run(fmt.Sprintf("183 %s %o %d", kind, mode, size/kib), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						b.onAnyDisk(kind)
						b.conf.Overwrite = littledl.OverwriteReplace
						at := filepath.Join(b.dir, "key.pem")
						require.NoError(b, os.WriteFile(at, []byte("old"), 0o600))
						require.NoError(b, os.Chmod(at, mode))
						b.add(b.srv.File("key.pem", Size(size), Behave(Slow(size))))
						b.getsRights(at, mode)
					})
				})
			}
		}
	}
}

// 183: what replaces a link has no more rights than what that led to: by that name nobody else could
// read it. What it led to stays as it was.
func TestReplacedLinkKeepsRights(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for _, size := range []int64{20 * kib, 8 * mib} {
		inBoth(t, func(b *bed) {
			b.conf.Overwrite = littledl.OverwriteReplace
			other := filepath.Join(t.TempDir(), "real.pem")
			require.NoError(b, os.WriteFile(other, []byte("old"), 0o600))
			at := filepath.Join(b.dir, "key.pem")
			require.NoError(b, os.Symlink(other, at))
			b.add(b.srv.File("key.pem", Size(size)))
			require.NoError(b, b.d.Start(b.Context()))
			b.assertFiles(nil)
			require.Equal(b, os.FileMode(0o600), modeOf(b, at))
			old, err := os.ReadFile(other)
			require.NoError(b, err)
			require.Equal(b, "old", string(old))
		})
	}
}

// 183: it has the owner, too, if this process may give files away; if not even the group, then
// that has no more rights than others had.
func TestReplacedKeepsItsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root gives files away")
		return
	}
	for _, may := range []bool{true, false} {
		t.Run(fmt.Sprint("183 it may ", may), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				disk := b.onDisk()
				if !may {
					disk.Add(faultdisk.Fault{Op: faultdisk.SetOwner, Err: syscall.EPERM})
				}
				b.conf.Overwrite = littledl.OverwriteReplace
				at := filepath.Join(b.dir, "a.bin")
				require.NoError(b, os.WriteFile(at, []byte("old"), 0o600))
				require.NoError(b, os.Chown(at, 4321, 1234))
				require.NoError(b, os.Chmod(at, 0o664))
				b.add(b.srv.File("a.bin"))
				b.d.SetProgressCallback(nil)
				require.NoError(b, b.d.Start(b.Context()))
				b.assertFiles(nil)
				info, err := os.Lstat(at)
				require.NoError(b, err)
				stat := info.Sys().(*syscall.Stat_t)
				if may {
					require.Equal(b, [3]uint32{4321, 1234, 0o664}, [3]uint32{stat.Uid, stat.Gid, uint32(info.Mode().Perm())})
				} else {
					require.Equal(b, os.FileMode(0o644), info.Mode().Perm())
				}
			})
		})
	}
}

// 183: a copy of what is at hand has no more rights than that, wherever it is put.
func TestCopiesHaveNoMoreRights(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for _, kind := range []string{"nameless", "named", "copied"} {
		for _, over := range []os.FileMode{0, 0o666} {
			t.Run(fmt.Sprintf("183 %s over %o", kind, over), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.enhanced = true
					b.onAnyDisk(kind)
					f := b.srv.File("a.bin", Size(8*mib))
					b.plantAt("private/pin", string(Bytes(f.Content())))
					at := filepath.Join(b.dir, "a.bin")
					if over != 0 {
						b.conf.Overwrite = littledl.OverwriteReplace
						require.NoError(b, os.WriteFile(at, []byte("old"), 0o600))
						require.NoError(b, os.Chmod(at, over))
					}
					id := b.add(f, enhHash(f.Content()))
					other := b.add(f, enhHash(f.Content()), littledl.WithFilename("b.bin"))
					b.d.SetProgressCallback(nil)
					require.NoError(b, b.d.Start(b.Context()))
					require.True(b, b.task(id).Reused)
					require.Equal(b, os.FileMode(0o600), modeOf(b, at))
					require.Equal(b, os.FileMode(0o600), modeOf(b, b.task(other).Path()))
				})
			})
		}
	}
}

// 161: where a disk knows of no rights, no file fails for that.
func TestRightsRefused(t *testing.T) {
	for _, e := range refusals {
		t.Run("161 rights: "+e.Error(), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				disk := b.onDisk(faultdisk.Fault{Op: faultdisk.SetMode, Err: e}, faultdisk.Fault{Op: faultdisk.SetOwner, Err: e})
				b.conf.Overwrite = littledl.OverwriteReplace
				require.NoError(b, os.WriteFile(filepath.Join(b.dir, "a.bin"), []byte("old"), 0o600))
				b.add(b.srv.File("a.bin"))
				b.d.SetProgressCallback(nil)
				require.NoError(b, b.start())
				require.Positive(b, disk.Failed(faultdisk.SetMode))
			})
		})
	}
}
