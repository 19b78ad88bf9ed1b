package littledl_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
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

// Functions of the caller's that have a say in a file.

// again says that what it is an error of may be tried again.
type again struct{ error }

func (again) Retryable() bool { return true }
func (a again) Unwrap() error { return a.error }

var errNo = errors.New("the caller says no")

// TestAccept: the caller sees the head of what he is to get before a byte of it is on the disk, once,
// however many connections bring it.
func TestAccept(t *testing.T) {
	for what, c := range map[string]struct {
		size    int64
		manners Behaviour
		told    int64
		status  int
	}{
		"small":          {20 * kib, Good(), 20 * kib, 206},
		"large":          {32 * mib, Good(), 32 * mib, 206},
		"whole":          {8 * mib, NoRange(), 8 * mib, 200},
		"untold":         {20 * kib, NoLength(), -1, 200},
		"after refusals": {8 * mib, First(2, Status(503)), 8 * mib, 206},
		"cut":            {8 * mib, First(3, ShortBody(100)), 8 * mib, 206},
		"by a redirect":  {20 * kib, Redirect(2, 302), 20 * kib, 206},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				var calls atomic.Int32
				f := b.srv.File("a.bin", Size(c.size), Behave(c.manners))
				id := b.add(f, littledl.WithAccept(func(a littledl.Answer) error {
					calls.Add(1)
					require.True(b, strings.HasPrefix(a.FinalURL, f.URL()))
					require.Equal(b, c.status, a.Status)
					require.Equal(b, c.told, a.Size)
					require.Equal(b, "application/octet-stream", a.Header.Get("Content-Type"))
					a.Header.Set("Content-Length", "7") // it is a copy
					finals, parts := b.listing()
					require.Empty(b, finals)
					require.Empty(b, parts)
					return nil
				}))
				require.NoError(b, b.start())
				require.EqualValues(b, 1, calls.Load())
				require.True(b, b.task(id).IsCompleted())
			})
		})
	}
}

// hooked are options with one hook that does something.
func hooked(do func() error) map[string]littledl.URLOption {
	return map[string]littledl.URLOption{
		"accept": littledl.WithAccept(func(littledl.Answer) error { return do() }),
		"finish": littledl.WithFinish(func(context.Context, *os.File, littledl.FileTask) error { return do() }),
		"refresh": littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
			return "", errors.Join(do(), errNo)
		}),
	}
}

// TestHooksThatRefuse: an error fails the file, and leaves nothing under its name; one that may be
// tried again is, as often as any attempt.
func TestHooksThatRefuse(t *testing.T) {
	for what, c := range map[string]struct {
		do    func() error
		is    error
		calls int32
	}{
		"an error":      {func() error { return errNo }, errNo, 1},
		"a context's":   {func() error { return context.DeadlineExceeded }, context.DeadlineExceeded, 1},
		"cancelled":     {func() error { return fmt.Errorf("mine: %w", context.Canceled) }, context.Canceled, 1},
		"not again":     {func() error { return &littledl.StatusError{Code: 503} }, nil, 1},
		"again":         {func() error { return fmt.Errorf("mine: %w", again{errNo}) }, errNo, 4},
		"Goexit":        {func() error { runtime.Goexit(); return nil }, nil, 1},
		"no hash of it": {func() error { return littledl.ErrHashMismatch }, littledl.ErrHashMismatch, 1},
	} {
		for _, hook := range []string{"accept", "finish", "refresh"} {
			for _, size := range []int64{20 * kib, 8 * mib} {
				t.Run(fmt.Sprint(what, " ", hook, " ", size/kib), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						var calls atomic.Int32
						f := b.srv.File("a.bin", Size(size))
						if hook == "refresh" {
							f.Behave(Status(http.StatusForbidden))
						}
						other := b.srv.File("b.bin", Size(20*kib))
						b.add(f, hooked(func() error { calls.Add(1); return c.do() })[hook])
						good := b.add(other)
						b.d.SetProgressCallback(nil)
						err := b.d.Start(b.Context())
						require.Error(b, err)
						require.False(b, errors.Is(err, littledl.ErrCancelled))
						if c.is != nil {
							require.ErrorIs(b, err, c.is)
						}
						require.EqualValues(b, c.calls, calls.Load())
						require.True(b, b.task(good).IsCompleted(), "others are not concerned")
						finals, parts := b.listing()
						require.Len(b, finals, 1)
						if hook != "finish" {
							require.Empty(b, parts)
							require.LessOrEqual(b, len(b.srv.GETs("a.bin")), int(c.calls))
						}
					})
				})
			}
		}
	}
}

