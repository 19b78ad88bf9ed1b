package littledl_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestMaxSpeed bounds the whole batch, however many connections share it, and what it
// holds back is not taken for a stall.
func TestMaxSpeed(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MaxSpeed = 1 << 20
		b.conf.StallTimeout = 500 * time.Millisecond
		b.net.Shape(faultserver.Same(line(8 << 20)))
		b.file("large", 8<<20)
		for i := range 8 {
			b.file(fmt.Sprint(i), 256<<10)
		}
		began := time.Now()
		done := b.background(b.Context())
		var before int64
		for range 9 {
			time.Sleep(time.Second)
			now := b.get().GetProgress().DownloadedBytes
			require.InDelta(b, 1<<20, now-before, 400<<10, "in each second, but for a buffer of each connection")
			before = now
		}
		require.NoError(b, <-done)
		b.check()
		require.InDelta(b, 10, time.Since(began).Seconds(), 0.5)
		for _, task := range b.get().GetAllTasks() {
			require.Zero(b, task.RetryCount)
		}
	})
}

// TestMaxFileSize: what is larger fails at its first answer, or where it turns out so, and
// leaves nothing.
func TestMaxFileSize(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MaxFileSize = 1 << 20
		b.file("fits", 1<<20)
		b.file("too-large", 1<<20+1)
		b.file("huge", 200<<20)
		b.file("no-length", 2<<20, faultserver.NoLength())
		b.file("no-length-fits", 1<<20, faultserver.NoLength())
		failed := failures(b, b.start())
		require.Len(b, failed, 3)
		for _, fe := range failed {
			require.ErrorIs(b, fe, littledl.ErrFileTooLarge)
			require.ErrorContains(b, fe, "MaxFileSize is 1048576")
		}
		require.Equal(b, []string{"fits", "no-length-fits"}, b.list(), "nothing is left of the others")
		for _, name := range []string{"too-large", "huge", "no-length"} {
			require.Len(b, b.srv.GETs(name), 1, "no retry makes it smaller")
		}
		require.Less(b, b.srv.BytesSent(), int64(16<<20))
	})
}

// TestDenyPrivateNetworks: the origin is on loopback, so nothing of it may be asked,
// by address or by a name that leads there.
func TestDenyPrivateNetworks(t *testing.T) {
	srv := faultserver.Start(t)
	srv.File("a")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(srv.Origin(), "http://"))
	require.NoError(t, err)
	urls := []string{srv.URL("a"), "http://localhost:" + port + "/a", "http://[::ffff:127.0.0.1]:" + port + "/a"}
	results, err := littledl.BatchDownload(t.Context(), urls, t.TempDir(),
		littledl.WithConfig(littledl.DownloadConfig{DenyPrivateNetworks: true}))
	require.ErrorIs(t, err, littledl.ErrPrivateAddress)
	for i, r := range results {
		require.ErrorIs(t, r.Err, littledl.ErrPrivateAddress, urls[i])
		require.Empty(t, r.Path)
	}
	require.Zero(t, srv.Conns())

	results, err = littledl.BatchDownload(t.Context(), urls[:1], t.TempDir(), littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy}))
	require.NoError(t, err, "the default asks anybody")
	require.NotEmpty(t, results[0].Path)
}

// TestMaxSpeedWastesNothing: a connection that is as slow as the caller wants it is not
// asked for a second time.
func TestMaxSpeedWastesNothing(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.conf.MaxSpeed = 300_000
		total := int64(0)
		for i := range 2 {
			b.file(fmt.Sprint(i), 7<<20)
			total += 7 << 20
		}
		began := time.Now()
		require.NoError(b, b.start())
		ideal := time.Duration(float64(total) / 300_000 * float64(time.Second))
		require.InEpsilon(b, ideal.Seconds(), time.Since(began).Seconds(), 0.02)
	})
}
