// Package reuse proves that a file at hand is the one that is wanted, and makes use of it.
//
// Much of what is downloaded is there already: from yesterday, under another name, in another
// directory. A name proves nothing, nor does a size or a time. What proves it before a byte
// is fetched is a digest that the caller gives, or the mark of a file that was fetched from this very URL, of the
// version that the server has now. So digests have to be computed of files that only might be
// the one, which takes as long as reading them: the Index remembers them, and which files of
// a size there are, so that nothing is looked for or read twice.
package reuse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/partfile"
)

// Index knows which files are at hand: those in the directories that were looked through,
// and those that were added. It is safe for concurrent use.
type Index struct {
	hashes singleflight.Group

	mu     sync.Mutex
	bySize map[int64][]Place
	sizes  map[Place]int64
	dirs   map[string]chan struct{} // that are looked through, until this is closed; nil: were
	sums   map[sumKey]digest.Sum
	reads  map[digest.Sum]int // files that were read for a digest
}

// Place is where a file is: a save directory, and its path below.
type Place struct{ Dir, Name string }

// sumKey is what a digest is remembered by. It is forgotten when inode, size, modification
// or change time differ.
type sumKey struct {
	id        partfile.Identity
	algorithm string
}

// NewIndex makes an empty index.
func NewIndex() *Index {
	return &Index{bySize: map[int64][]Place{}, sizes: map[Place]int64{}, dirs: map[string]chan struct{}{}, sums: map[sumKey]digest.Sum{}, reads: map[digest.Sum]int{}}
}

// Add adds a file, unless it is hidden: what somebody hides is not there to be copied. One that
// is known with another size is in for both: whoever opens it will see.
func (x *Index) Add(dir, name string, size int64) {
	if hidden(name) {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	p := Place{dir, name}
	if old, ok := x.sizes[p]; ok && old == size {
		return
	}
	x.sizes[p] = size
	x.bySize[size] = append(x.bySize[size], p)
}

// OfSize returns the files of a size, after looking through dir once. All who want to know
// wait for the first of them to have done that, as long as they want to know.
func (x *Index) OfSize(ctx context.Context, dir string, size int64) []Place {
	for ctx.Err() == nil {
		done, mine := x.begin(dir)
		switch {
		case mine:
			x.scan(ctx, dir)
			x.end(dir, ctx.Err() == nil)
			continue
		case done != nil:
			select {
			case <-done: // or given up, and for another to begin
			case <-ctx.Done():
			}
			continue
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		return slices.Clone(x.bySize[size])
	}
	return nil
}

// begin begins to look through a directory. Not mine: another is at it until done is closed; nil:
// that has been done.
func (x *Index) begin(dir string) (done chan struct{}, mine bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	done, known := x.dirs[dir]
	if !known {
		done, mine = make(chan struct{}), true
		x.dirs[dir] = done
	}
	return done, mine
}

// end lets those go on who wait. Not all: the next of them begins anew.
func (x *Index) end(dir string, all bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(x.dirs[dir])
	if delete(x.dirs, dir); all {
		x.dirs[dir] = nil
	}
}

// maxScan bounds how many files of one save directory are looked at.
const maxScan = 100_000

// hidden reports whether a file, or a directory that it is in, has a name that hides it.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." || strings.Contains(name, "/.")
}

// scan looks through a save directory and what is below it, but not at what is hidden there, and
// without following a symbolic link, until ctx ends.
func (x *Index) scan(ctx context.Context, dir string) {
	partfile.Walk(ctx, dir, maxScan, func(name string, e fs.DirEntry) (below bool) {
		if e.IsDir() {
			return !hidden(name)
		}
		if !e.Type().IsRegular() || partfile.IsOurs(name) {
			return false
		}
		if info, err := e.Info(); err == nil && info.Size() > 0 {
			x.Add(dir, name, info.Size())
		}
		return false
	})
}

// ErrChanged says that a file is not what it was at a look before.
var ErrChanged = errors.New("somebody writes to it")

// Known is the digest of an open file, as far as that was computed before.
func (x *Index) Known(f partfile.File, algorithm string) (s digest.Sum, ok bool) {
	info, err := f.Stat()
	if err != nil {
		return s, false
	}
	id, stable := partfile.IdentityOf(info)
	if !stable {
		return s, false
	}
	return x.known(sumKey{id, algorithm})
}

// Sum is the digest of an open file by an algorithm, computed once as long as nobody writes
// to the file. It is ErrChanged where somebody does. Whoever wants one that is being computed
// waits for it; what ends that one's context does not end his. A file system's clock may
// stand still for some milliseconds: who wrote to the file in those is not seen, so what
// Sum says must be found out again of what is made use of.
func (x *Index) Sum(ctx context.Context, f partfile.File, algorithm string) (digest.Sum, error) {
	info, err := f.Stat()
	if err != nil {
		return digest.Sum{}, err
	}
	id, stable := partfile.IdentityOf(info)
	if !stable {
		return Sum(ctx, f, algorithm)
	}
	key := sumKey{id, algorithm}
	for {
		if s, ok := x.known(key); ok {
			return s, nil
		}
		mine := false
		_, err, _ := x.hashes.Do(fmt.Sprint(key), func() (any, error) {
			mine = true
			s, err := Sum(ctx, f, algorithm)
			if err == nil {
				x.remember(key, s)
			}
			return nil, err
		})
		switch {
		case ctx.Err() != nil:
			return digest.Sum{}, context.Cause(ctx)
		case mine && err != nil:
			return digest.Sum{}, err
		}
	}
}

func (x *Index) known(k sumKey) (digest.Sum, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.sums[k]
	return s, ok
}

func (x *Index) remember(k sumKey, s digest.Sum) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sums[k] = s
}

