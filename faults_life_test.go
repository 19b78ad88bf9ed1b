package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// seeded is a source of randomness whose seed is printed.
func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// 102: whenever a batch is ended, Start returns at once, nothing is left but parts of
// what is unfinished, and later Starts bring all of it.
func TestCancelledAtAnyMoment(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	for range 4 {
		inBoth(t, func(b *bed) {
			b.restarts = 1000 // there are streams, which start over
			b.conf.MinChunkSize = 256 * kib
			b.chunks = 1 + rnd.IntN(8)
			add := func(name string, size int64, does ...Behaviour) {
				f := b.srv.File(name, Size(size), Behave(does...))
				var opts []littledl.URLOption
				if rnd.IntN(3) == 0 {
					opts = append(opts, enhHash(f.Content()))
				}
				b.add(f, opts...)
			}
			add("large", 6*mib)
			add("slow", 6*mib, Slow(mib))
			add("stream", 300*kib, NoRange())
			add("no-length", 300*kib, NoLength())
			add("resets", 600*kib, First(3, RST(100*kib)))
			add("refuses", 600*kib, First(2, Status(503, RetryAfter("1"))))
			add("stands still", 600*kib, First(1, StallHeader()))
			add("leads on", 5500*kib, Redirect(2, 302))
			for i := range 5 {
				add(fmt.Sprint("small", i), int64(rnd.IntN(200*kib)))
			}
			for range 8 {
				ctx, cancel := context.WithCancelCause(b.Context())
				end, want := func() { cancel(errEnough) }, errEnough
				if rnd.IntN(2) == 0 {
					end, want = func() { b.d.Cancel() }, littledl.ErrCancelled
				}
				var ended time.Time
				timer := time.AfterFunc(time.Duration(rnd.Int64N(int64(1500*time.Millisecond))), func() {
					ended = time.Now()
					end()
				})
				err := b.startIn(ctx)
				timer.Stop()
				cancel(nil)
				if err == nil {
					break
				}
				require.ErrorIs(b, err, want)
				require.Less(b, time.Since(ended), 100*time.Millisecond)
			}
			require.NoError(b, b.start())
		})
	}
}

// 103: pausing and resuming as fast as can be, from several sides at once, then an end
// while paused: nobody hangs and nothing is lost.
func TestPausedAndResumedInHaste(t *testing.T) {
	t.Parallel()
	inBoth(t, func(b *bed) {
		b.restarts = 100
		for i := range 3 {
			b.add(b.srv.File(fmt.Sprint(i), Size(6*mib), Behave(Slow(2*mib))))
		}
		b.add(b.srv.File("stream", Behave(NoRange(), Slow(2*mib))))
		go func() {
			time.Sleep(300 * time.Millisecond)
			var hasty sync.WaitGroup
			for range 3 {
				hasty.Go(func() {
					for range 50 {
						b.d.Pause()
						b.d.Resume()
					}
				})
			}
			hasty.Wait()
			for range 50 {
				b.d.Pause()
				time.Sleep(time.Millisecond)
				b.d.Resume()
				time.Sleep(time.Millisecond)
			}
			b.d.Pause()
			time.Sleep(time.Minute)
			b.d.Cancel()
		}()
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.Greater(b, b.took, time.Minute)
		require.Less(b, b.took, time.Minute+2*time.Second)
		require.Positive(b, b.d.GetProgress().DownloadedBytes)
		require.NoError(b, b.d.Resume())
		require.NoError(b, b.start())
	})
}

// 103: a Stop that comes while Start begins ends it, or forbids it.
func TestStoppedWhileStarting(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	for range 30 {
		inBoth(t, func(b *bed) {
			b.add(b.srv.File("a.bin", Size(6*mib)))
			var stopping sync.WaitGroup
			for range 2 {
				busy := rnd.IntN(3000)
				stopping.Go(func() {
					for range busy {
						b.d.GetStats()
					}
					b.d.Stop()
				})
			}
			err := b.d.Start(b.Context())
			stopping.Wait()
			if !errors.Is(err, littledl.ErrStopped) {
				require.ErrorIs(b, err, littledl.ErrCancelled)
			}
			finals, parts := b.listing()
			require.Empty(b, append(finals, parts...))
			require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrStopped)
		})
	}
}

