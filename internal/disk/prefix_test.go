package disk_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/replay"
	"github.com/littledl/littledl/internal/span"
)

const mib = 1 << 20

// counted counts the bytes that are read.
type counted struct {
	io.ReaderAt
	mu   sync.Mutex
	n    int64
	fail error
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return 0, c.fail
	}
	n, err := c.ReaderAt.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

func (c *counted) read() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// follower is a file that is written by several and hashed meanwhile.
type follower struct {
	f    *disk.Target
	p    *disk.PrefixHash
	disk *counted

	mu   sync.Mutex
	done span.Set
}

func (f *follower) prefix() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done.Prefix()
}

func (f *follower) write(t *testing.T, b []byte, off int64) {
	_, err := f.f.WriteAt(b, off)
	require.NoError(t, err)
	f.p.Writing(off)
	f.mu.Lock()
	f.done.Add(off, off+int64(len(b)))
	f.mu.Unlock()
	f.p.Wrote()
}

// TestPrefixHash: whoever writes what and when, the digest is that of what is there in the
// end; and as long as nobody writes anything twice the file is read once.
func TestPrefixHash(t *testing.T) {
	seed := replay.Seed(t)
	for i := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, i))
		twice := i%2 == 1
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hashWhileWriting(t, r, twice) })
		})
	}
}

func hashWhileWriting(t *testing.T, r *rand.Rand, twice bool) {
	size := 2*mib + r.IntN(3*mib)
	text := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(text)
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	w := &follower{f: b.open(true), p: disk.NewPrefixHash(sumOf(string(text)))}
	w.disk = &counted{ReaderAt: w.f}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var follows sync.WaitGroup
	follows.Go(func() { w.p.Follow(ctx, w.disk, w.prefix) })

	var pieces [][2]int
	for lo := 0; lo < size; {
		hi := min(size, lo+1+r.IntN(400_000))
		pieces = append(pieces, [2]int{lo, hi})
		lo = hi
	}
	if r.IntN(3) > 0 {
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	}
	if twice { // somebody lies at first, then the right bytes come
		p := pieces[r.IntN(len(pieces))]
		w.write(t, make([]byte, p[1]-p[0]), int64(p[0]))
	}
	for _, p := range pieces {
		w.write(t, text[p[0]:p[1]], int64(p[0]))
		if r.IntN(2) == 0 {
			synctest.Wait() // the follower has caught up
		}
	}
	synctest.Wait()
	cancel()
	follows.Wait()
	before := w.disk.read()
	require.NoError(t, w.f.Verify(t.Context(), int64(size), false, sumOf(string(text)), w.p))
	if !twice {
		require.Equal(t, int64(size/mib*mib), before, "all whole steps have been read beside")
	}
	w.f.Discard()
	w.f.Close()
}

// TestPrefixHashSpoilt: a write to what was read already is noticed, at whatever moment.
func TestPrefixHashSpoilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := make([]byte, 2*mib)
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		w := &follower{f: b.open(true), p: disk.NewPrefixHash(sumOf(string(text)))}
		w.disk = &counted{ReaderAt: w.f}
		var follows sync.WaitGroup
		follows.Go(func() { w.p.Follow(t.Context(), w.disk, w.prefix) })
		w.write(t, text, 0)
		synctest.Wait()
		w.write(t, []byte("another"), 100)
		follows.Wait() // it is of no use any more
		err := w.f.Verify(t.Context(), 2*mib, false, sumOf(string(text)), w.p)
		require.ErrorIs(t, err, fail.ErrHashMismatch)
		w.f.Discard()
		w.f.Close()
	})
}

// writesBetween writes to what is being read, between two reads of one step.
type writesBetween struct {
	io.ReaderAt
	write func()
}

func (w *writesBetween) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(b, off)
	if w.write != nil {
		w.write()
		w.write = nil
	}
	return n, err
}

// TestPrefixHashSpoiltMeanwhile: so is a write to what is just being read.
func TestPrefixHashSpoiltMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := make([]byte, mib)
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		w := &follower{f: b.open(true), p: disk.NewPrefixHash(sumOf(string(text)))}
		reader := &writesBetween{w.f, func() { w.write(t, []byte("another"), 100) }}
		var follows sync.WaitGroup
		follows.Go(func() { w.p.Follow(t.Context(), reader, w.prefix) })
		w.write(t, text, 0)
		follows.Wait()
		err := w.f.Verify(t.Context(), mib, false, sumOf(string(text)), w.p)
		require.ErrorIs(t, err, fail.ErrHashMismatch)
		w.f.Discard()
		w.f.Close()
	})
}

// TestPrefixHashUnreadable: where the disk cannot be read beside, the file is read in the end.
func TestPrefixHashUnreadable(t *testing.T) {
	text := make([]byte, mib)
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	w := &follower{f: b.open(true), p: disk.NewPrefixHash(sumOf(string(text)))}
	w.write(t, text, 0)
	w.p.Follow(t.Context(), &counted{ReaderAt: w.f, fail: io.ErrUnexpectedEOF}, w.prefix)
	require.NoError(t, w.f.Verify(t.Context(), mib, false, sumOf(string(text)), w.p))
	w.f.Discard()
	w.f.Close()
}

// TestPrefixHashEndsWhole: an end in the middle of a step does not cost the file another
// reading.
func TestPrefixHashEndsWhole(t *testing.T) {
	text := make([]byte, 2*mib)
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	w := &follower{f: b.open(true), p: disk.NewPrefixHash(sumOf(string(text)))}
	ctx, cancel := context.WithCancel(t.Context())
	w.write(t, text, 0)
	w.p.Follow(ctx, &writesBetween{w.f, cancel}, w.prefix)
	_, err := w.f.WriteAt([]byte("another"), 100) // nobody is told
	require.NoError(t, err)
	require.NoError(t, w.f.Verify(t.Context(), 2*mib, false, sumOf(string(text)), w.p), "the first step is not read again")
	w.f.Discard()
	w.f.Close()
}
