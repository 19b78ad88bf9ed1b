//go:build linux

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// disk mounts an image, which is what a machine would find after a power cut: what the kernel has not
// written yet is not in it.
func disk(t *testing.T, image string) (dir string) {
	large(t)
	if _, err := exec.LookPath("mkfs.ext4"); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and mkfs.ext4, to mount a disk")
	}
	command := func(name string, args ...string) {
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	if _, err := os.Stat(image); err != nil {
		require.NoError(t, os.WriteFile(image, nil, 0o600))
		require.NoError(t, os.Truncate(image, 128<<20))
		command("mkfs.ext4", "-q", "-F", image)
	}
	dir = t.TempDir()
	command("mount", "-o", "loop", image, dir)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// TestPowerCut: what a single server has acknowledged is there after it, and without fsync it is not.
func TestPowerCut(t *testing.T) {
	for _, noSync := range []bool{false, true} {
		t.Run(fmt.Sprint("nosync ", noSync), func(t *testing.T) {
			const n = 3000
			images := t.TempDir()
			dir := disk(t, filepath.Join(images, "disk"))
			at := fmt.Sprintf("127.0.0.1:%d", ports(t, 1)[0])
			server := spawn(t, "server", role{Server: &Server{Dir: filepath.Join(dir, "queue"), Listen: at, NoSync: noSync}})
			c := start(t, Config{URL: "nats://" + at, Silence: silence})
			s, store := newSite(t), t.TempDir()
			jobs := list(n, 1000, s)
			_, err := c.Enqueue(t.Context(), "batch", jobs)
			require.NoError(t, err)
			worker := spawn(t, "w", role{Store: store, URL: c.URL()})
			var told Progress
			for p, err := range c.Progress(t.Context(), "batch") {
				require.NoError(t, err)
				if told = p; p.Done > n/4 {
					break
				}
			}
			server.signal(syscall.SIGSTOP)
			image, err := os.ReadFile(filepath.Join(images, "disk"))
			require.NoError(t, err)
			server.kill()
			worker.kill()

			after := filepath.Join(images, "after")
			require.NoError(t, os.WriteFile(after, image, 0o600))
			c = start(t, Config{Dir: filepath.Join(disk(t, after), "queue"), Silence: silence})
			if noSync {
				_, err := c.batch(t.Context(), "batch")
				require.ErrorIs(t, err, ErrNoBatch, "a cut that loses nothing shows nothing")
				return
			}
			for p, err := range c.Progress(t.Context(), "batch") {
				require.NoError(t, err)
				require.GreaterOrEqual(t, p.Done, told.Done)
				break
			}
			r, err := c.Enqueue(t.Context(), "batch", jobs)
			require.NoError(t, err)
			require.Equal(t, Receipt{n, n}, r)
			work(t, c, Worker{Name: "after", Sink: Dir{Path: store}})
			require.EqualValues(t, n, finish(t, c, "batch", time.Minute).Done)
			require.Equal(t, n, stored(t, store, "batch", jobs))
		})
	}
}