// TestAgainInTheEnd: what may be tried again comes to a good end.
func TestAgainInTheEnd(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		for _, size := range []int64{20 * kib, 8 * mib} {
			t.Run(fmt.Sprint(hook, " ", size/kib), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					var calls atomic.Int32
					do := func() error {
						if calls.Add(1) < 3 {
							return again{errNo}
						}
						return nil
					}
					b.add(b.srv.File("a.bin", Size(size)), hooked(do)[hook])
					require.NoError(b, b.start())
					require.EqualValues(b, 3, calls.Load())
					require.Less(b, b.srv.BytesSent("a.bin"), 2*size+4*mib)
				})
			})
		}
	}
}

// TestHooksThatBlock hold up their own file, and nothing else; the server is not blamed for it.
func TestHooksThatBlock(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		t.Run(hook, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.StallTimeout = 2 * time.Second
				goOn, calls := make(chan struct{}), atomic.Int32{}
				id := b.add(b.srv.File("a.bin", Size(8*mib)), hooked(func() error { calls.Add(1); <-goOn; return nil })[hook])
				other := b.add(b.srv.File("b.bin", Size(8*mib)))
				time.AfterFunc(time.Minute, func() {
					if !b.task(other).IsCompleted() || !b.task(id).IsActive() {
						b.Error(b.task(id).Status, b.task(other).Status)
					}
					close(goOn)
				})
				require.NoError(b, b.start())
				require.EqualValues(b, 1, calls.Load())
				require.Zero(b, b.task(id).RetryCount)
			})
		})
	}
}

// TestHooksCallBack: whatever they ask the downloader for.
func TestHooksCallBack(t *testing.T) {
	for _, hook := range []string{"accept", "finish", "refresh"} {
		t.Run(hook, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f, more := b.srv.File("a.bin", Size(8*mib)), b.srv.File("b.bin", Size(20*kib))
				if hook == "refresh" {
					f.Behave(Status(http.StatusGone))
				}
				id := ""
				id = b.add(f, hooked(func() error {
					task, ok := b.d.GetTask(id)
					require.True(b, ok)
					require.True(b, task.IsActive())
					require.NotEmpty(b, b.d.GetAllTasks())
					b.d.GetProgress()
					b.d.GetStats()
					require.ErrorIs(b, b.d.Start(b.Context()), littledl.ErrRunning)
					_, err := b.d.AddURL(more.URL(), littledl.WithSavePath(b.dir))
					require.NoError(b, err)
					require.NoError(b, b.d.Pause())
					require.NoError(b, b.d.Resume())
					return errNo
				})[hook])
				b.d.SetProgressCallback(nil)
				require.ErrorIs(b, b.d.Start(b.Context()), errNo)
				require.True(b, b.task("task-2").IsCompleted())
			})
		})
	}
}

// TestHookCancels: the Start that it runs in ends.
func TestHookCancels(t *testing.T) {
	for _, hook := range []string{"accept", "finish"} {
		inBoth(t, func(b *bed) {
			b.add(b.srv.File("a.bin", Size(8*mib)), hooked(func() error { return b.d.Cancel() })[hook])
			err := b.start()
			if err != nil {
				require.ErrorIs(b, err, littledl.ErrCancelled)
			}
		})
	}
}

