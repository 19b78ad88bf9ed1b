package littledl_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// callsOut has one of the functions that are called for the caller call do first.
func (b *batch) callsOut(which string, do func()) {
	dial := b.conf.DialContext
	through := func(change func(*http.Response) *http.Response) *http.Client {
		plain := &http.Transport{DialContext: dial, DisableKeepAlives: true}
		b.conf.DialContext, b.conf.Proxy, b.conf.TLSConfig = nil, nil, nil
		return &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			res, err := plain.RoundTrip(r)
			if err == nil {
				res = change(res)
			}
			return res, err
		})}
	}
	switch which {
	case "file":
		b.option(littledl.WithFileCompleteCallback(func(littledl.FileTask) { do() }))
	case "progress":
		b.option(littledl.WithProgressCallback(func(int, int, float64, time.Duration) { do() }))
	case "logger":
		b.conf.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) { do(); return len(p), nil }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	case "proxy":
		b.conf.Proxy = func(*http.Request) (*url.URL, error) { do(); return nil, nil }
	case "dialer":
		b.conf.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			do()
			return dial(ctx, network, addr)
		}
	case "transport":
		b.conf.HTTPClient = through(func(res *http.Response) *http.Response { do(); return res })
	case "jar":
		b.conf.HTTPClient = through(func(res *http.Response) *http.Response { return res })
		jar, err := cookiejar.New(nil)
		require.NoError(b, err)
		b.conf.HTTPClient.Jar = callingJar{jar, do}
	case "body":
		b.conf.HTTPClient = through(func(res *http.Response) *http.Response {
			body := res.Body
			res.Body = readCloser{readerFunc(func(p []byte) (int, error) { do(); return body.Read(p) }), body}
			return res
		})
	case "close":
		b.conf.HTTPClient = through(func(res *http.Response) *http.Response {
			body := res.Body
			res.Body = readCloser{body, closerFunc(func() error { defer body.Close(); do(); return nil })}
			return res
		})
	default:
		b.Fatal(which)
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

type callingJar struct {
	http.CookieJar
	do func()
}

func (j callingJar) Cookies(u *url.URL) []*http.Cookie {
	j.do()
	return j.CookieJar.Cookies(u)
}

// TestGoexit: the caller's code that ends its goroutine, as a test's FailNow does, ends
// Start, with an error that says so, and leaves to the next what any end does.
func TestGoexit(t *testing.T) {
	t.Parallel()
	for i, which := range []string{"file", "progress", "logger", "proxy", "transport", "jar", "body", "close"} {
		for k, nth := range []int64{1, 4, 9} {
			if underRace && (i+k)%2 > 0 { // the first and a late one, or one between
				continue
			}
			t.Run(fmt.Sprint(which, nth), func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					var calls atomic.Int64
					b.conf.ProgressInterval = 20 * time.Millisecond
					b.callsOut(which, func() {
						if calls.Add(1) == nth {
							runtime.Goexit()
						}
					})
					b.file("large", 6<<20, First(1, Status(500)))
					for n := range 10 {
						b.file(fmt.Sprint(n), 20<<10, First(1, Status(500)))
					}
					began := time.Now()
					err := b.start()
					require.ErrorIs(b, err, littledl.ErrCancelled)
					require.ErrorContains(b, err, "Goexit")
					require.Less(b, time.Since(began), 10*time.Second)
					require.GreaterOrEqual(b, calls.Load(), nth)
					if which == "file" || which == "progress" {
						require.Equal(b, nth, calls.Load(), "it is the last one")
					}
					for _, task := range b.get().GetAllTasks() {
						if !task.IsCompleted() {
							require.Equal(b, littledl.StatusCancelled, task.Status)
							require.ErrorIs(b, task.Err, littledl.ErrCancelled)
						}
					}
					require.Zero(b, b.net.Open(), "connections are left")
					require.Empty(b, b.openFiles(), "files are left open")
					require.NoError(b, b.start(), "another Start goes on")
				})
			})
		}
	}
}

