package littledl

import (
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"sync"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// contents knows which files are at hand: those in the save directories, and those
// that this batch has completed. A digest is computed once per file and forgotten
// when inode, size, modification or change time differ; a name or a size alone proves
// nothing.
type contents struct {
	mu     sync.Mutex
	bySize map[int64][]place
	sizes  map[place]int64
	dirs   map[string]bool // already looked through
	sums   map[sumKey]digest.Sum
}

// place is where a file is: a save directory, and its path below.
type place struct{ dir, name string }

type sumKey struct {
	id        partfile.Identity
	algorithm string
}

// maxScan bounds how many files of one save directory are looked at.
const maxScan = 100_000

func newContents() *contents {
	return &contents{bySize: map[int64][]place{}, sizes: map[place]int64{}, dirs: map[string]bool{}, sums: map[sumKey]digest.Sum{}}
}

// completed adds a file of this batch.
func (c *contents) completed(dir, name string, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := place{dir, name}
	if old, ok := c.sizes[p]; ok && old == size {
		return
	}
	c.sizes[p] = size
	c.bySize[size] = append(c.bySize[size], p)
}

// ofSize returns the files of a size, after looking through dir once.
func (c *contents) ofSize(dir string, size int64) []place {
	c.mu.Lock()
	seen := c.dirs[dir]
	c.dirs[dir] = true
	c.mu.Unlock()
	if !seen {
		c.scan(dir)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]place(nil), c.bySize[size]...)
}

// scan looks through a save directory and what is below it, without following a
// symbolic link.
func (c *contents) scan(dir string) {
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
			c.completed(dir, name, info.Size())
		}
		return nil
	})
}

// known returns the digest remembered for a file that has not changed since.
func (c *contents) known(k sumKey) (digest.Sum, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sums[k]
	return s, ok
}

func (c *contents) remember(k sumKey, s digest.Sum) {
	c.mu.Lock()
	c.sums[k] = s
	c.mu.Unlock()
}

// errReuse ends a round whose file may be at hand.
var errReuse = errors.New("the content may be at hand")

// candidates are the files that might have this task's content.
func (f *file) candidates(size int64) []place {
	if f.r.d.contents == nil || f.opt.hash.IsZero() || f.searched || size <= 0 {
		return nil
	}
	return f.r.d.contents.ofSize(f.t.dir, size)
}

// copyFound completes the task with a copy of a file that has the digest asked for.
func (f *file) copyFound(size int64) (bool, error) {
	for _, p := range f.candidates(size) {
		found, err := f.copyFrom(p, size)
		if found || err != nil {
			return found, err
		}
	}
	f.searched = true
	return false, nil
}

// copyFrom copies one candidate if its digest is the one. What is published is what was
// hashed: the digest is compared again on the copy.
func (f *file) copyFrom(p place, size int64) (bool, error) {
	d := f.r.d
	sub, base := splitName(p.name)
	dir, err := f.r.dirs.open(p.dir, sub)
	if err != nil {
		return false, nil
	}
	defer f.r.dirs.close(dir)
	in, err := dir.Open(base)
	if err != nil {
		return false, nil
	}
	defer in.Close()
	f.looked(p.dir, p.name)
	if sum, err := f.sumOf(in); err != nil || sum != f.opt.hash {
		return false, nil
	}
	if f.part != nil { // of a version before this one
		f.part.Discard()
		f.part = nil
	}
	if f.keepFound(p, in) {
		d.reuse.hit(size)
		return true, nil
	}
	if err := f.openDir(); err != nil {
		return false, err
	}
	name := f.wanted
	if f.opt.filename == "" {
		d.mu.Lock()
		name, _ = d.names.claim(f.t, name, d.names.first(f.t, name, name == f.nameByURL()))
		d.mu.Unlock()
	}
	err = f.makeCopy(in, name)
	if errors.Is(err, ErrHashMismatch) { // somebody has written to it since
		f.part.Discard()
		f.part = nil
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d.reuse.hit(size)
	d.reused(f.t, size)
	d.verified(f.t)
	return true, nil
}

// keepFound completes the task with the candidate itself, where that is the target.
func (f *file) keepFound(p place, in partfile.File) bool {
	if p.dir != f.t.dir || f.r.d.set.cfg.Overwrite == OverwriteReplace {
		return false
	}
	target := p.name == f.wanted
	for n := 1; !target && n < maxNumbered && f.opt.filename == ""; n++ {
		target = p.name == safename.Numbered(f.wanted, n)
	}
	info, err := in.Stat()
	return target && err == nil && f.keep(p.name, info)
}

// maxNumbered is up to which "name (n)" a file is known as the target.
const maxNumbered = 100

// sumOf computes a file's digest, or remembers it.
func (f *file) sumOf(in partfile.File) (digest.Sum, error) {
	c, want := f.r.d.contents, f.opt.hash
	info, err := in.Stat()
	if err != nil {
		return digest.Sum{}, err
	}
	id, stable := partfile.IdentityOf(info)
	key := sumKey{id, want.Algorithm}
	if s, ok := c.known(key); ok && stable {
		return s, nil
	}
	h, err := f.hashAll(in, info)
	if err != nil {
		return digest.Sum{}, err
	}
	s := digest.Sum{Algorithm: want.Algorithm, Bytes: string(h.Sum(nil))}
	if stable {
		c.remember(key, s)
	}
	return s, nil
}

// hashAll hashes an open file, which must be afterwards as it was before.
func (f *file) hashAll(g partfile.File, before fs.FileInfo) (hash.Hash, error) {
	h := f.opt.hash.New()
	if err := hashTo(f.r.ctx, h, g, 0, toEnd); err != nil {
		return nil, err
	}
	if !unchanged(g, before) {
		return nil, errSwapped
	}
	return h, nil
}

// errSwapped: what was hashed is no longer what is there.
var errSwapped = errors.New("somebody writes to it")

// unchanged reports whether an open file is as it was, as far as the system tells.
func unchanged(g partfile.File, before fs.FileInfo) bool {
	now, err := g.Stat()
	if err != nil || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
		return false
	}
	was, _ := partfile.IdentityOf(before)
	is, _ := partfile.IdentityOf(now)
	return was == is
}

// makeCopy publishes a copy of an open file under a name of the task's.
func (f *file) makeCopy(in partfile.File, name string) error {
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("open the copy's source: %w", err)
	}
	_, base := splitName(name)
	policy := f.r.d.set.cfg.Overwrite
	if there, err := f.dir.Stat(base); err == nil && (policy == OverwriteError || policy == OverwriteReplace && there.IsDir()) {
		return fmt.Errorf("%w: %s; choose another name or another Overwrite policy", ErrFileExists, name)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &writeOpError{err}
	}
	f.named(name)
	f.tidy()
	if f.part, err = f.dir.Nameless(base, f.partKey()); err != nil {
		return &writeOpError{err}
	}
	n, err := f.part.ReadFrom(in)
	if err != nil {
		return &writeOpError{err}
	}
	if n != info.Size() || !unchanged(in, info) {
		return fmt.Errorf("%w: %w", ErrHashMismatch, errSwapped)
	}
	f.proved = false
	if err := f.verify(info.Size()); err != nil {
		return err
	}
	if err := f.part.Seal(info.ModTime(), f.r.d.set.cfg.Durable); err != nil {
		return &writeOpError{err}
	}
	if err := f.publish(); err != nil {
		return err
	}
	f.part = nil
	return nil
}
