package littledl_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// stuck is a body that knows no context: behind its first bytes nothing happens until it
// is closed.
type stuck struct {
	io.Reader
	closer io.Closer
	closed chan struct{}
	end    error // what Read returns then
}

// stick has the body of an answer stick behind n bytes.
func stick(res *http.Response, n int64, end error) *http.Response {
	res.Body = &stuck{io.LimitReader(res.Body, n), res.Body, make(chan struct{}), end}
	return res
}

func (s *stuck) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		<-s.closed
		err = s.end
	}
	return n, err
}

func (s *stuck) Close() error {
	close(s.closed)
	return s.closer.Close()
}

// TestEndDuringABodyWithoutContext: wherever such a body sticks, Start returns when it is
// told to.
func TestEndDuringABodyWithoutContext(t *testing.T) {
	for where, answer := range map[string]func(*double, *http.Request, *http.Response) *http.Response{
		"at once": func(_ *double, _ *http.Request, res *http.Response) *http.Response {
			return stick(res, 0, io.ErrClosedPipe)
		},
		"in the middle": func(_ *double, _ *http.Request, res *http.Response) *http.Response {
			return stick(res, 500, io.ErrClosedPipe)
		},
		"of any length": func(d *double, r *http.Request, res *http.Response) *http.Response {
			return stick(stripped(res), 0, io.EOF)
		},
		"behind its last": func(_ *double, _ *http.Request, res *http.Response) *http.Response {
			return stick(halfTold(res), 1000, io.EOF)
		},
		"of an error": func(_ *double, _ *http.Request, res *http.Response) *http.Response {
			return stick(unwanted(res, 503), 3, io.EOF)
		},
		"of a redirect": func(_ *double, _ *http.Request, res *http.Response) *http.Response {
			return stick(unwanted(res, 302), 0, io.EOF)
		},
	} {
		for how, e := range endings {
			t.Run(where+", "+how, func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					d := &double{content: faultserver.Generate("/a", 1, 1000)}
					d.change = func(r *http.Request, res *http.Response) (*http.Response, error) { return answer(d, r, res), nil }
					b.double(d)
					ctx, cancel := context.WithCancelCause(b.Context())
					defer cancel(nil)
					done := b.background(ctx)
					time.Sleep(100 * time.Millisecond)
					began := time.Now()
					e.end(b, cancel)
					require.ErrorIs(b, <-done, e.want)
					require.Less(b, time.Since(began), 10*time.Millisecond)
					require.Zero(b, d.bodies.Load(), "closed once, each of them")
					require.Empty(b, b.list())
				})
			})
		}
	}
}

// halfTold has its length in the header alone, so that its end is looked at.
func halfTold(res *http.Response) *http.Response {
	res.ContentLength = -1
	return res
}

// unwanted is an answer with a short body that is of no use.
func unwanted(res *http.Response, status int) *http.Response {
	res.StatusCode, res.ContentLength = status, 100
	res.Header.Set("Location", "/b")
	return res
}

// TestPauseDuringABodyWithoutContext: what had come is kept, and the rest asked for when
// it goes on.
func TestPauseDuringABodyWithoutContext(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 6*mib)}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			if d.gets.Load() == 1 {
				return stick(res, mib, io.EOF), nil
			}
			return res, nil
		}
		b.option(littledl.WithMaxConcurrentChunksPerFile(1))
		id := b.double(d)
		done := b.background(b.Context())
		time.Sleep(time.Second)
		require.NoError(b, b.get().Pause())
		synctest.Wait()
		require.Equal(b, littledl.StatusPaused, b.task(id).Status)
		require.EqualValues(b, mib, b.task(id).Downloaded)
		require.Zero(b, d.bodies.Load(), "bodies are left open")
		require.NoError(b, b.get().Resume())
		require.NoError(b, <-done)
		b.check()
		require.Zero(b, b.task(id).RetryCount)
	})
}

// TestStallOfABodyWithoutContext: it ends the attempt, whatever the body then says, and
// the next one brings the file.
func TestStallOfABodyWithoutContext(t *testing.T) {
	for name, length := range map[string]int64{"known": 1000, "unknown": -1} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				d := &double{content: faultserver.Generate("/a", 1, 1000)}
				d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
					first := d.gets.Load() == 1
					if length < 0 {
						res.Body.Close()
						res = stripped(wholeAnswer(d, r))
						res.ContentLength = -1
					}
					if first {
						stick(res, 400, io.EOF) // as if that were all
					}
					return res, nil
				}
				var log bytes.Buffer
				b.conf.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				b.double(d)
				began := time.Now()
				require.NoError(b, b.start())
				require.EqualValues(b, 2, d.gets.Load())
				require.InDelta(b, 30*time.Second, time.Since(began), float64(2*time.Second))
				require.Contains(b, log.String(), littledl.ErrStalled.Error())
				require.Zero(b, d.bodies.Load(), "bodies are left open")
			})
		})
	}
}

