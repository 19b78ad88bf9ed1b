//go:build unix

package littledl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// WaitForLock: who wants a file that another is at waits, and has what that one has made.

// lockJob, in the environment, makes a run of the test binary a process that downloads files as
// others do at the same time.
const lockJob = "LITTLEDL_TEST_LOCK"

// waiter is what such a process does.
type waiter struct {
	URLs, Names []string // no names: the files are called as they are called
	Dir         string
	Wait        time.Duration
	Enhanced    bool
}

// TestLockChild is none: it is the child.
func TestLockChild(t *testing.T) {
	text := os.Getenv(lockJob)
	if text == "" {
		t.Skip("it is what other tests run as processes of their own")
	}
	var w waiter
	require.NoError(t, json.Unmarshal([]byte(text), &w))
	opts := []littledl.Option{littledl.WithConfig(littledl.DownloadConfig{Proxy: noProxy, WaitForLock: w.Wait})}
	d, err := littledl.NewBatchDownloader(opts...)
	if w.Enhanced {
		var e *littledl.EnhancedBatchDownloader
		e, err = littledl.NewEnhancedBatchDownloader(opts...)
		d = e.BatchDownloader
	}
	require.NoError(t, err)
	for i, u := range w.URLs {
		opts := []littledl.URLOption{littledl.WithSavePath(w.Dir)}
		if w.Names != nil {
			opts = append(opts, littledl.WithFilename(w.Names[i]))
		}
		_, err := d.AddURL(u, opts...)
		require.NoError(t, err)
	}
	require.NoError(t, d.Start(context.Background()))
	for _, task := range d.GetAllTasks() {
		require.True(t, task.IsCompleted())
	}
}

// together runs so many processes at once, which must all succeed.
func together(t *testing.T, n int, w waiter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	text, err := json.Marshal(w)
	require.NoError(t, err)
	var all []*exec.Cmd
	out := make([]bytes.Buffer, n)
	for i := range n {
		c := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestLockChild$")
		c.Env = append(os.Environ(), lockJob+"="+string(text))
		c.Stdout, c.Stderr = &out[i], &out[i]
		require.NoError(t, c.Start())
		all = append(all, c)
	}
	for i, c := range all {
		require.NoError(t, c.Wait(), "%s", out[i].String())
	}
}

// TestFourProcesses: four at once want the same ten files: each body is fetched once, all have
// them, and nothing else is left.
func TestFourProcesses(t *testing.T) {
	for what, c := range map[string]struct {
		manners  Behaviour
		named    bool
		enhanced bool
	}{
		"by URL":   {manners: Good()},
		"named":    {manners: Good(), named: true},
		"enhanced": {manners: Good(), enhanced: true},
		"by a server": {manners: Do(func(req *Request, next Handler) *Response {
			res := next(req)
			res.Header.Set("Content-Disposition", "attachment; filename=of"+strings.TrimPrefix(req.URL.Path, "/"))
			return res
		})},
	} {
		t.Run(what, func(t *testing.T) {
			srv := Start(t)
			w := waiter{Dir: t.TempDir(), Wait: 40 * time.Second, Enhanced: c.enhanced}
			var files []*File
			for i := range 10 {
				size := int64(100*kib) << (i % 4)
				if i == 9 {
					size = 12 * mib
				}
				f := srv.File(fmt.Sprintf("%d.bin", i), Size(size), Behave(c.manners, Slow(8*mib)))
				files = append(files, f)
				w.URLs = append(w.URLs, f.URL())
				if c.named {
					w.Names = append(w.Names, fmt.Sprintf("n%d.bin", i))
				}
			}
			together(t, 4, w)
			for i, f := range files {
				size := f.Representation().Content.Size()
				if size < 5*mib {
					require.Len(t, srv.GETs(f.Name()), 1, f.Name())
				}
				require.Less(t, srv.BytesSent(f.Name()), size+size/2, f.Name())
				name := f.Name()
				switch {
				case c.named:
					name = w.Names[i]
				case what == "by a server":
					name = "of" + name
				}
				got, err := os.ReadFile(filepath.Join(w.Dir, name))
				require.NoError(t, err)
				require.True(t, bytes.Equal(got, Bytes(f.Content())))
			}
			entries, err := os.ReadDir(w.Dir)
			require.NoError(t, err)
			require.Len(t, entries, 10, "%v", entries)
		})
	}
}

// other is another downloader of this process, which is as good as another process.
func (b *bed) other(conf littledl.DownloadConfig, f *File, opts ...littledl.URLOption) (start func() error) {
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(conf), littledl.WithMaxConcurrentChunksPerFile(1))
	require.NoError(b, err)
	_, err = d.AddURL(f.URL(), append(opts, littledl.WithSavePath(b.dir))...)
	require.NoError(b, err)
	return func() error { return d.Start(b.Context()) }
}

