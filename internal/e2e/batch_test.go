//go:build linux

package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
)

const (
	batchTimeout = 30 * time.Second
	missing      = "not-there.bin"

	// What the two runs of a batch call themselves, to be told apart in the log.
	firstRun, secondRun = "e2e-first", "e2e-second"
)

// batch downloads the site twice from one endpoint and knows what must come of it.
type batch struct {
	from   *endpoint
	secure bool
	proxy  *url.URL // nil: none
	client string   // address that the server must have seen
	dir    string   // where the files go
}

func newBatch(t *testing.T, from *endpoint) *batch {
	return &batch{from: from, client: "127.0.0.1", dir: t.TempDir()}
}

// check runs the batch twice and looks at the files and at the server's log.
func (b *batch) check(t *testing.T) {
	for _, task := range b.run(t, firstRun) {
		require.False(t, task.Reused, task.Filename)
	}
	b.checkFiles(t)
	for _, task := range b.run(t, secondRun) {
		require.True(t, task.Reused, "%s was fetched again", task.Filename)
	}
	b.checkFiles(t)

	log := b.from.requests(t)
	b.checkWay(t, log)
	b.checkFirst(t, log)
	b.checkSecond(t, log)
	b.checkNoBody(t, log)
}

// run downloads every file of the site and one that is not there, and returns the
// tasks of those that are.
func (b *batch) run(t *testing.T, agent string) []littledl.FileTask {
	t.Helper()
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(b.config(agent)))
	require.NoError(t, err)
	base := b.base()
	lost, err := d.AddURL(base+"/"+missing, littledl.WithSavePath(b.dir))
	require.NoError(t, err)
	for _, f := range site.files {
		opts := []littledl.URLOption{littledl.WithSavePath(b.dir)}
		if f.hashed {
			opts = append(opts, littledl.WithHash("sha256", hex.EncodeToString(f.sum[:])))
		}
		_, err := d.AddURL(f.url(base), opts...)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), batchTimeout)
	defer cancel()
	began := time.Now()
	err = d.Start(ctx)
	t.Logf("%s: %v", agent, time.Since(began).Round(time.Millisecond))

	var failed *littledl.BatchError
	require.ErrorAs(t, err, &failed)
	require.Len(t, failed.Failed, 1, "only the missing file may fail: %v", err)
	require.Equal(t, lost, failed.Failed[0].TaskID)
	var status *littledl.StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusNotFound, status.Code)
	return d.GetAllTasks()[1:]
}

// address is where the endpoint is asked.
func (b *batch) address() string {
	if b.secure {
		return b.from.secure
	}
	return b.from.plain
}

func (b *batch) base() string {
	if b.secure {
		return "https://" + b.address()
	}
	return "http://" + b.address()
}

func (b *batch) config(agent string) littledl.DownloadConfig {
	c := littledl.DownloadConfig{
		UserAgent: agent,
		TLSConfig: &tls.Config{RootCAs: b.from.certificate.pool},
		Retry:     littledl.RetryConfig{MaxElapsed: 5 * time.Second},
	}
	if b.proxy != nil {
		c.Proxy = http.ProxyURL(b.proxy)
	}
	return c
}

// checkFiles compares the directory with the site: the same names, bytes and
// times, and nothing else.
func (b *batch) checkFiles(t *testing.T) {
	t.Helper()
	var want, have []string
	entries, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	for _, e := range entries {
		have = append(have, e.Name())
	}
	for _, f := range site.files {
		want = append(want, f.name)
	}
	require.ElementsMatch(t, want, have)
	for _, f := range site.files {
		path := filepath.Join(b.dir, f.name)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, f.size, info.Size(), f.name)
		require.True(t, info.ModTime().Equal(f.modified), "%s is of %v, on the server of %v", f.name, info.ModTime().UTC(), f.modified)
		require.Equal(t, f.sum, sumOf(t, path), "%s has other bytes than on the server", f.name)
	}
}

func sumOf(t *testing.T, path string) (sum [sha256.Size]byte) {
	t.Helper()
	in, err := os.Open(path)
	require.NoError(t, err)
	defer in.Close()
	digest := sha256.New()
	_, err = io.Copy(digest, in)
	require.NoError(t, err)
	digest.Sum(sum[:0])
	return sum
}

// checkWay makes sure that every request took the way it was meant to.
func (b *batch) checkWay(t *testing.T, log []request) {
	t.Helper()
	for _, r := range log {
		require.Equal(t, b.client, r.client, "%s %s did not come by way of the proxy", r.method, r.file)
	}
}

// checkFirst judges what the server was asked when nothing was there yet: one
// request for a small file, a stream of one connection where HTTP/2 is spoken;
// ranges on connections of their own for a large one.
func (b *batch) checkFirst(t *testing.T, log []request) {
	t.Helper()
	shared := "HTTP/1.1"
	if b.secure {
		shared = "HTTP/2.0"
	}
	gets, small, asked := of(log, firstRun, http.MethodGet), 0, 0
	require.Len(t, gets[missing], 1, "a file that is not there is asked for once")
	for _, f := range site.files {
		require.NotEmpty(t, gets[f.name], f.name)
		if f.size < 5*mib {
			small++
			asked += len(gets[f.name])
		}
		starts := map[int64]bool{}
		for _, r := range gets[f.name] {
			if f.size < 5*mib {
				require.Equal(t, shared, r.protocol, f.name)
			}
			if f.size > 5*mib && r.start() > 0 {
				require.Equal(t, "HTTP/1.1", r.protocol, "%s, %s", f.name, r.ranges)
				require.Equal(t, http.StatusPartialContent, r.status, "%s, %s", f.name, r.ranges)
			}
			starts[r.start()] = true
		}
		if f.size >= 20*mib {
			assert.GreaterOrEqual(t, len(starts), 4, "%s was not fetched in segments", f.name)
		}
	}
	assert.LessOrEqual(t, asked, small+small/10, "GETs for %d small files", small)
}

// checkSecond judges what the server was asked when everything was there: about
// each file once, to see that it is the same, and not even that where the digest
// tells.
func (b *batch) checkSecond(t *testing.T, log []request) {
	t.Helper()
	gets, heads := of(log, secondRun, http.MethodGet), of(log, secondRun, http.MethodHead)
	for _, f := range site.files {
		if f.hashed {
			assert.Empty(t, gets[f.name], f.name)
			continue
		}
		assert.NotZero(t, len(gets[f.name])+len(heads[f.name]), "%s was not compared with the server's", f.name)
		assert.LessOrEqual(t, len(gets[f.name]), 1, f.name)
		for _, r := range gets[f.name] {
			assert.Zero(t, r.start(), f.name)
		}
	}
}

// checkNoBody makes sure that the second run cost the server no bytes: what is the
// same is not sent only to be thrown away.
func (b *batch) checkNoBody(t *testing.T, log []request) {
	t.Helper()
	var sent int64
	gets := of(log, secondRun, http.MethodGet)
	for _, f := range site.files {
		for _, r := range gets[f.name] {
			sent += r.sent
		}
	}
	assert.Zero(t, sent, "bytes of bodies sent although every file was there")
}
