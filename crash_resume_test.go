package littledl_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
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

// tap lets a hook see what a downloader does on its disk.
func (b *batch) tap(h crashfs.Hook) littledl.Option { return tapped(h) }

func tapped(h crashfs.Hook) littledl.Option {
	return littledl.WithOpenDir(func(dir, sub string) (*partfile.Dir, error) {
		disk, err := partfile.OpenDisk(dir, sub)
		if err != nil {
			return nil, err
		}
		return partfile.NewDir(crashfs.Tap(disk, h)), nil
	})
}

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
		"error":            {littledl.OverwriteError, false, littledl.ErrFileExists, nil, false},
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
				b.conf.Overwrite = c.policy
				b.read.Store(0)
				id := b.add(f)
				if !c.fetched {
					delete(b.want, id)
				}
				err := b.get().Start(b.Context())
				if c.err != nil {
					require.ErrorIs(b, err, c.err)
					b.leftBehind() // of use when the file has gone out of the way
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

// slowDisk is a disk that takes its time to read.
type slowDisk struct {
	partfile.Disk
	each  time.Duration
	reads *atomic.Int64
}

func (d slowDisk) Open(name string, flag int, perm os.FileMode) (partfile.File, error) {
	f, err := d.Disk.Open(name, flag, perm)
	if err != nil || filepath.Ext(name) != partfile.Suffix {
		return f, err
	}
	return slowFile{f, d}, nil
}

func (d slowDisk) Link(f partfile.File, name, to string) error {
	if s, ok := f.(slowFile); ok {
		f = s.File
	}
	return d.Disk.Link(f, name, to)
}

type slowFile struct {
	partfile.File
	d slowDisk
}

func (f slowFile) ReadAt(b []byte, off int64) (int, error) {
	time.Sleep(f.d.each)
	f.d.reads.Add(1)
	return f.File.ReadAt(b, off)
}

// TestResumeIsInterrupted: a pause, an urgent file, a cancel or another Start while the
// part is still being read back changes nothing, even if some of it has been spoilt.
func TestResumeIsInterrupted(t *testing.T) {
	t.Parallel()
	const urgent = "urgent.bin"
	for name, interrupt := range map[string]func(b *batch, done <-chan error) <-chan error{
		"paused": func(b *batch, done <-chan error) <-chan error {
			for range 5 {
				require.NoError(b, b.get().Pause())
				time.Sleep(300 * time.Millisecond)
				require.NoError(b, b.get().Resume())
				time.Sleep(300 * time.Millisecond)
			}
			return done
		},
		"yielding": func(b *batch, done <-chan error) <-chan error {
			b.add(b.srv.File(urgent, faultserver.Size(30*mib)))
			return done
		},
		"cancelled": func(b *batch, done <-chan error) <-chan error {
			require.NoError(b, b.get().Cancel())
			require.ErrorIs(b, <-done, littledl.ErrCancelled)
			return b.background(b.Context())
		},
		"another process": func(b *batch, done <-chan error) <-chan error {
			require.NoError(b, b.get().Cancel())
			require.ErrorIs(b, <-done, littledl.ErrCancelled)
			b.process()
			b.add(b.srv.Lookup("a.bin"), littledl.WithPriority(1))
			return b.background(b.Context())
		},
	} {
		for _, spoilt := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", spoilt"}[spoilt], func(t *testing.T) {
				batchBubble(t, func(b *batch) {
					f := b.srv.File("a.bin", faultserver.Size(leftSize))
					b.interrupted(f, 700*time.Millisecond)
					if part, _ := b.leftBehind(); spoilt {
						flipBit(t, part, 1<<20)
					}
					var reads atomic.Int64
					b.option(littledl.WithMaxConcurrentFiles(1), littledl.WithOpenDir(func(dir, sub string) (*partfile.Dir, error) {
						disk, err := partfile.OpenDisk(dir, sub)
						return partfile.NewDir(slowDisk{disk, 20 * time.Millisecond, &reads}), err
					}))
					b.read.Store(0)
					b.add(f, littledl.WithPriority(1))
					done := b.background(b.Context())
					time.Sleep(200 * time.Millisecond)
					require.Positive(b, reads.Load())
					done = interrupt(b, done)
					require.NoError(b, <-done)
					b.check()
					most := leftSize - b.had() + 5*mib // a pause costs what is under way
					if spoilt {
						most += 3 * mib
					}
					if name == "yielding" {
						most += 30 * mib
					}
					require.Less(b, b.read.Load(), most)
				})
			})
		}
	}
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
				b.option(b.tap(func(op crashfs.Op) error {
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
		b.option(b.tap(func(op crashfs.Op) error {
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

// TestEnhResumeFromAnother is a part whose first source has died meanwhile. Where the
// other one provably has the same file, or the digest will tell, it goes on.
func TestEnhResumeFromAnother(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 40 * mib
	same := []faultserver.FileOption{faultserver.Size(size), faultserver.ETag(`"same"`)}
	for what, c := range map[string]struct {
		backup faultserver.FileOption
		hash   bool
		kept   bool
	}{
		"same tag":              {faultserver.ETag(`"same"`), false, true},
		"same tag, other bytes": {enhOther(name, size), false, false},
		"another tag":           {faultserver.ETag(`"other"`), false, false},
		"another tag, a digest": {faultserver.ETag(`"other"`), true, true},
	} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				x, y := b.origin("a.test"), b.origin("b.test")
				first := x.File(name, same...)
				other := y.File(name, append(same[:2:2], c.backup)...)
				var opts []littledl.URLOption
				if c.hash {
					opts = append(opts, enhHash(first.Content()))
				}
				y.Behave(faultserver.Status(404)) // not there yet
				b.mirrored(name, first.Content(), opts, x, y)
				time.AfterFunc(600*time.Millisecond, func() { b.get().Cancel() })
				require.ErrorIs(b, b.start(), littledl.ErrCancelled)
				had := b.get().GetAllTasks()[0].Downloaded
				require.Greater(b, had, int64(5*mib))

				b.d, b.want = nil, map[string]faultserver.Content{}
				x.Behave(faultserver.Status(404))
				y.Behave()
				b.read.Store(0)
				b.mirrored(name, other.Content(), opts, x, y)
				require.NoError(b, b.start())
				if c.kept {
					require.Less(b, b.read.Load(), size-had+int64(2*mib))
				} else {
					require.GreaterOrEqual(b, b.read.Load(), int64(size))
				}
			})
		})
	}
}

// TestEnhResumeWhatAMirrorGave: a part that a mirror has filled, after the first source
// had failed, is that mirror's. The first source has another file by then, with the
// same validators, as some servers make them from size and time alone.
func TestEnhResumeWhatAMirrorGave(t *testing.T) {
	t.Parallel()
	const name, size = "f.bin", 40 * mib
	enhBubble(t, func(b *enhBed) {
		x, y := b.origin("a.test"), b.origin("b.test")
		same := []faultserver.FileOption{faultserver.Size(size), faultserver.ETag(`"same"`)}
		x.File(name, append(same[:2:2], enhOther(name, size), faultserver.ETag(`"same"`))...)
		right := y.File(name, same...)
		x.Behave(faultserver.Status(404))
		b.mirrored(name, right.Content(), nil, x, y)
		time.AfterFunc(600*time.Millisecond, func() { b.get().Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)

		b.d, b.want = nil, map[string]faultserver.Content{}
		x.Behave()
		b.read.Store(0)
		b.mirrored(name, right.Content(), nil, x, y)
		require.NoError(b, b.start(), "one file, not a mixture")
		require.Less(b, b.read.Load(), int64(size))
	})
}
