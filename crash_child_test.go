//go:build unix

package littledl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// childJob, in the environment, makes a run of the test binary a process that downloads
// one file, and dies as it is told.
const childJob = "LITTLEDL_TEST_CHILD"

// child is what such a process does.
type child struct {
	URL, Dir string
	KillAt   int64         // before this operation on its disk; 0: never
	After    time.Duration // that long after it has begun; 0: never
	Lie      bool          // every lock succeeds
}

// How a child ended, beside being killed.
const (
	childDone   = 0
	childLocked = 3
	childFailed = 4
)

// childConns is how many connections a child, or the process that completes its work,
// may have.
const childConns = 4

// TestChild is none: it is the child.
func TestChild(t *testing.T) {
	text := os.Getenv(childJob)
	if text == "" {
		t.Skip("it is what other tests run as processes of their own")
	}
	var c child
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	ops, err := c.download()
	fmt.Printf("operations=%d\n", ops)
	switch {
	case err == nil:
		os.Exit(childDone)
	case errors.Is(err, littledl.ErrLocked):
		os.Exit(childLocked)
	}
	fmt.Println(err)
	os.Exit(childFailed)
}

// download is a downloader from its beginning to its end.
func (c child) download() (ops int64, err error) {
	var n atomic.Int64
	d, err := littledl.NewBatchDownloader(
		littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy}),
		littledl.WithMaxConcurrentChunksPerFile(childConns),
		tapped(func(op crashfs.Op) error {
			if n.Add(1) == c.KillAt {
				kill()
			}
			if c.Lie && op.Kind == crashfs.Lock {
				return crashfs.ErrSkip
			}
			return nil
		}),
	)
	if err != nil {
		return 0, err
	}
	if _, err := d.AddURL(c.URL, littledl.WithSavePath(c.Dir)); err != nil {
		return 0, err
	}
	if c.After > 0 {
		time.AfterFunc(c.After, kill)
	}
	err = d.Start(context.Background())
	return n.Load(), err
}

// kill ends this process, and nothing of it runs any more.
func kill() {
	syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// crashOrigin is what children download from: the parent's server, on loopback.
type crashOrigin struct {
	*testing.T
	srv *faultserver.Server
	r   *rand.Rand
}

func newOrigin(t *testing.T, r *rand.Rand) *crashOrigin {
	return &crashOrigin{t, faultserver.Start(t), rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))}
}

// target is one file and the directory it goes to.
type target struct {
	*crashOrigin
	f   *faultserver.File
	dir string
}

// target makes a file whose connections have a rate each in bytes/s; 0: as fast as may be.
func (o *crashOrigin) target(name string, size, rate int64) *target {
	f := o.srv.File(name, faultserver.Size(size))
	if rate > 0 {
		f.Behave(faultserver.Slow(rate))
	}
	return &target{o, f, o.TempDir()}
}

// begin starts a child.
func (g *target) begin(c child) *running {
	g.Helper()
	c.URL, c.Dir = g.f.URL(), g.dir
	text, err := json.Marshal(c)
	require.NoError(g, err)
	run := &running{target: g, cmd: exec.Command(os.Args[0], "-test.run", "^TestChild$")}
	run.cmd.Env = append(os.Environ(), childJob+"="+string(text))
	run.cmd.Stdout, run.cmd.Stderr = &run.out, &run.out
	require.NoError(g, run.cmd.Start())
	return run
}

// running is a child that was started.
type running struct {
	*target
	cmd *exec.Cmd
	out bytes.Buffer
}

// end waits for a child; it is -1 when it was killed.
func (r *running) end() (code int) {
	r.Helper()
	err := r.cmd.Wait()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(r, err, &exit)
	}
	return r.cmd.ProcessState.ExitCode()
}

// operations is how many the child says that it did.
func (r *running) operations() int64 {
	r.Helper()
	_, after, found := bytes.Cut(r.out.Bytes(), []byte("operations="))
	require.True(r, found, "%s", r.out.String())
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, err := strconv.ParseInt(string(line), 10, 64)
	require.NoError(r, err)
	return n
}

// looks checks the final name: the complete file, or nothing. It reports which.
func (g *target) looks() bool {
	g.Helper()
	file, err := os.Open(filepath.Join(g.dir, g.f.Name()))
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	require.NoError(g, err)
	defer file.Close()
	require.NoError(g, faultserver.Compare(file, g.f.Content()), "the final name shows something else")
	return true
}

// complete lets a process that nobody kills finish the file, and checks that it is all
// there is in the end.
func (g *target) complete() {
	g.Helper()
	g.f.Behave()
	_, err := child{URL: g.f.URL(), Dir: g.dir}.download()
	require.NoError(g, err)
	require.True(g, g.looks())
	entries, err := os.ReadDir(g.dir)
	require.NoError(g, err)
	for _, e := range entries {
		require.False(g, partfile.IsOurs(e.Name()), "%s is left behind", e.Name())
	}
	require.Len(g, entries, 1, "%v", entries)
}
