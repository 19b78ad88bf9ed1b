//go:build linux

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

// victimURL makes a run of this test binary one that downloads that into a directory.
const victimURL, victimDir = "LITTLEDL_E2E_VICTIM", "LITTLEDL_E2E_DIR"

// beVictim downloads, and says how much it has got so far, until it is killed.
func beVictim() error {
	config := quick()
	config.ProgressInterval = 10 * time.Millisecond
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(config))
	if err != nil {
		return err
	}
	d.SetProgressCallback(func(int, int, float64, time.Duration) { fmt.Println(d.GetProgress().DownloadedBytes) })
	if _, err := d.AddURL(os.Getenv(victimURL), littledl.WithSavePath(os.Getenv(victimDir))); err != nil {
		return err
	}
	return d.Start(context.Background())
}

// TestKilled: a process is killed in the middle of a download; the next one goes on
// from there if the server has the same file, and begins anew if it has another one.
func TestKilled(t *testing.T) {
	t.Parallel()
	const size = 12 * mib
	for _, c := range []struct {
		name    string
		changed bool
		kills   []int64 // at so many bytes
	}{
		{"same file", false, []int64{15 * mib / 2}},
		{"same file, killed twice", false, []int64{4 * mib, 8 * mib}},
		{"other file of the same size", true, []int64{6 * mib}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := twoVersions(t, size, size, time.Hour)
			server := startNginxWith(t, v.served.root, slowly)
			j := newJob(t)
			j.add(t, v.old, "http://"+server.plain)
			for _, bytes := range c.kills {
				j.killAt(t, v.old.url("http://"+server.plain), bytes)
			}
			want := v.old
			if c.changed {
				v.deploy(t)()
				want = v.new
			}
			j.run(t)
			j.checkComplete(t, []file{want}, 8*time.Second)
			var sent int64
			for _, r := range server.requests(t) {
				sent += r.sent
			}
			t.Logf("%.1f MiB sent", float64(sent)/mib)
			if !c.changed { // what was under way is sent again, be it in a buffer of the server's
				anew := int64(size)
				for _, bytes := range c.kills {
					anew += bytes
				}
				require.Less(t, sent, anew, "it began anew")
			}
		})
	}
}

// killAt downloads in another process and kills it when it has got so much.
func (j *job) killAt(t *testing.T, url string, bytes int64) {
	t.Helper()
	cmd := exec.CommandContext(j.ctx, os.Args[0])
	cmd.Env = append(os.Environ(), victimURL+"="+url, victimDir+"="+j.dir)
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for line := bufio.NewScanner(said); line.Scan(); {
		if n, _ := strconv.ParseInt(line.Text(), 10, 64); n >= bytes {
			break
		}
	}
	require.NoError(t, cmd.Process.Kill())
	require.ErrorContains(t, cmd.Wait(), "signal: killed")
	parts, err := filepath.Glob(filepath.Join(j.dir, "*.ldpart"))
	require.NoError(t, err)
	require.Len(t, parts, 1)
}
