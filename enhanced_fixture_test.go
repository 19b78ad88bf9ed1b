package littledl_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// enhBed is an enhanced downloader, and origins by host name. What it is made with can be
// changed until the first add.
type enhBed struct {
	*ground
	rates map[string]int64 // bytes/s of a connection, by address; else 8 MiB/s

	d    *littledl.EnhancedBatchDownloader
	want map[string]faultserver.Content // by task
	took time.Duration
}

// enhBubble runs a test with an enhanced downloader.
func enhBubble(t *testing.T, test func(*enhBed)) {
	t.Helper()
	inGround(t, func(g *ground) {
		b := &enhBed{ground: g, rates: map[string]int64{}, want: map[string]faultserver.Content{}}
		b.net.Shape(func(_ int, addr string) faultserver.Link {
			l := faultserver.RTT(20 * time.Millisecond)
			if l.Rate = b.rates[addr]; l.Rate == 0 {
				l.Rate = 8 * mib
			}
			return l
		})
		test(b)
	})
}

// origin is a server at http://host.
func (b *enhBed) origin(host string, opts ...faultserver.Option) *faultserver.Server {
	b.Helper()
	return faultserver.Start(b, append([]faultserver.Option{faultserver.On(b.net, host+":80")}, opts...)...)
}

// refuseBeyond has the address refuse connections while n are open.
func (b *enhBed) refuseBeyond(n int32, addr string) {
	var open atomic.Int32
	dial := b.conf.DialContext
	b.conf.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		if to != addr {
			return dial(ctx, network, to)
		}
		if open.Add(1) > n {
			defer open.Add(-1)
			select {
			case <-time.After(20 * time.Millisecond): // a round trip
				return nil, errRefused
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		c, err := dial(ctx, network, to)
		if err != nil {
			open.Add(-1)
			return nil, err
		}
		return &closeTeller{Conn: c, closed: sync.OnceFunc(func() { open.Add(-1) })}, nil
	}
}

// closeTeller tells when it is closed.
type closeTeller struct {
	net.Conn
	closed func()
}

func (c *closeTeller) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (b *enhBed) get() *littledl.EnhancedBatchDownloader {
	b.Helper()
	if b.d == nil {
		var err error
		b.d, err = littledl.NewEnhancedBatchDownloader(append([]littledl.Option{littledl.WithConfig(b.conf)}, b.opts...)...)
		require.NoError(b, err)
	}
	return b.d
}

// add queues a URL whose file shall hold want in the end.
func (b *enhBed) add(rawURL string, want faultserver.Content, opts ...littledl.URLOption) string {
	b.Helper()
	id, err := b.get().AddURL(rawURL, append([]littledl.URLOption{littledl.WithSavePath(b.dir)}, opts...)...)
	require.NoError(b, err)
	b.want[id] = want
	return id
}

// mirrored queues the first server's file with the others as backups.
func (b *enhBed) mirrored(name string, want faultserver.Content, opts []littledl.URLOption, servers ...*faultserver.Server) string {
	b.Helper()
	var backups []string
	for _, s := range servers[1:] {
		backups = append(backups, s.URL(name))
	}
	return b.add(servers[0].URL(name), want, append(opts, littledl.WithBackupURLs(backups...))...)
}

// start runs the batch and compares every file that it says is complete.
func (b *enhBed) start() error {
	b.Helper()
	began := time.Now()
	err := b.get().Start(b.Context())
	b.took = time.Since(began)
	synctest.Wait() // what a timer of the test wrote is seen by what follows
	b.check()
	return err
}

func (b *enhBed) check() {
	b.Helper()
	unfinished := false
	for _, task := range b.get().GetAllTasks() {
		if !task.IsCompleted() {
			unfinished = true
			continue
		}
		f, err := os.Open(task.Path())
		require.NoError(b, err)
		require.NoError(b, faultserver.Compare(f, b.want[task.TaskID]), task.URL)
		f.Close()
	}
	for _, name := range b.list() {
		require.True(b, unfinished || !partfile.IsOurs(name), "%s is left behind", name)
	}
}

func (b *enhBed) task(id string) littledl.FileTask {
	b.Helper()
	t, ok := b.get().GetTask(id)
	require.True(b, ok)
	return t
}

// dropped are the hosts of a task's sources that were given up.
func (b *enhBed) dropped(id string) (hosts []string) {
	for _, s := range b.task(id).Sources {
		if u, _ := url.Parse(s.URL); s.Dropped {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

// list are the files below the directory.
func (b *enhBed) list() (names []string) {
	b.Helper()
	require.NoError(b, filepath.WalkDir(b.dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(b.dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	}))
	slices.Sort(names)
	return names
}

// plant writes a file below the directory.
func (b *enhBed) plant(name string, c faultserver.Content) string {
	b.Helper()
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(b, os.WriteFile(path, faultserver.Bytes(c), 0o666))
	return path
}

// enhAsked is how many bytes the ranges of requests add up to.
func enhAsked(records []faultserver.Record) (n int64) {
	for _, r := range records {
		if first, last := askedRange(r); last > 0 {
			n += last - first + 1
		}
	}
	return n
}

// enhOther makes a version of content that has its size but other bytes.
func enhOther(name string, size int64) faultserver.FileOption {
	return faultserver.Data(faultserver.Bytes(faultserver.Generate(fmt.Sprint("other ", name), 9, size)))
}