// 104: a panic of a callback is its caller's: the process ends with it, at once, rather
// than that a batch goes on without it or hangs. What is under a name then is complete.
func TestPanicInCallback(t *testing.T) {
	const which, where = "LITTLEDL_TEST_PANIC", "LITTLEDL_TEST_DIR"
	if how := os.Getenv(which); how != "" {
		panicIn(t, how, os.Getenv(where))
		return
	}
	for _, how := range []string{"file", "progress"} {
		t.Run("104 "+how, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			test := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestPanicInCallback$")
			test.Env = append(os.Environ(), which+"="+how, where+"="+dir)
			out, err := test.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.NoError(t, ctx.Err(), "it hung")
			require.Contains(t, string(out), "panic: the caller's own fault")
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, e := range entries {
				if strings.Contains(e.Name(), ".ldpart") || strings.Contains(e.Name(), ".ldjournal") {
					continue
				}
				f, err := os.Open(filepath.Join(dir, e.Name()))
				require.NoError(t, err)
				require.NoError(t, Compare(f, Generate("/"+e.Name(), 1, mib)))
				f.Close()
			}
		})
	}
}

func panicIn(t *testing.T, how, dir string) {
	network := NewNet()
	srv := Start(t, On(network, "files.test:80"))
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{
		DialContext: network.DialContext, Proxy: batchNoProxy, ProgressInterval: time.Millisecond,
	}))
	require.NoError(t, err)
	if how == "file" {
		d.SetFileCompleteCallback(func(littledl.FileTask) { panic("the caller's own fault") })
	} else {
		d.SetProgressCallback(func(int, int, float64, time.Duration) { panic("the caller's own fault") })
	}
	for i := range 20 {
		_, err := d.AddURL(srv.File(fmt.Sprint(i), Behave(Slow(20*mib))).URL(), littledl.WithSavePath(dir))
		require.NoError(t, err)
	}
	_ = d.Start(t.Context())
}

// 106: of many small files on three hosts every hundredth is missing: all others are
// right, and the results stand in the order asked, with exactly those errors.
func TestManySmallFiles(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bed) {
		hosts := []*Server{b.srv, b.origin("b.test:80"), b.origin("c.test:80")}
		var urls []string
		for i := range crowd {
			name := fmt.Sprint(i, ".bin")
			if s := hosts[i%3]; i%100 != 37 {
				s.File(name, Size(int64(i%2000)))
			}
			urls = append(urls, hosts[i%3].URL(name))
		}
		results, err := littledl.BatchDownload(b.Context(), urls, b.dir, littledl.WithConfig(b.conf))
		var failed *littledl.BatchError
		require.ErrorAs(b, err, &failed)
		require.Len(b, failed.Failed, crowd/100)
		require.Len(b, results, crowd)
		for i, r := range results {
			require.Equal(b, urls[i], r.URL)
			if i%100 == 37 {
				require.Equal(b, http.StatusNotFound, statusOf(r.Err))
				require.Equal(b, urls[i], failed.Failed[i/100].URL)
				require.Empty(b, r.Path)
				continue
			}
			require.NoError(b, r.Err)
			require.Equal(b, filepath.Join(b.dir, fmt.Sprint(i, ".bin")), r.Path)
			text, err := os.ReadFile(r.Path)
			require.NoError(b, err)
			require.True(b, string(Bytes(hosts[i%3].Content(fmt.Sprint(i, ".bin")))) == string(text), r.Path)
		}
		entries, err := os.ReadDir(b.dir)
		require.NoError(b, err)
		require.Len(b, entries, crowd-crowd/100)
		for _, s := range hosts {
			require.LessOrEqual(b, s.Conns(), 40)
		}
		require.Zero(b, b.net.Open())
	})
}