// TestHookPanics: that is the caller's, and ends the program.
func TestHookPanics(t *testing.T) {
	const job = "LITTLEDL_TEST_PANIC"
	if hook := os.Getenv(job); hook != "" {
		b := Start(t)
		d, err := littledl.NewBatchDownloader(littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy}))
		require.NoError(t, err)
		_, err = d.AddURL(b.File("a").URL(), littledl.WithSavePath(t.TempDir()), hooked(func() error { panic("the caller's own") })[hook])
		require.NoError(t, err)
		_ = d.Start(t.Context())
		time.Sleep(5 * time.Second)
		return
	}
	for _, hook := range []string{"accept", "finish"} {
		out, err := runTest(t, "TestHookPanics", job+"="+hook)
		require.Error(t, err)
		require.Contains(t, out, "panic: the caller's own")
	}
}

// TestAcceptAgain: another version is another question, and so is a mirror's; what is kept is none.
func TestAcceptAgain(t *testing.T) {
	t.Run("changed", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			var tags []string
			f := b.srv.File("a.bin", Size(16*mib), Behave(Slow(mib)))
			b.chunks = 1
			b.add(f, littledl.WithAccept(func(a littledl.Answer) error { tags = append(tags, a.Header.Get("ETag")); return nil }))
			time.AfterFunc(3*time.Second, func() { f.Set(Version(2)) })
			b.srv.Behave(RangeCap(mib))
			b.restarts = 1
			b.d.SetProgressCallback(nil)
			require.NoError(b, b.d.Start(b.Context()))
			require.Len(b, tags, 2)
			require.NotEqual(b, tags[0], tags[1])
		})
	})
	t.Run("mirrors", func(t *testing.T) {
		inBubble(t, func(b *bed) {
			b.enhanced = true
			f := b.srv.File("a.bin", Size(32*mib), Behave(Slow(mib)))
			mirror := b.origin("mirror.test:80").File("a.bin", append(sameAs(f), Behave(Slow(mib)))...)
			var urls []string
			var at atomic.Int32
			b.add(f, enhHash(f.Content()), littledl.WithBackupURLs(mirror.URL()), littledl.WithAccept(func(a littledl.Answer) error {
				require.EqualValues(b, 1, at.Add(1), "one at a time")
				defer at.Add(-1)
				urls = append(urls, strings.SplitN(a.FinalURL, "?", 2)[0])
				time.Sleep(time.Second)
				return nil
			}))
			require.NoError(b, b.start())
			require.ElementsMatch(b, []string{f.URL(), mirror.URL()}, urls)
		})
	})
	t.Run("kept", func(t *testing.T) {
		inBoth(t, func(b *bed) {
			f := b.srv.File("a.bin", Size(20*kib))
			b.add(f)
			require.NoError(b, b.start())
			for _, opt := range hooked(func() error { return errNo }) {
				b.again()
				id := b.add(f, opt)
				require.NoError(b, b.start())
				require.True(b, b.task(id).Reused)
			}
		})
	})
}

