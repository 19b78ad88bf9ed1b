package littledl_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// batch is a downloader and the origin files.test. What it is made with can be changed
// until the first use of get.
type batch struct {
	*ground
	srv  *faultserver.Server
	most atomic.Int64 // the most that was asked of a connection at once

	d    *littledl.BatchDownloader
	want map[string]faultserver.Content // by task

	paused  time.Time // when a test has paused it
	missing int       // bytes of the file that interrupted has left unfinished
}

// batchBubble runs a test with a downloader.
func batchBubble(t *testing.T, test func(*batch)) {
	t.Helper()
	inGround(t, func(g *ground) {
		b := &batch{ground: g, want: map[string]faultserver.Content{}}
		b.srv = faultserver.Start(g, faultserver.On(g.net, "files.test:80"))
		b.net.Shape(faultserver.Same(line(4 << 20)))
		b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := b.dial(ctx, network, addr)
			return batchConn{c, b}, err
		}
		test(b)
	})
}

type batchConn struct {
	net.Conn
	b *batch
}

func (c batchConn) Read(p []byte) (int, error) {
	for most := c.b.most.Load(); int64(len(p)) > most && !c.b.most.CompareAndSwap(most, int64(len(p))); {
		most = c.b.most.Load()
	}
	return c.Conn.Read(p)
}

// get is the downloader, made when it is first asked for.
func (b *batch) get() *littledl.BatchDownloader {
	b.Helper()
	if b.d == nil {
		d, err := littledl.NewBatchDownloader(append([]littledl.Option{littledl.WithConfig(b.conf)}, b.opts...)...)
		require.NoError(b, err)
		b.d = d
	}
	return b.d
}

// file makes a file at the origin and queues it.
func (b *batch) file(name string, size int64, behaviours ...faultserver.Behaviour) string {
	b.Helper()
	return b.add(b.srv.File(name, faultserver.Size(size), faultserver.Behave(behaviours...)))
}

func (b *batch) add(f *faultserver.File, opts ...littledl.URLOption) string {
	b.Helper()
	id, err := b.get().AddURL(f.URL(), append([]littledl.URLOption{littledl.WithSavePath(b.dir)}, opts...)...)
	require.NoError(b, err)
	b.want[id] = f.Content()
	return id
}

// start runs the batch and checks every file that it says is complete, and that
// nothing else is in the directory but parts of what is not.
func (b *batch) start() error {
	b.Helper()
	err := b.get().Start(b.Context())
	synctest.Wait() // what a timer of the test wrote is seen by what follows
	b.check()
	return err
}

// background is start in a goroutine of its own; the channel gets the error.
func (b *batch) background(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- b.get().Start(ctx) }()
	return done
}

func (b *batch) check() {
	b.Helper()
	unfinished := false
	known := map[string]bool{}
	for _, task := range b.get().GetAllTasks() {
		if !task.IsCompleted() {
			unfinished = true
			continue
		}
		require.NoError(b, task.Err)
		require.Equal(b, 100.0, task.Progress())
		if want := b.want[task.TaskID]; want != nil {
			b.same(task.Path(), want)
		}
		known[task.Path()] = true
	}
	for _, name := range b.list() {
		part := partfile.IsOurs(name)
		require.False(b, part && !unfinished, "%s is left behind", name)
		require.True(b, part || known[filepath.Join(b.dir, name)], "%s belongs to nobody", name)
	}
}

func (b *batch) same(path string, want faultserver.Content) {
	b.Helper()
	f, err := os.Open(path)
	require.NoError(b, err)
	defer f.Close()
	require.NoError(b, faultserver.Compare(f, want), path)
}

func (b *batch) task(id string) littledl.FileTask {
	b.Helper()
	task, ok := b.get().GetTask(id)
	require.True(b, ok)
	return task
}

// list are the names in the directory, in order.
func (b *batch) list() []string {
	b.Helper()
	entries, err := os.ReadDir(b.dir)
	require.NoError(b, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// batchPaths are the paths of requests in the order they came.
func batchPaths(records []faultserver.Record) (paths []string) {
	for _, r := range records {
		paths = append(paths, strings.TrimPrefix(r.Path, "/"))
	}
	return paths
}

// batchFirst are the paths in the order of their first request.
func batchFirst(records []faultserver.Record) (paths []string) {
	for _, p := range batchPaths(records) {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// batchFilesAtOnce is how many files were in transfer at once, each from its first
// request to the end of its last.
func batchFilesAtOnce(records []faultserver.Record) (most int) {
	begin, end := map[string]time.Time{}, map[string]time.Time{}
	for _, r := range records {
		if _, ok := begin[r.Path]; !ok {
			begin[r.Path] = r.Start
		}
		if r.End.After(end[r.Path]) {
			end[r.Path] = r.End
		}
	}
	for _, at := range begin {
		n := 0
		for p := range begin {
			if !begin[p].After(at) && end[p].After(at) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
