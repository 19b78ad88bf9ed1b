package reuse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/reuse"
)

// TestIndexWhole: nobody looks at a directory that is only read in half.
func TestIndexWhole(t *testing.T) {
	b := newBed(t)
	const files = 600
	for i := range files {
		b.plant(fmt.Sprintf("%d/f", i), "the bytes", nil, httprange.Pin{})
	}
	b.plant("empty", "", nil, httprange.Pin{})
	b.plant("x.0123.ldpart", "the bytes", nil, httprange.Pin{})
	var wg sync.WaitGroup
	var short atomic.Int32
	for range 20 {
		wg.Go(func() {
			if len(b.index.OfSize(t.Context(), b.path, 9)) != files {
				short.Add(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, short.Load())
	require.Empty(t, b.index.OfSize(t.Context(), b.path, 0))

	b.plant("late", "the bytes", nil, httprange.Pin{})
	require.Len(t, b.index.OfSize(t.Context(), b.path, 9), files, "it is looked through once")
	b.index.Add(b.path, "late", 9)
	b.index.Add(b.path, "late", 9)
	require.Len(t, b.index.OfSize(t.Context(), b.path, 9), files+1)
	require.Len(t, b.index.OfSize(t.Context(), filepath.Join(b.path, "none"), 9), files+1, "those of every directory")
}

// TestIndexFollowsNoLink: what is elsewhere is not at hand.
func TestIndexFollowsNoLink(t *testing.T) {
	b, elsewhere := newBed(t), newBed(t)
	elsewhere.plant("f", "the bytes", nil, httprange.Pin{})
	if err := os.Symlink(elsewhere.path, filepath.Join(b.path, "dir")); err != nil {
		t.Log("no links here:", err)
		return
	}
	require.NoError(t, os.Symlink(filepath.Join(elsewhere.path, "f"), filepath.Join(b.path, "f")))
	require.Empty(t, b.index.OfSize(t.Context(), b.path, 9))
}

// slow is a file whose first read waits.
type slow struct {
	partfile.File
	wait  <-chan struct{}
	reads *atomic.Int32 // of its first byte
	fail  error
}

func (f *slow) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 {
		f.reads.Add(1)
		<-f.wait
	}
	if f.fail != nil {
		return 0, f.fail
	}
	return f.File.ReadAt(p, off)
}

func (b *bed) openFile(name string) partfile.File {
	b.Helper()
	d, err := partfile.OpenDir(b.path, "")
	require.NoError(b, err)
	b.Cleanup(func() { d.Close() })
	f, err := d.Open(name)
	require.NoError(b, err)
	b.Cleanup(func() { f.Close() })
	return f
}

// TestSumOnce: a file is read once, however many want its digest, at once or later.
func TestSumOnce(t *testing.T) {
	b := newBed(t)
	b.plant("f", "the bytes", nil, httprange.Pin{})
	f := b.openFile("f")
	synctest.Test(t, func(t *testing.T) {
		goOn, reads := make(chan struct{}), new(atomic.Int32)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				got, err := b.index.Sum(t.Context(), &slow{f, goOn, reads, nil}, "sha256")
				if err != nil || got != sumOf("the bytes") {
					t.Error(got, err)
				}
			})
		}
		synctest.Wait()
		require.EqualValues(t, 1, reads.Load())
		close(goOn)
		wg.Wait()
		_, err := b.index.Sum(t.Context(), &slow{f, goOn, reads, nil}, "sha256")
		require.NoError(t, err)
		require.EqualValues(t, 1, reads.Load())
		got, err := b.index.Sum(t.Context(), &slow{f, goOn, reads, nil}, "md5")
		require.NoError(t, err)
		require.Len(t, got.Bytes, 16)
		require.EqualValues(t, 2, reads.Load(), "by another algorithm it is another one")
	})
}

// TestSumOfTheFirst: the end, or the trouble, of whoever computes a digest is not that of
// those who wait for it.
func TestSumOfTheFirst(t *testing.T) {
	gone := errors.New("gone")
	for what, fail := range map[string]error{"it is cancelled": nil, "it cannot read": io.ErrUnexpectedEOF} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t)
			b.plant("f", "the bytes", nil, httprange.Pin{})
			f := b.openFile("f")
			synctest.Test(t, func(t *testing.T) {
				goOn, reads := make(chan struct{}), new(atomic.Int32)
				ctx, cancel := context.WithCancelCause(t.Context())
				var wg sync.WaitGroup
				var first error
				wg.Go(func() { _, first = b.index.Sum(ctx, &slow{f, goOn, reads, fail}, "sha256") })
				synctest.Wait()
				var got digest.Sum
				var second error
				wg.Go(func() { got, second = b.index.Sum(t.Context(), f, "sha256") })
				synctest.Wait()
				if fail == nil {
					cancel(gone)
				}
				close(goOn)
				wg.Wait()
				cancel(nil)
				if fail == nil {
					fail = gone
				}
				require.ErrorIs(t, first, fail)
				require.NoError(t, second)
				require.Equal(t, sumOf("the bytes"), got)
			})
		})
	}
}

// TestSumChanged: a file that somebody writes to has no digest, and what was known of one
// that was written to counts no more.
func TestSumChanged(t *testing.T) {
	b := newBed(t)
	b.plant("f", "the bytes", nil, httprange.Pin{})
	f := b.openFile("f")
	first := sumOf("the bytes")
	got, err := b.index.Sum(t.Context(), f, "sha256")
	require.NoError(t, err)
	require.Equal(t, first, got)
	b.plant("f", "the bites of another size", nil, httprange.Pin{})
	got, err = b.index.Sum(t.Context(), f, "sha256")
	require.NoError(t, err)
	require.Equal(t, sumOf("the bites of another size"), got)

	meddled := &meddled{f, func() { b.plant("f", "the bytes", nil, httprange.Pin{}) }}
	_, err = reuse.NewIndex().Sum(t.Context(), meddled, "sha256")
	require.ErrorIs(t, err, reuse.ErrChanged)
}

// meddled is a file that somebody writes to while it is read.
type meddled struct {
	partfile.File
	write func()
}

func (f *meddled) ReadAt(p []byte, off int64) (int, error) {
	f.write()
	return f.File.ReadAt(p, off)
}

func (f *meddled) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.write()
	return n, err
}

// TestHidden: what is hidden, or is in a directory that is, is not at hand.
func TestHidden(t *testing.T) {
	b := newBed(t)
	for _, name := range []string{".f", ".s/f", "s/.t/f", "s/.f", "s/f.x", "f..x"} {
		b.plant(name, "the bytes", nil, httprange.Pin{})
		b.index.Add(b.path, name, 9)
	}
	require.Len(t, b.index.OfSize(t.Context(), b.path, 9), 2)
}
