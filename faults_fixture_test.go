package littledl_test

import (
	"context"
	"hash/crc32"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// bed is what one test of a fault needs: a scripted origin, and a downloader that is made
// by its first add.
type bed struct {
	*ground
	srv     *faultserver.Server   // files.test
	servers []*faultserver.Server // that and those of origin

	// Set before the first add, as conf and opts are.
	files, chunks int  // limits; the defaults
	enhanced      bool // it is an EnhancedBatchDownloader

	// What Start may cost; set before it.
	restarts int           // whole files that may be sent for nothing
	deadline time.Duration // 10 min

	d      *littledl.BatchDownloader
	theirs map[string]string                // files of somebody else that must stay as they are, by path
	homes  map[string]bool                  // origins that credentials were given for
	want   map[string][]faultserver.Content // by task: what its file may hold
	whole  map[string]bool                  // names that were found complete
	floor  float64                          // the highest progress seen
	drops  int                              // connections that ended before the batch did
	began  time.Time
	took   time.Duration
}

// inBubble runs a test against an origin at files.test. With options for the origin
// it is one with TLS.
func inBubble(t *testing.T, test func(*bed), opts ...faultserver.Option) {
	t.Helper()
	inGround(t, func(g *ground) {
		b := &bed{ground: g, files: 5, chunks: 4, deadline: 10 * time.Minute}
		b.want, b.whole, b.homes = map[string][]faultserver.Content{}, map[string]bool{}, map[string]bool{}
		b.theirs = map[string]string{}
		at := "files.test:80"
		if len(opts) > 0 {
			at = "files.test:443"
		}
		b.srv = b.origin(at, opts...)
		b.net.Shape(faultserver.Same(line(8 * mib)))
		b.conf.TLSConfig = b.srv.ClientTLS()
		b.conf.ProgressInterval = 100 * time.Millisecond
		test(b)
	})
}

// inBoth runs a test with either downloader; under the race detector with one of them,
// by the test's name, since they share all but their policies.
func inBoth(t *testing.T, test func(*bed), opts ...faultserver.Option) {
	t.Helper()
	which := []bool{false, true}
	if underRace {
		i := crc32.ChecksumIEEE([]byte(t.Name())) % 2
		which = which[i : i+1]
	}
	for _, enhanced := range which {
		t.Run(map[bool]string{false: "plain", true: "enhanced"}[enhanced], func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.enhanced = enhanced
				test(b)
			}, opts...)
		})
	}
}

// origin is one more server, at "host:port".
func (b *bed) origin(addr string, opts ...faultserver.Option) *faultserver.Server {
	b.Helper()
	s := faultserver.Start(b, append(slices.Clone(opts), faultserver.On(b.net, addr))...)
	b.servers = append(b.servers, s)
	return s
}

// downloader makes the downloader with what the test has set.
func (b *bed) downloader() *littledl.BatchDownloader {
	if b.d != nil {
		return b.d
	}
	opts := append([]littledl.Option{
		littledl.WithConfig(b.conf),
		littledl.WithMaxConcurrentFiles(b.files),
		littledl.WithMaxConcurrentChunksPerFile(b.chunks),
		littledl.WithProgressCallback(func(int, int, float64, time.Duration) { b.watch() }),
		littledl.WithFileCompleteCallback(b.completed),
	}, b.opts...)
	var err error
	if !b.enhanced {
		b.d, err = littledl.NewBatchDownloader(opts...)
		require.NoError(b, err)
		return b.d
	}
	e, err := littledl.NewEnhancedBatchDownloader(append(opts, littledl.WithMaxTotalThreads(b.connections()))...)
	require.NoError(b, err)
	b.d = e.BatchDownloader
	return b.d
}

// connections is how many requests may be in flight.
func (b *bed) connections() int {
	switch {
	case b.conf.MaxConnections > 0:
		return b.conf.MaxConnections
	case b.enhanced:
		return min(b.files*b.chunks, 15)
	}
	return b.files * b.chunks
}

// add queues a file of the server, with a secret in URL and headers.
func (b *bed) add(f *faultserver.File, opts ...littledl.URLOption) string {
	return b.addURL(f.URL(), f.Content(), opts...)
}

func (b *bed) addURL(rawURL string, want faultserver.Content, opts ...littledl.URLOption) string {
	id, err := b.downloader().AddURL(rawURL+"?key="+secret, append([]littledl.URLOption{
		littledl.WithSavePath(b.dir),
		littledl.WithHeader(http.Header{"Authorization": {"Bearer " + secret}, "X-Api-Key": {secret}}),
	}, opts...)...)
	require.NoError(b, err)
	u, err := url.Parse(rawURL)
	require.NoError(b, err)
	b.homes[u.Scheme+"://"+u.Host] = true
	b.want[id] = []faultserver.Content{want}
	return id
}

// plant puts a file of somebody else into the directory, which must stay.
func (b *bed) plant(name, text string) string {
	b.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b, os.WriteFile(path, []byte(text), 0o600))
	b.theirs[path] = text
	return path
}

// start downloads what was added, checks the invariants, and returns the error.
func (b *bed) start() error { return b.startIn(b.Context()) }

func (b *bed) startIn(ctx context.Context) error {
	b.began = time.Now()
	err := b.downloader().Start(ctx)
	b.took = time.Since(b.began)
	synctest.Wait() // what a timer of the test wrote is seen by what follows
	b.assertInvariants(err)
	return err
}

func (b *bed) task(id string) littledl.FileTask {
	t, ok := b.d.GetTask(id)
	require.True(b, ok)
	return t
}

// leave has a file cancelled in the middle, which leaves a part and its journal.
func (b *bed) leave() *faultserver.File {
	f := b.srv.File("a.bin", faultserver.Size(8*mib), faultserver.Behave(faultserver.Slow(mib)))
	b.add(f)
	time.AfterFunc(time.Second, func() { b.d.Cancel() })
	require.ErrorIs(b, b.start(), littledl.ErrCancelled)
	return f
}

// anew fetches a file with another downloader, that knows of nothing.
func (b *bed) anew(f *faultserver.File) (id string) {
	b.d, b.want = nil, map[string][]faultserver.Content{}
	id = b.add(f)
	require.NoError(b, b.d.Start(b.Context()))
	require.NoError(b, b.compare(b.task(id)))
	return id
}

// wholeMiB has no part shorter than a MiB taken of what another connection has.
func wholeMiB(b *bed) { b.conf.MinChunkSize = mib }

// stamped is the time that every file has: of a reproducible build, say.
var stamped = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// again forgets the downloader and what was asked of the server until now.
func (b *bed) again() (asked int) {
	b.d, b.want = nil, map[string][]faultserver.Content{}
	b.read.Store(0)
	return len(b.srv.GETs())
}