// TestFinish: the caller reads the file, complete and verified, when nothing has its name; what he
// refuses is not fetched again.
func TestFinish(t *testing.T) {
	for what, manners := range map[string]Behaviour{"ranges": Good(), "none": NoRange(), "untold": NoLength(), "no validators": NoValidators()} {
		for _, size := range []int64{0, 20 * kib, 8 * mib} {
			for _, hash := range []bool{false, true} {
				t.Run(fmt.Sprint(what, " ", size/kib, " ", hash), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						f := b.srv.File("a.bin", Size(size), Behave(manners))
						refuse, calls := true, 0
						id := b.add(f, append(hashIf(hash, f), littledl.WithFinish(func(ctx context.Context, file *os.File, task littledl.FileTask) error {
							calls++
							require.NoError(b, ctx.Err())
							require.NoError(b, Compare(file, f.Content()))
							_, err := file.WriteAt([]byte("x"), 0)
							require.Error(b, err)
							_, err = os.Lstat(filepath.Join(b.dir, "a.bin"))
							require.ErrorIs(b, err, os.ErrNotExist)
							require.Equal(b, "a.bin", task.Filename)
							require.Equal(b, size, task.Downloaded)
							if hash {
								require.Equal(b, "sha256:"+Sum(f.Content()), task.Digest)
							}
							if refuse {
								return errNo
							}
							_, err = file.Seek(0, io.SeekEnd)
							return errors.Join(err, file.Close())
						}))...)
						b.d.SetProgressCallback(nil)
						for n := range 3 {
							require.ErrorIs(b, b.d.Start(b.Context()), errNo)
							require.Equal(b, "verify", opOf(b.task(id).Err))
							require.Equal(b, n+1, calls)
						}
						sent := len(b.srv.Requests())
						refuse = false
						require.NoError(b, b.d.Start(b.Context()))
						require.Len(b, b.srv.Requests(), sent, "nothing is fetched again")
						require.NoError(b, b.compare(b.task(id)))
						finals, parts := b.listing()
						require.Len(b, finals, 1)
						require.Empty(b, parts)
					})
				})
			}
		}
	}
}

// TestFinishOfWhatWasTouched: who changes the part meanwhile has it fetched again.
func TestFinishOfWhatWasTouched(t *testing.T) {
	inBoth(t, func(b *bed) {
		f, refuse := b.srv.File("a.bin", Size(20*kib)), true
		id := b.add(f, littledl.WithFinish(func(_ context.Context, file *os.File, _ littledl.FileTask) error {
			require.NoError(b, Compare(file, f.Content()))
			if refuse {
				return errNo
			}
			return nil
		}))
		b.d.SetProgressCallback(nil)
		require.ErrorIs(b, b.d.Start(b.Context()), errNo)
		_, parts := b.listing()
		require.Len(b, parts, 1)
		require.NoError(b, os.WriteFile(parts[0], make([]byte, 20*kib), 0o600))
		refuse = false
		require.NoError(b, b.d.Start(b.Context()))
		require.NoError(b, b.compare(b.task(id)))
	})
}

// signed serves a file to who has the latest signature, which is another one after each of these
// times.
func signed(over Behaviour, after ...time.Duration) (b Behaviour, sign func() string) {
	var n atomic.Int32
	for _, d := range after {
		time.AfterFunc(d, func() { n.Add(1) })
	}
	sign = func() string { return fmt.Sprintf("sig=%d", n.Load()) }
	return When(func(req *Request) bool { return !strings.Contains(req.URL.RawQuery, sign()) }, over), sign
}

// TestRefresh: a signed URL that expires three times during a download costs no byte that was
// fetched, and each time one call.
func TestRefresh(t *testing.T) {
	for what, over := range map[string]Behaviour{"403": Status(403), "401": Status(401), "410": Status(410), "400": Status(400), "404": Status(404)} {
		for _, chunks := range []int{1, 4} {
			t.Run(fmt.Sprint(what, " ", chunks), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.chunks = chunks
					manners, sign := signed(over, 2*time.Second, 4*time.Second, 6*time.Second)
					f := b.srv.File("a.bin", Size(int64(12*chunks)*mib), Behave(manners, RangeCap(mib/2), Slow(mib)))
					calls, at := 0, atomic.Int32{}
					id, err := b.downloader().AddURL(f.URL()+"?sig=0&key="+secret, littledl.WithSavePath(b.dir),
						littledl.WithHeader(http.Header{"X-Api-Key": {secret}}),
						littledl.WithRefresh(func(ctx context.Context, task littledl.FileTask) (string, error) {
							require.EqualValues(b, 1, at.Add(1))
							defer at.Add(-1)
							require.NoError(b, ctx.Err())
							require.Positive(b, task.Downloaded)
							calls++
							return f.URL() + "?" + sign(), nil
						}))
					require.NoError(b, err)
					b.d.SetProgressCallback(nil)
					require.NoError(b, b.d.Start(b.Context()))
					got := b.task(id)
					b.want[id] = []Content{f.Content()}
					require.NoError(b, b.compare(got))
					require.Equal(b, 3, calls)
					require.Less(b, b.srv.BytesSent("a.bin"), f.Content().Size()+2*mib)
					for _, r := range b.srv.GETs() {
						require.Equal(b, secret, r.Header.Get("X-Api-Key"), "it is the same origin")
					}
				})
			})
		}
	}
}

