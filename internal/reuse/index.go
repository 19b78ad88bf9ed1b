// Package reuse proves that a file at hand is the one that is wanted, and makes use of it.
//
// Much of what is downloaded is there already: from yesterday, under another name, in another
// directory. A name proves nothing, nor does a size or a time. What proves it before a byte
// is fetched is a digest, or the mark of a file that was fetched from this very URL, of the
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
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/partfile"
)

// Index knows which files are at hand: those in the directories that were looked through,
// and those that were added. It is safe for concurrent use.
type Index struct {
	scans, hashes singleflight.Group

	mu     sync.Mutex
	bySize map[int64][]Place
	sizes  map[Place]int64
	dirs   map[string]bool // looked through
	sums   map[sumKey]digest.Sum
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
	return &Index{bySize: map[int64][]Place{}, sizes: map[Place]int64{}, dirs: map[string]bool{}, sums: map[sumKey]digest.Sum{}}
}

// Add adds a file. One that is known with another size is in for both: whoever opens it will
// see.
func (x *Index) Add(dir, name string, size int64) {
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
// wait for the first of them to have done that.
func (x *Index) OfSize(dir string, size int64) []Place {
	x.mu.Lock()
	seen := x.dirs[dir]
	x.mu.Unlock()
	if !seen {
		_, _, _ = x.scans.Do(dir, func() (any, error) { x.scan(dir); return nil, nil })
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.bySize[size])
}

// maxScan bounds how many files of one save directory are looked at.
const maxScan = 100_000

// scan looks through a save directory and what is below it, without following a symbolic
// link.
func (x *Index) scan(dir string) {
	defer func() {
		x.mu.Lock()
		x.dirs[dir] = true
		x.mu.Unlock()
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	left := maxScan
	_ = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if left--; left < 0 {
			return fs.SkipAll
		}
		if err != nil || !e.Type().IsRegular() || partfile.IsOurs(name) {
			return nil
		}
		if info, err := e.Info(); err == nil && info.Size() > 0 {
			x.Add(dir, name, info.Size())
		}
		return nil
	})
}

// ErrChanged says that a file is not what it was at a look before.
var ErrChanged = errors.New("somebody writes to it")

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

// readable is an open file.
type readable interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Sum is the digest of an open file, which must be afterwards as it was before, computed now.
func Sum(ctx context.Context, f readable, algorithm string) (digest.Sum, error) {
	before, err := f.Stat()
	if err != nil {
		return digest.Sum{}, err
	}
	s := digest.Sum{Algorithm: algorithm}
	h := s.New()
	if err := disk.HashTo(ctx, h, f, 0, math.MaxInt64); err != nil {
		return digest.Sum{}, err
	}
	if now, err := f.Stat(); err != nil || !disk.Unchanged(before, now) {
		return digest.Sum{}, ErrChanged
	}
	s.Bytes = string(h.Sum(nil))
	return s, nil
}
