package littledl_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// TestLimitsAreNotLowered: a limit that is given is not lowered by the default of
// another one.
func TestLimitsAreNotLowered(t *testing.T) {
	t.Parallel()
	for _, enhanced := range []bool{false, true} {
		inBubble(t, func(b *bed) {
			b.enhanced, b.files, b.chunks, b.conf.MinChunkSize = enhanced, 1, 24, 256*kib
			if enhanced {
				b.option(littledl.WithMaxTotalThreads(24))
				b.conf.MaxConnections = 24
			}
			b.net.Shape(Same(line(150 * kib)))
			b.srv.Behave(Delay(50 * time.Millisecond))
			b.add(b.srv.File("a.bin", Size(24*mib)))
			require.NoError(b, b.start())
			require.Equal(b, 24, b.srv.MaxInFlight())
		})
	}
}

// TestLimitsOutOfRange are refused, and none of them overflows.
func TestLimitsOutOfRange(t *testing.T) {
	most := 1 << 15
	for _, n := range []int{-1, 0, most + 1, math.MaxInt} {
		for _, o := range []littledl.Option{littledl.WithMaxConcurrentFiles(n), littledl.WithMaxConcurrentChunksPerFile(n), littledl.WithMaxTotalThreads(n)} {
			_, err := littledl.NewEnhancedBatchDownloader(o)
			require.ErrorIs(t, err, littledl.ErrInvalidOption)
		}
		if n == 0 {
			continue
		}
		for _, c := range []littledl.DownloadConfig{{MaxConnections: n}, {MaxConnectionsPerHost: n}, {MaxChunks: n}} {
			_, err := littledl.NewBatchDownloader(littledl.WithConfig(c))
			require.ErrorIs(t, err, littledl.ErrInvalidOption)
		}
	}
	for _, n := range []int{-1, 1, 4095, 64*mib + 1, math.MaxInt} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{BufferSize: n}))
		require.ErrorIs(t, err, littledl.ErrInvalidOption)
	}
	d, err := littledl.NewBatchDownloader(littledl.WithMaxConcurrentFiles(most), littledl.WithMaxConcurrentChunksPerFile(most))
	require.NoError(t, err)
	require.Equal(t, most*most, d.GetStats().CurrentConcurrency)
}

// TestHeadersAreCopied: what the caller does to its maps later changes nothing.
func TestHeadersAreCopied(t *testing.T) {
	inBoth(t, func(b *bed) {
		home := "http://files.test"
		h := http.Header{"X-All": {"1"}}
		b.conf.Header = h
		origins := map[string]http.Header{home: {"X-One": {"1"}}}
		b.conf.OriginHeaders = origins
		b.add(b.srv.File("a.bin"))
		h.Set("Authorization", "mine")
		h["X-All"][0] = "2"
		origins[home].Set("X-One", "2")
		origins["http://else.test"] = h
		require.NoError(b, b.start())
		got := b.srv.GETs()[0].Header
		require.Equal(b, "1", got.Get("X-All"))
		require.Equal(b, "1", got.Get("X-One"))
		require.Equal(b, "Bearer "+secret, got.Get("Authorization"))
	})
}

// TestHeadersOfTheLibrary cannot be given.
func TestHeadersOfTheLibrary(t *testing.T) {
	for _, k := range []string{"Range", "if-range", "If-Anything", "Accept-Encoding", "Host", "TE", "Content-Length"} {
		_, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Header: http.Header{k: {"x"}}}))
		require.ErrorIs(t, err, littledl.ErrInvalidOption, k)
		d, err := littledl.NewBatchDownloader()
		require.NoError(t, err)
		_, err = d.AddURL("http://files.test/a", littledl.WithHeader(http.Header{k: {"x"}}))
		require.ErrorIs(t, err, littledl.ErrInvalidOption, k)
	}
}

// TestLoggerLevels: attempts that fail are told at Debug, what costs more at Warn.
func TestLoggerLevels(t *testing.T) {
	logged := func(t *testing.T, size int64, want func(*File) []Content, behave Behaviour) string {
		var log bytes.Buffer
		inBoth(t, func(b *bed) {
			b.conf.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			b.restarts = 1
			f := b.srv.File("a.bin", Size(size), Behave(behave))
			b.want[b.add(f)] = want(f)
			require.NoError(b, b.start())
			require.Contains(b, log.String(), "level=DEBUG")
		})
		return log.String()
	}
	same := func(f *File) []Content { return []Content{f.Content()} }
	require.NotContains(t, logged(t, kib, same, First(1, Status(500))), "level=WARN")
	changed := logged(t, 8*mib, func(f *File) []Content { return []Content{Generate("/a.bin", 2, 8*mib)} }, ETagChange(2))
	require.Contains(t, changed, `level=WARN msg="starting over"`)
}

// TestDeadlineTellsWhy: who gave up waiting is told what was waited for.
func TestDeadlineTellsWhy(t *testing.T) {
	inBoth(t, func(b *bed) {
		id := b.add(b.srv.File("a.bin", Behave(Status(503))))
		ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
		defer cancel()
		err := b.startIn(ctx)
		require.ErrorIs(b, err, context.DeadlineExceeded)
		require.ErrorContains(b, b.task(id).Err, "503")
		failures(b, err)
		require.Regexp(b, `^context deadline exceeded: 1 file did not complete: download http://files.test/a.bin: context deadline exceeded; the last attempt had failed: .*503`, err.Error())
		require.Equal(b, littledl.StatusCancelled, b.task(id).Status)

		err = b.startIn(alreadyOver(b))
		require.ErrorIs(b, err, context.Canceled)
		require.NotContains(b, err.Error(), "503", "that was another Start's")
	})
}

func alreadyOver(b *bed) context.Context {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	return ctx
}

// TestPercentOfFailure: 100 is for a batch whose files are all complete.
func TestPercentOfFailure(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Size(7*mib)), littledl.WithHash("md5", "00000000000000000000000000000000"))
		b.addURL("http://files.test/none.bin", nil)
		b.restarts = 1
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		p := b.d.GetProgress()
		require.Less(b, p.Progress(), 100.0)
		require.Equal(b, int64(7*mib), p.TotalBytes, "of a file that failed without a size nothing is estimated")
		require.True(b, errors.Is(b.d.GetAllTasks()[0].Err, littledl.ErrHashMismatch))
	})
}