// TestRefreshAtTheBeginning: what has expired before it was ever asked is fetched from the fresh
// URL, at another origin without the header; what refuses that as well is final.
func TestRefreshAtTheBeginning(t *testing.T) {
	for what, good := range map[string]bool{"good": true, "refused as well": false} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				old := b.srv.File("a.bin", Size(8*mib), Behave(Status(403)))
				to := b.origin("fresh.test:80").File("b.bin", Data(Bytes(old.Content())))
				if !good {
					to.Behave(Status(403))
				}
				calls := 0
				id := b.add(old, littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
					calls++
					return to.URL(), nil
				}))
				err := b.start()
				require.Equal(b, 1, calls)
				if !good {
					require.Equal(b, 403, statusOf(err))
					return
				}
				require.NoError(b, err)
				require.Equal(b, "a.bin", b.task(id).Filename)
				require.Equal(b, to.URL(), b.task(id).FinalURL)
				b.again()
				old.Behave()
				old.Set(LastModified(to.Representation().LastModified), ETag(to.Representation().ETag))
				id = b.add(old)
				require.NoError(b, b.start())
				require.True(b, b.task(id).Reused, "it is marked as of the URL as given")
			})
		})
	}
}

// TestRefreshIsNotFor what is missing, or was never refused; nor for a backup.
func TestRefreshIsNotFor(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		none := func(context.Context, littledl.FileTask) (string, error) { b.Error("it is asked"); return "", nil }
		b.add(b.srv.File("a.bin", Behave(Status(404))), littledl.WithRefresh(none))
		b.add(b.srv.File("b.bin"), littledl.WithRefresh(none))
		b.add(b.srv.File("c.bin", Behave(Status(500))), littledl.WithRefresh(none))
		require.Error(b, b.start())
	})
	inBubble(t, func(b *bed) {
		b.enhanced = true
		f := b.srv.File("a.bin", Size(8*mib), Behave(Status(403)))
		backup := b.origin("backup.test:80").File("a.bin", sameAs(f)...)
		calls := 0
		b.add(f, littledl.WithBackupURLs(backup.URL()), littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) {
			require.Empty(b, b.servers[1].Requests(), "before backups are")
			calls++
			return "", errNo
		}))
		require.NoError(b, b.start())
		require.Equal(b, 1, calls)
	})
}

// TestRefreshGivesNoURL: what it returns is looked at.
func TestRefreshGivesNoURL(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.add(b.srv.File("a.bin", Behave(Status(403))), littledl.WithRefresh(func(context.Context, littledl.FileTask) (string, error) { return "ftp://x/y", nil }))
		require.ErrorIs(b, b.start(), littledl.ErrInvalidURL)
	})
}

// TestRefreshIsPaused: a pause ends its context, and it is asked again.
func TestRefreshIsPaused(t *testing.T) {
	inBoth(t, func(b *bed) {
		old, fresh := b.srv.File("a.bin", Size(20*kib), Behave(Status(403))), b.srv.File("b.bin", Size(20*kib), Seed("a.bin"))
		calls := 0
		b.add(old, littledl.WithRefresh(func(ctx context.Context, _ littledl.FileTask) (string, error) {
			if calls++; calls == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return fresh.URL(), nil
		}))
		time.AfterFunc(time.Second, func() { b.d.Pause() })
		time.AfterFunc(2*time.Second, func() { b.d.Resume() })
		require.NoError(b, b.start())
		require.Equal(b, 2, calls)
	})
}