// maxReads is how many files are read for one digest. Each has the size of the one that it may
// save, and reading them takes no longer than fetching that one; a digest that nothing has
// must not cost the reading of a whole folder.
const maxReads = 4

// mayRead counts a file that is to be read for a digest, unless those are enough.
func (x *Index) mayRead(want digest.Sum) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.reads[want] == maxReads {
		return false
	}
	x.reads[want]++
	return true
}

// readable is an open file.
type readable interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// has reports whether an open file has a digest, and which that is; what others have found out
// counts but where the caller's own functions have to be asked.
func (x *Index) has(ctx context.Context, f partfile.File, want digest.Sum) (got string, ok bool, err error) {
	if want.Own != nil {
		return has(ctx, f, want)
	}
	s, err := x.Sum(ctx, f, want.Kind())
	return s.Bytes, err == nil && want.Accepts(s.Bytes), err
}

// has is Index.has, found out now.
func has(ctx context.Context, f readable, want digest.Sum) (got string, ok bool, err error) {
	got, err = read(ctx, f, want)
	return got, err == nil && want.Accepts(got), err
}

// Sum is the digest of an open file, which must be afterwards as it was before, computed now.
func Sum(ctx context.Context, f readable, algorithm string) (digest.Sum, error) {
	s := digest.Sum{Algorithm: algorithm}
	got, err := read(ctx, f, s)
	if err != nil {
		return digest.Sum{}, err
	}
	s.Bytes = got
	return s, nil
}

// read computes what a file has by all that a sum has.
func read(ctx context.Context, f readable, want digest.Sum) (got string, err error) {
	before, err := f.Stat()
	if err != nil {
		return "", err
	}
	h := want.New()
	if err := disk.HashTo(ctx, h, f, 0, math.MaxInt64); err != nil {
		return "", err
	}
	if now, err := f.Stat(); err != nil || !disk.Unchanged(before, now) {
		return "", ErrChanged
	}
	return string(h.Sum(nil)), nil
}
