package littledl_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// leftSize is how large the files are that are interrupted here, after about a half.
const leftSize = 20 * mib

// had is how much of the file that was interrupted is on the disk.
func (b *batch) had() int64 { return leftSize - int64(b.missing) }

// TestResumeMeetsAFile: another process has left a part, and somebody has put a file
// under the name since. The policy decides, what is fetched is no more than it must be,
// and the part is gone when the file is there.
func TestResumeMeetsAFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy  littledl.OverwritePolicy
		same    bool // it is the very file
		err     error
		want    []string
		fetched bool
	}{
		"rename":           {littledl.OverwriteRename, false, nil, []string{"a (1).bin", "a.bin"}, true},
		"replace":          {littledl.OverwriteReplace, false, nil, []string{"a.bin"}, true},
		"skip":             {littledl.OverwriteSkip, false, nil, []string{"a.bin"}, false},
		"error":            {littledl.OverwriteError, false, littledl.ErrFileExists, []string{"a.bin"}, true},
		"rename, the same": {littledl.OverwriteRename, true, nil, []string{"a.bin"}, false},
		"error, the same":  {littledl.OverwriteError, true, nil, []string{"a.bin"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(leftSize))
				b.interrupted(f, 700*time.Millisecond)
				there := faultserver.Generate("theirs", 1, leftSize)
				if c.same {
					there = f.Content()
				}
				at := filepath.Join(b.dir, "a.bin")
				require.NoError(b, os.WriteFile(at, faultserver.Bytes(there), 0o666))
				if c.same {
					require.NoError(b, os.Chtimes(at, time.Time{}, f.Representation().LastModified))
				}
				b.conf.Overwrite, b.conf.TrustModTime = c.policy, c.same
				b.read.Store(0)
				id := b.add(f)
				if !c.fetched {
					delete(b.want, id)
				}
				err := b.get().Start(b.Context())
				if c.err != nil {
					require.ErrorIs(b, err, c.err)
					require.Equal(b, c.want, b.list()) // compared, so it was fetched whole
					b.same(at, there)
					return
				}
				require.NoError(b, err)
				require.Equal(b, c.want, b.list())
				if c.policy != littledl.OverwriteReplace {
					b.same(at, there)
				}
				if c.fetched {
					b.same(b.task(id).Path(), f.Content())
					require.Less(b, b.read.Load(), leftSize-b.had()+int64(mib))
				} else {
					require.Less(b, b.read.Load(), int64(64*kib))
				}
			})
		})
	}
}

// TestResumeInASubdirectory: a part in a sub-directory is found there.
func TestResumeInASubdirectory(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(leftSize))
		named := littledl.WithFilename("x/y/b.bin")
		b.add(f, named)
		time.AfterFunc(700*time.Millisecond, func() { b.get().Cancel() })
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrCancelled)
		had := b.get().GetAllTasks()[0].Downloaded
		b.process()
		b.read.Store(0)
		id := b.add(f, named)
		require.NoError(b, b.get().Start(b.Context()))
		b.same(b.task(id).Path(), f.Content())
		require.Less(b, b.read.Load(), leftSize-had+int64(mib))
		left, err := os.ReadDir(filepath.Join(b.dir, "x", "y"))
		require.NoError(b, err)
		require.Len(b, left, 1)
	})
}

// TestResumeFailsForOtherReasons: the server is gone, or refuses, when the part is taken
// up. It stays for the next process.
func TestResumeFailsForOtherReasons(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(b *batch, f *faultserver.File){
		"not found":  func(_ *batch, f *faultserver.File) { f.Behave(faultserver.Status(404)) },
		"broken":     func(_ *batch, f *faultserver.File) { f.Behave(faultserver.Status(500)) },
		"busy":       func(_ *batch, f *faultserver.File) { f.Behave(faultserver.Status(503)) },
		"reset":      func(_ *batch, f *faultserver.File) { f.Behave(faultserver.RSTNow()) },
		"no network": func(b *batch, _ *faultserver.File) { b.net.Outage(true) },
		"later": func(_ *batch, f *faultserver.File) {
			f.Behave(faultserver.After(3, faultserver.Status(404)), faultserver.RangeCap(2*mib))
		},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(leftSize))
				b.interrupted(f, 700*time.Millisecond)
				fail(b, f)
				b.add(f)
				require.Error(b, b.start())
				b.leftBehind()
				b.process()
				f.Behave()
				b.net.Outage(false)
				b.read.Store(0)
				b.add(f)
				require.NoError(b, b.start())
				require.Less(b, b.read.Load(), leftSize-b.had()+int64(mib))
			})
		})
	}
}

