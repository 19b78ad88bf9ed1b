package littledl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// process is what ends a downloader as the end of its process would: nothing of it is
// left but what is on the disk.
func (b *batch) process() { b.d, b.want = nil, map[string]faultserver.Content{} }

// interrupted downloads for a while and leaves a part and a journal behind.
func (b *batch) interrupted(f *faultserver.File, after time.Duration, opts ...littledl.URLOption) {
	b.Helper()
	b.add(f, opts...)
	time.AfterFunc(after, func() { b.get().Cancel() })
	require.ErrorIs(b, b.start(), littledl.ErrCancelled)
	b.leftBehind()
	task := b.get().GetAllTasks()[0]
	b.missing = int(task.FileSize - task.Downloaded)
	b.process()
}

// leftBehind requires exactly a part and its journal, and returns their paths.
func (b *batch) leftBehind() (part, journal string) {
	b.Helper()
	for _, name := range b.list() {
		switch path := filepath.Join(b.dir, name); filepath.Ext(name) {
		case ".ldpart":
			require.Empty(b, part)
			part = path
		case ".ldjournal":
			require.Empty(b, journal)
			journal = path
		}
	}
	require.NotEmpty(b, part)
	require.Equal(b, strings.TrimSuffix(part, ".ldpart"), strings.TrimSuffix(journal, ".ldjournal"))
	return part, journal
}

// TestResume: another process goes on where the first one was stopped, by a strong
// validator or by the digest, with every byte asked for about once.
func TestResume(t *testing.T) {
	t.Parallel()
	const size = 40 * mib
	for name, c := range map[string]struct {
		behave  faultserver.Behaviour
		hash    bool
		resumed bool
	}{
		"etag":                  {nil, false, true},
		"last-modified":         {faultserver.LastModOnly(), false, true},
		"weak etag":             {faultserver.WeakETag(), false, true},
		"no validator":          {faultserver.NoValidators(), false, false},
		"no validator but hash": {faultserver.NoValidators(), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(size))
				if c.behave != nil {
					f.Set(faultserver.Behave(c.behave))
				}
				opts := hashIf(c.hash, f)
				b.add(f, opts...)
				time.AfterFunc(1500*time.Millisecond, func() { b.get().Cancel() })
				require.ErrorIs(b, b.start(), littledl.ErrCancelled)
				had := b.get().GetAllTasks()[0].Downloaded
				require.Equal(b, c.resumed, had > 10*mib, "what nobody can confirm is not kept")
				b.process()

				b.read.Store(0)
				id := b.add(f, opts...)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.bin"}, b.list())
				require.EqualValues(b, size, b.task(id).Downloaded)
				if c.resumed {
					require.Less(b, b.read.Load(), int64(size)-had+int64(4*64*kib), "nothing twice but what was under way")
				} else {
					require.GreaterOrEqual(b, b.read.Load(), int64(size), "what nobody can confirm is not believed")
				}
			})
		})
	}
}

// TestResumeAsksFirst: one request finds out whether the server has the same version,
// under If-Range, before others follow; and where it has not, no byte is mixed.
func TestResumeAsksFirst(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *faultserver.File){
		"same":        func(*faultserver.File) {},
		"other":       func(f *faultserver.File) { f.Set(faultserver.Version(2)) },
		"other size":  func(f *faultserver.File) { f.Set(faultserver.Version(2), faultserver.Size(20*mib)) },
		"small":       func(f *faultserver.File) { f.Set(faultserver.Version(2), faultserver.Size(20*kib)) },
		"empty":       func(f *faultserver.File) { f.Set(faultserver.Version(2), faultserver.Size(0)) },
		"ranges gone": func(f *faultserver.File) { f.Set(faultserver.Behave(faultserver.NoRange())) },
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				f := b.srv.File("a.bin", faultserver.Size(40*mib))
				b.interrupted(f, 1500*time.Millisecond)
				change(f)
				before := len(b.srv.GETs())
				b.add(f)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.bin"}, b.list())
				asked := b.srv.GETs()[before:]
				require.NotEmpty(b, asked[0].Header.Get("If-Range"))
				if len(asked) > 1 {
					require.Greater(b, asked[1].Start.Sub(asked[0].Start), 20*time.Millisecond, "the others wait for the first")
				}
			})
		})
	}
}