// TestStalledForGood: a transport whose bodies never come fails its file with ErrStalled.
func TestStalledForGood(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 1000)}
		d.change = func(_ *http.Request, res *http.Response) (*http.Response, error) { return stick(res, 7, io.EOF), nil }
		b.double(d)
		began := time.Now()
		require.ErrorIs(b, b.start(), littledl.ErrStalled)
		require.EqualValues(b, 4, d.gets.Load())
		require.Less(b, time.Since(began), 3*time.Minute)
		require.Zero(b, d.bodies.Load(), "bodies are left open")
	})
}

// TestOneOfManyBodiesSticks: the others take its bytes over, and nobody waits for it.
func TestOneOfManyBodiesSticks(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 12*mib)}
		d.change = func(_ *http.Request, res *http.Response) (*http.Response, error) {
			res.Body = readCloser{paced{res.Body}, res.Body}
			if d.gets.Load() == 2 {
				stick(res, 100*kib, io.EOF)
			}
			return res, nil
		}
		b.double(d)
		began := time.Now()
		require.NoError(b, b.start())
		require.Less(b, time.Since(began), 10*time.Second)
		require.Zero(b, d.bodies.Load(), "bodies are left open")
	})
}

// paced is a reader of 5 MiB/s.
type paced struct{ io.Reader }

func (p paced) Read(b []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return p.Reader.Read(b[:min(len(b), 5*mib/100)])
}

// TestUnwantedBodySticks: nobody waits for the body of an answer that is no file, nor for
// one of a HEAD.
func TestUnwantedBodySticks(t *testing.T) {
	batchBubble(t, func(b *batch) {
		d := &double{content: faultserver.Generate("/a", 1, 1000)}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			switch {
			case r.Method == http.MethodHead:
				d.bodies.Add(1)
				res.Body = &doubleBody{nil, d}
				return stick(res, 0, io.EOF), nil
			case r.URL.Path == "/a":
				return stick(unwanted(res, 302), 3, io.EOF), nil
			case d.gets.Load() == 2:
				return stick(unwanted(res, 408), 3, io.EOF), nil
			}
			return res, nil
		}
		require.NoError(b, os.WriteFile(filepath.Join(b.dir, "a"), []byte("other"), 0o600)) // so that there is a HEAD
		b.conf.Retry.BaseDelay = time.Millisecond
		id := b.double(d)
		began := time.Now()
		require.NoError(b, b.get().Start(b.Context()))
		require.Less(b, time.Since(began), 2*time.Second)
		b.same(b.task(id).Path(), d.content)
		require.EqualValues(b, 4, d.gets.Load())
		require.Zero(b, d.bodies.Load(), "bodies are left open")
	})
}

// TestSampleSticks: a mirror whose bodies stick holds no file up.
func TestSampleSticks(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		d := &double{content: faultserver.Generate("/f", 1, 20*mib)}
		d.change = func(r *http.Request, res *http.Response) (*http.Response, error) {
			if r.URL.Host == "stuck.test" {
				return stick(res, 100, io.EOF), nil
			}
			return res, nil
		}
		b.conf = littledl.DownloadConfig{HTTPClient: &http.Client{Transport: d}}
		b.option(littledl.WithTrustedMirrors(true))
		id, err := b.get().AddURL("http://good.test/f", littledl.WithSavePath(b.dir), littledl.WithBackupURLs("http://stuck.test/f"))
		require.NoError(b, err)
		b.want[id] = d.content
		require.NoError(b, b.start())
		require.Less(b, b.took, 10*time.Second)
		require.Zero(b, d.bodies.Load(), "bodies are left open")
	})
}

// idler is a body that brings nothing and does not even wait.
type idler struct{ reads *atomic.Int64 }

func (i idler) Read([]byte) (int, error) { i.reads.Add(1); return 0, nil }
func (i idler) Close() error             { return nil }

// TestBodyThatNeverBlocks: Start returns from it, too. There is no bubble, whose clock
// would wait for it.
func TestBodyThatNeverBlocks(t *testing.T) {
	for _, status := range []int{200, 206, 404} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			d := &double{content: faultserver.Generate("/a", 1, 1000)}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var reads atomic.Int64
			d.change = func(_ *http.Request, res *http.Response) (*http.Response, error) {
				res.Body.Close()
				res.StatusCode, res.Body, res.ContentLength = status, idler{&reads}, 0
				if status == http.StatusOK {
					res.Header.Del("Content-Range")
				}
				time.AfterFunc(50*time.Millisecond, func() { cancel(errEnough) })
				return res, nil
			}
			l, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{HTTPClient: &http.Client{Transport: d}}))
			require.NoError(t, err)
			_, err = l.AddURL("http://files.test/a", littledl.WithSavePath(t.TempDir()))
			require.NoError(t, err)
			require.Error(t, l.Start(ctx))
			require.Positive(t, reads.Load())
		})
	}
}