// TestGoexitInTheLastCallback: all files are there by then, but not all has been told.
func TestGoexitInTheLastCallback(t *testing.T) {
	for _, which := range []string{"file", "progress"} {
		batchBubble(t, func(b *batch) {
			b.callsOut(which, runtime.Goexit)
			b.conf.ProgressInterval = time.Hour
			b.file("a", 1000)
			err := b.start()
			require.ErrorIs(b, err, littledl.ErrCancelled)
			require.ErrorContains(b, err, "a callback")
			require.Equal(b, 1, b.get().GetProgress().CompletedFiles)
		})
	}
}

// TestGoexitWhileCancelled: the end that is under way already comes to its own.
func TestGoexitWhileCancelled(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.callsOut("file", runtime.Goexit)
				for i := range 10 {
					b.file(fmt.Sprint(i), 64<<20)
				}
				ctx, cancel := context.WithCancelCause(b.Context())
				defer cancel(nil)
				done := b.background(ctx)
				time.Sleep(time.Second)
				c.end(b, cancel)
				err := <-done
				require.ErrorIs(b, err, c.want)
				require.ErrorContains(b, err, "Goexit")
			})
		})
	}
}

// TestGoexitInMirrors: the same where several sources are compared and share a file.
func TestGoexitInMirrors(t *testing.T) {
	for nth := range int64(6) {
		enhBubble(t, func(b *enhBed) {
			var calls atomic.Int64
			b.option(littledl.WithTrustedMirrors(true))
			b.conf.Proxy = func(r *http.Request) (*url.URL, error) {
				if r.URL.Host != "a.test" && calls.Add(1) == nth+1 {
					runtime.Goexit()
				}
				return nil, nil
			}
			a, c := b.origin("a.test"), b.origin("b.test")
			f := a.File("f", Size(20*mib))
			c.File("f", Size(20*mib))
			id := b.mirrored("f", f.Content(), nil, a, c)
			err := b.get().Start(b.Context())
			require.Equal(b, calls.Load() > nth, err != nil)
			if err != nil {
				require.ErrorIs(b, err, littledl.ErrCancelled)
				require.ErrorContains(b, err, "Goexit")
				require.NoError(b, b.start(), id)
			}
		})
	}
}

// TestGoexitInDialer: net/http makes connections on goroutines of its own, and does not
// notice. What waits for such a connection stalls, and gets another.
func TestGoexitInDialer(t *testing.T) {
	batchBubble(t, func(b *batch) {
		var calls atomic.Int64
		b.callsOut("dialer", func() {
			if calls.Add(1) == 1 {
				runtime.Goexit()
			}
		})
		b.file("a", 1000)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 2*time.Minute)
	})
}

// 104: a panic of a callback is its caller's: the process ends with it, at once, rather
// than that a batch goes on without it or hangs. What is under a name then is complete.
func TestPanicInCallback(t *testing.T) {
	const which, where = "LITTLEDL_TEST_PANIC", "LITTLEDL_TEST_DIR"
	if how := os.Getenv(which); how != "" {
		panicIn(t, how, os.Getenv(where))
		return
	}
	for _, how := range []string{"file", "progress", "transport", "body", "close", "jar", "logger", "proxy"} {
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
			require.NotContains(t, string(out), "fatal error")
			require.Contains(t, string(out), "littledl_test.panicIn.func", "the stack shows where")
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
	b := batch{ground: &ground{T: t, conf: littledl.DownloadConfig{DialContext: network.DialContext, Proxy: noProxy, ProgressInterval: time.Millisecond}}}
	b.callsOut(how, func() { panic("the caller's own fault") })
	d, err := littledl.NewBatchDownloader(append(b.opts, littledl.WithConfig(b.conf))...)
	require.NoError(t, err)
	for i := range 20 {
		_, err := d.AddURL(srv.File(fmt.Sprint(i), Behave(First(1, Status(500)), Slow(20*mib))).URL(), littledl.WithSavePath(dir))
		require.NoError(t, err)
	}
	_ = d.Start(t.Context())
}
