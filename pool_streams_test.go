package littledl_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// What rides on which connection, where a host speaks HTTP/2.

// secure is a host of TLS with so many small files, each of which takes a while to be answered.
func (b *batch) secure(files int) *faultserver.Server {
	b.Helper()
	srv := faultserver.Start(b, faultserver.On(b.net, "secure.test:443"), faultserver.AnyHTTP())
	b.conf.TLSConfig = srv.ClientTLS()
	b.opts = append(b.opts, littledl.WithSmallFilePriority(false)) // no HEADs
	for i := range files {
		b.add(srv.File(fmt.Sprint("small", i), faultserver.Size(20<<10), faultserver.Behave(faultserver.Delay(50*time.Millisecond))))
	}
	return srv
}

// streams are the most requests that were under way at once, by connection.
func streams(all []faultserver.Record) map[int]int {
	most := map[int]int{}
	for _, r := range all {
		n := 0
		for _, o := range all {
			if o.Conn == r.Conn && !o.Start.After(r.Start) && o.End.After(r.Start) {
				n++
			}
		}
		most[r.Conn] = max(most[r.Conn], n)
	}
	return most
}

// TestStreams: requests over HTTP/2 have as many connections as are allowed, and as are needed;
// where several may ride on one, the new ones go where the fewest are.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files, connections, per int // at once, and streams on each
		want                    []int
	}{
		"one file at a time":    {1, 8, 1, []int{1}},
		"one each":              {8, 8, 1, []int{1, 1, 1, 1, 1, 1, 1, 1}},
		"fewer connections":     {8, 3, 1, []int{1, 1, 1}},
		"they are not shared":   {8, 8, 4, []int{1, 1, 1, 1, 1, 1, 1, 1}},
		"until all are in use":  {9, 4, 4, []int{2, 2, 2, 3}},
		"and no more than that": {64, 4, 4, []int{4, 4, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.conf.MaxConnections, b.conf.StreamsPerConnection = c.connections, c.per
				b.opts = append(b.opts, littledl.WithMaxConcurrentFiles(c.files))
				srv := b.secure(100)
				require.NoError(b, b.start())
				var got []int
				for _, n := range streams(srv.GETs()) {
					got = append(got, n)
				}
				slices.SortFunc(got, cmp.Compare[int])
				require.Equal(b, c.want, got)
			})
		})
	}
}

// TestStreamsOfAll: the enhanced downloader shares them by itself, and its threads are connections.
func TestStreamsOfAll(t *testing.T) {
	t.Parallel()
	inGround(t, func(g *ground) {
		srv := faultserver.Start(g, faultserver.On(g.net, "secure.test:443"), faultserver.AnyHTTP())
		g.conf.TLSConfig = srv.ClientTLS()
		g.conf.DialContext = g.dial
		g.net.Shape(faultserver.Same(line(4 << 20)))
		d, err := littledl.NewEnhancedBatchDownloader(littledl.WithConfig(g.conf), littledl.WithMaxConcurrentFiles(32), littledl.WithMaxTotalThreads(4))
		require.NoError(g, err)
		defer d.Stop()
		for i := range 100 {
			f := srv.File(fmt.Sprint("small", i), faultserver.Size(20<<10), faultserver.Behave(faultserver.Delay(50*time.Millisecond)))
			_, err := d.AddURL(f.URL(), littledl.WithSavePath(g.dir))
			require.NoError(g, err)
		}
		require.NoError(g, d.Start(g.Context()))
		require.Equal(g, 100, d.GetProgress().CompletedFiles)
		for conn, n := range streams(srv.GETs()) {
			require.LessOrEqual(g, n, 4, conn)
		}
		require.LessOrEqual(g, len(streams(srv.GETs())), 4)
		require.Greater(g, srv.MaxInFlight(), 8)
	})
}

// TestStreamsRefused: who refuses a request has one on each connection from then on, and as many
// connections as before.
func TestStreamsRefused(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		b.conf.MaxConnections, b.conf.StreamsPerConnection = 4, 4
		b.opts = append(b.opts, littledl.WithMaxConcurrentFiles(32))
		srv := b.secure(200)
		srv.Behave(faultserver.ConnLimit(6, faultserver.Status(http.StatusTooManyRequests)))
		require.NoError(b, b.start())
		all := srv.GETs()
		refused := slices.IndexFunc(all, func(r faultserver.Record) bool { return r.Status == http.StatusTooManyRequests })
		require.Positive(b, refused)
		last := all[refused].Start.Add(time.Second)
		late := slices.DeleteFunc(all, func(r faultserver.Record) bool { return r.Start.Before(last) })
		require.NotEmpty(b, late)
		n := streams(late)
		require.Len(b, n, 4)
		for conn, most := range n {
			require.Equal(b, 1, most, conn)
		}
	})
}

// TestFewStreams: where a host takes fewer streams on a connection than there may be, requests wait
// for one. Each connection may have a second beside it, for a while, or the host may be taken for one
// that wants HTTP/1.1; net/http alone would have a connection for each request that finds no room.
func TestFewStreams(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 2, 3} {
		var conns most64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Millisecond)
			http.ServeContent(w, r, "", time.Unix(1e9, 0), strings.NewReader(strings.Repeat(r.URL.Path, 1000)))
		}))
		srv.EnableHTTP2 = true
		srv.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: most}
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				conns.add(1)
			case http.StateClosed:
				conns.add(-1)
			}
		}
		srv.StartTLS()
		defer srv.Close()
		var urls []string
		for i := range 100 {
			urls = append(urls, fmt.Sprintf("%s/f%d", srv.URL, i))
		}
		roots := x509.NewCertPool()
		roots.AddCert(srv.Certificate())
		_, err := littledl.BatchDownload(t.Context(), urls, t.TempDir(), littledl.WithMaxConcurrentFiles(16), littledl.WithConfig(littledl.DownloadConfig{
			MaxConnections: 4, StreamsPerConnection: 4, TLSConfig: &tls.Config{RootCAs: roots},
		}))
		require.NoError(t, err)
		require.LessOrEqual(t, conns.most.Load(), int64(16))
	}
}

// most64 is a number, and the highest that it has been.
type most64 struct{ now, most atomic.Int64 }

func (m *most64) add(n int64) {
	now := m.now.Add(n)
	for most := m.most.Load(); now > most && !m.most.CompareAndSwap(most, now); {
		most = m.most.Load()
	}
}