// TestResumeIsConfirmedByTheAnswer: an answer that does not say itself which version it
// is of confirms nothing, even if a part was asked for under If-Range.
func TestResumeIsConfirmedByTheAnswer(t *testing.T) {
	silent := faultserver.Do(func(req *faultserver.Request, next faultserver.Handler) *faultserver.Response {
		res := next(req)
		if res != nil && req.Header.Get("Range") != "" && req.Header.Get("Range") != "bytes=0-5242879" {
			res.Header.Del("Etag")
			res.Header.Del("Last-Modified")
		}
		return res
	})
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(leftSize))
		b.interrupted(f, 700*time.Millisecond)
		f.Set(faultserver.Version(2), faultserver.Behave(silent, faultserver.IgnoreIfRange()))
		b.add(f)
		require.NoError(b, b.start(), "and the file is of one version")
		require.Equal(b, []string{"a.bin"}, b.list())
	})
}

// TestResumeWhereIfRangeIsDisliked: the same version, from a server that answers every
// If-Range with the whole file.
func TestResumeWhereIfRangeIsDisliked(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(leftSize))
		b.interrupted(f, 700*time.Millisecond)
		f.Behave(faultserver.DislikesIfRange())
		b.read.Store(0)
		b.add(f)
		require.NoError(b, b.start())
		require.Less(b, b.read.Load(), leftSize-b.had()+int64(2*mib))
	})
}

// TestTwoProcessesFetchOneFile: where the file appears while it is fetched, because
// another process was quicker, it is there once.
func TestTwoProcessesFetchOneFile(t *testing.T) {
	for _, size := range []int64{mib, 8 * mib} {
		for _, policy := range []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteError} {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(size))
				b.conf.Overwrite = policy
				at := filepath.Join(b.dir, "a.bin")
				b.option(tapped(func(op crashfs.Op) error {
					if op.Kind == crashfs.Link {
						require.NoError(b, os.WriteFile(at, faultserver.Bytes(f.Content()), 0o666))
						require.NoError(b, os.Chtimes(at, time.Time{}, f.Representation().LastModified))
					}
					return nil
				}))
				b.add(f)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.bin"}, b.list())
			})
		}
	}
}

// TestSameKeyTwice: two URLs that differ in their signatures alone are two tasks. What
// an earlier process has left of them serves each, or at least keeps neither from
// completing.
func TestSameKeyTwice(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		batchBubble(t, func(b *batch) {
			f := b.srv.File("a.bin", faultserver.Size(leftSize))
			add := func(token string) {
				id, err := b.get().AddURL(f.URL()+"?token="+token, littledl.WithSavePath(b.dir))
				require.NoError(b, err)
				b.want[id] = f.Content()
			}
			add("1")
			if both {
				add("2")
			}
			time.AfterFunc(700*time.Millisecond, func() { b.get().Cancel() })
			require.ErrorIs(b, b.start(), littledl.ErrCancelled)
			had := b.get().GetProgress().DownloadedBytes
			b.process()
			b.read.Store(0)
			add("3")
			add("4")
			require.NoError(b, b.start())
			require.Equal(b, []string{"a (1).bin", "a.bin"}, b.list())
			require.Less(b, b.read.Load(), 2*leftSize-had+int64(2*mib))
		})
	}
}

// TestResumeShortOfDescriptors: for a while no file can be opened; the part is waited
// for, not thrown away.
func TestResumeShortOfDescriptors(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(leftSize))
		b.interrupted(f, 700*time.Millisecond)
		short := 3
		b.option(tapped(func(op crashfs.Op) error {
			if op.Kind == crashfs.Open && filepath.Ext(op.Name) == partfile.JournalSuffix && short > 0 {
				short--
				return syscall.EMFILE
			}
			return nil
		}))
		b.read.Store(0)
		b.add(f)
		require.NoError(b, b.start())
		require.Less(b, b.read.Load(), leftSize-b.had()+int64(mib))
	})
}