// TestResumeAsksTheURLAsGiven: where redirects led an earlier process is not remembered;
// what they had been signed with has expired by now.
func TestResumeAsksTheURLAsGiven(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(40*mib), faultserver.Behave(faultserver.Signed(100)))
		b.interrupted(f, 1500*time.Millisecond)
		before := len(b.srv.GETs())
		b.read.Store(0)
		b.add(f)
		require.NoError(b, b.start())
		require.Less(b, b.read.Load(), int64(b.missing+mib))
		asked := b.srv.GETs()[before]
		require.Equal(b, 302, asked.Status)
		require.Empty(b, asked.Query)
	})
}

// TestResumeChecksEveryByte: what somebody has changed in a part is fetched again, and
// nothing else.
func TestResumeChecksEveryByte(t *testing.T) {
	t.Parallel()
	const size = 20 * mib
	for name, spoil := range map[string]func(t *testing.T, part, journal string){
		"flipped":     func(t *testing.T, part, _ string) { flipBit(t, part, 1<<20) },
		"cut":         func(t *testing.T, part, _ string) { require.NoError(t, os.Truncate(part, 1<<20)) },
		"longer":      func(t *testing.T, part, _ string) { require.NoError(t, os.Truncate(part, 60<<20)) },
		"no part":     func(t *testing.T, part, _ string) { require.NoError(t, os.Remove(part)) },
		"no log":      func(t *testing.T, _, log string) { require.NoError(t, os.Remove(log)) },
		"torn log":    func(t *testing.T, _, log string) { require.NoError(t, os.Truncate(log, 150)) },
		"empty log":   func(t *testing.T, _, log string) { require.NoError(t, os.Truncate(log, 0)) },
		"flipped log": func(t *testing.T, _, log string) { flipBit(t, log, 20) },
		"both empty": func(t *testing.T, part, log string) {
			require.NoError(t, os.Truncate(log, 0))
			require.NoError(t, os.Truncate(part, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			batchBubble(t, func(b *batch) {
				b.net.Shape(faultserver.Same(line(2 * mib)))
				f := b.srv.File("a.bin", faultserver.Size(size))
				b.interrupted(f, 1500*time.Millisecond)
				part, journal := b.leftBehind()
				spoil(t, part, journal)
				had := size - b.missing
				b.read.Store(0)
				id := b.add(f)
				require.NoError(b, b.start())
				require.Equal(b, []string{"a.bin"}, b.list())
				require.EqualValues(b, size, b.task(id).Downloaded)
				if name == "flipped" || name == "longer" {
					require.Less(b, b.read.Load(), int64(size-had+3*mib))
				}
			})
		})
	}
}

func flipBit(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{b[0] ^ 1}, at)
	require.NoError(t, err)
}

// TestSpoiltBetweenStarts: what a failed Start has kept is no better than what another
// process has left: where the digest comes out wrong the file is fetched anew.
func TestSpoiltBetweenStarts(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(8*mib), faultserver.Behave(faultserver.LyingRange(faultserver.BodyFlip)))
		id := b.add(f, littledl.WithHash("sha256", f.Sum()))
		time.AfterFunc(350*time.Millisecond, func() { b.get().Cancel() })
		require.ErrorIs(b, b.get().Start(b.Context()), littledl.ErrCancelled)
		require.Positive(b, b.task(id).Downloaded)
		f.Behave()
		require.NoError(b, b.start())
	})
}

// TestDisableResumeStartsClean: it starts clean, and leaves nothing of what it has not used.
func TestDisableResumeStartsClean(t *testing.T) {
	t.Parallel()
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(40*mib))
		b.interrupted(f, 1500*time.Millisecond)
		b.conf.DisableResume = true
		b.read.Store(0)
		b.add(f)
		time.AfterFunc(1500*time.Millisecond, func() { b.get().Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.Empty(b, b.list())
		b.process()
		b.add(f)
		b.read.Store(0)
		require.NoError(b, b.start())
		require.GreaterOrEqual(b, b.read.Load(), int64(40*mib))
	})
}

// TestStreamForgotten: a file that failed as one stream is fetched as any other by the
// next Start.
func TestStreamForgotten(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(30*mib), faultserver.Behave(faultserver.NoRangeLie(), faultserver.RST(mib)))
		b.add(f)
		require.Error(t, b.get().Start(b.Context()))
		f.Behave()
		b.srv.ResetRecords()
		require.NoError(t, b.start())
		require.NotEmpty(t, b.srv.GETs()[0].Range)
		require.Greater(t, len(b.srv.GETs()), 3)
	})
}