// TestWaitForLock: nothing is asked before the lock is had; what waits keeps no place; after the
// time there is ErrLocked.
func TestWaitForLock(t *testing.T) {
	for what, c := range map[string]struct {
		takes time.Duration // that the other needs
		fails bool
	}{
		"in time": {takes: 8 * time.Second}, "too late": {takes: 20 * time.Second, fails: true}, "at once": {},
	} {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprint(what, " ", named), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.conf.WaitForLock, b.files = 10*time.Second, 1
					size := int64(1 + c.takes/time.Second*mib)
					f := b.srv.File("a.bin", Size(size), Behave(Slow(mib)))
					small := b.srv.File("b.bin", Size(20*kib))
					var opts []littledl.URLOption
					if named {
						opts = append(opts, littledl.WithFilename("c.bin"))
					}
					first := b.other(b.conf, f, opts...)
					second, err := littledl.NewBatchDownloader(littledl.WithConfig(b.conf), littledl.WithMaxConcurrentFiles(1))
					require.NoError(b, err)
					id, err := second.AddURL(f.URL(), append(opts, littledl.WithSavePath(b.dir))...)
					require.NoError(b, err)
					other, err := second.AddURL(small.URL(), littledl.WithSavePath(b.dir), littledl.WithPriority(1))
					require.NoError(b, err)
					done := make(chan error, 1)
					go func() { done <- first() }()
					time.Sleep(500 * time.Millisecond)
					b.srv.ResetRecords()
					time.AfterFunc(time.Second, func() {
						if got, _ := second.GetTask(other); c.takes > 0 && !got.IsCompleted() {
							b.Error("what waits keeps a place")
						}
					})
					err = second.Start(b.Context())
					got, _ := second.GetTask(id)
					if c.fails {
						require.ErrorIs(b, err, littledl.ErrLocked)
						require.Less(b, got.Downloaded, int64(1))
					} else {
						require.NoError(b, err)
						require.True(b, got.Reused)
					}
					require.NoError(b, <-done)
					require.Len(b, holds(b, b.dir), 2)
				})
			})
		}
	}
}

// TestLockedWithoutMark: what the other has made counts only if it is marked as of this URL, or has
// the digest.
func TestLockedWithoutMark(t *testing.T) {
	for what, hash := range map[string]bool{"nothing proves it": false, "the digest does": true} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.conf.WaitForLock = 30 * time.Second
				f := b.srv.File("a.bin", Size(8*mib), Behave(NoValidators(), Slow(8*mib)))
				first, second := b.other(b.conf, f, hashIf(hash, f)...), b.other(b.conf, f, hashIf(hash, f)...)
				done := make(chan error, 1)
				go func() { done <- first() }()
				time.Sleep(100 * time.Millisecond)
				require.NoError(b, second())
				require.NoError(b, <-done)
				require.Len(b, holds(b, b.dir), 1)
				sent := b.srv.BytesSent("a.bin")
				require.Equal(b, hash, sent < 9*mib, "%d", sent)
			})
		})
	}
}

// TestTwoURLsForOneName: the path is locked before either publishes, and then the policy decides.
func TestTwoURLsForOneName(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.conf.WaitForLock, b.conf.Overwrite = 30*time.Second, policy
				one := b.srv.File("x/a.bin", Size(mib), Behave(Slow(mib)))
				two := b.srv.File("y/a.bin", Size(mib), Behave(Slow(mib)))
				first, second := b.other(b.conf, one), b.other(b.conf, two)
				done := make(chan error, 1)
				go func() { done <- first() }()
				errs := errors.Join(second(), <-done)
				want := 1
				switch policy {
				case littledl.OverwriteRename:
					want = 2
				case littledl.OverwriteError:
					require.ErrorIs(b, errs, littledl.ErrFileExists)
					errs = nil
				}
				require.NoError(b, errs)
				require.Len(b, holds(b, b.dir), want)
			})
		})
	}
}

// TestLockOfTheDead: what a process that was killed has left locks nobody out; who held it when
// the time is over has the path, and not the URL.
func TestLockOfTheDead(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.conf.WaitForLock = 5 * time.Second
		f := b.srv.File("a.bin", Size(20*kib))
		left := filepath.Join(b.dir, "a.bin."+lockKey(b, f)+partfile.LockSuffix)
		require.NoError(b, os.WriteFile(left, nil, 0o600))
		require.NoError(b, b.other(b.conf, f)())
		require.Len(b, holds(b, b.dir), 1)
	})
}

// lockKey is by which a URL's file is locked.
func lockKey(b *bed, f *File) string {
	b.Helper()
	dir := b.TempDir()
	g := b.srv.File(f.Name(), Size(mib), Behave(Slow(mib)))
	conf := b.conf
	d, err := littledl.NewBatchDownloader(littledl.WithConfig(conf))
	require.NoError(b, err)
	_, err = d.AddURL(g.URL(), littledl.WithSavePath(dir))
	require.NoError(b, err)
	key := ""
	time.AfterFunc(500*time.Millisecond, func() {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if stem, ok := strings.CutSuffix(e.Name(), partfile.LockSuffix); ok {
				key = strings.TrimPrefix(stem, "a.bin.")
			}
		}
	})
	require.NoError(b, d.Start(b.Context()))
	synctest.Wait()
	require.NotEmpty(b, key)
	return key
}
