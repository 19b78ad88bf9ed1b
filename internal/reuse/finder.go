package reuse

import (
	"context"
	"io/fs"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// Version is what a source has now, as far as anybody has told.
type Version struct {
	URL    *url.URL      // nil: it is a file at hand, and has the Mark
	Pin    httprange.Pin // Size -1: not told
	Digest digest.Sum    // of the whole file, as the caller knows it; zero: he does not
	Told   digest.Sum    // the same, as the source says it
	Mark   partfile.Mark
}

// MarkOf is what a file of this version and size is marked with.
func (v Version) MarkOf(size int64) partfile.Mark {
	if v.URL == nil {
		return v.Mark
	}
	pin := v.Pin
	pin.Size = size
	return disk.MarkOf(v.URL, pin)
}

// Stats count what looking for content at hand has brought.
type Stats struct {
	Checks atomic.Int64 // files looked at for a target, each once
	Hits   atomic.Int64 // of those that had the content
	Saved  atomic.Int64 // bytes of them
}

// Hit counts a file that has the content.
func (s *Stats) Hit(size int64) {
	s.Hits.Add(1)
	s.Saved.Add(size)
}

// Finder looks for one target among the files at hand.
type Finder struct {
	index     *Index
	stats     *Stats
	target    *disk.Target
	trustTime bool // a file of the right size and modification time is the one

	looks map[Place]bool // counted already
	other string         // a name whose content has been read, and has another digest
}

// NewFinder makes a finder for a target.
func NewFinder(index *Index, stats *Stats, target *disk.Target, trustTime bool) Finder {
	return Finder{index: index, stats: stats, target: target, trustTime: trustTime}
}

// Looked counts a file whose content was looked at.
func (f *Finder) Looked(p Place) {
	if !f.looks[p] {
		if f.looks == nil {
			f.looks = map[Place]bool{}
		}
		f.looks[p] = true
		f.stats.Checks.Add(1)
	}
}

func (f *Finder) here(name string) Place { return Place{f.target.Want().Dir, name} }

// Same reports whether a file in the target's directory is what a source has now. Never by
// name or size alone.
func (f *Finder) Same(ctx context.Context, name string, info fs.FileInfo, v Version) bool {
	f.Looked(f.here(name))
	same := f.proven(ctx, name, info, v)
	if same {
		f.stats.Hit(info.Size())
	}
	return same
}

// proven looks at a file's digest where the caller has given one, else at its mark, and at its
// time only where the caller trusts times. A digest that a source tells is looked for in what
// has come from it before, and in nothing else: whether any other file has it, the source would
// see by what it is asked for next.
func (f *Finder) proven(ctx context.Context, name string, info fs.FileInfo, v Version) bool {
	size := v.Pin.Size
	if !info.Mode().IsRegular() || size >= 0 && info.Size() != size {
		return false
	}
	if !v.Digest.IsZero() {
		return (f.mayRead(name, v.Digest) || f.target.IsSources(name)) && f.hasDigest(ctx, name, v.Digest)
	}
	dir, err := f.target.Dir()
	if err != nil {
		return false
	}
	if !v.Told.IsZero() && f.target.IsSources(name) {
		return f.mayRead(name, v.Told) && f.hasDigest(ctx, name, v.Told)
	}
	if f.trusts(name) && size >= 0 && isFrom(v.Pin.LastModified, info.ModTime(), dir) {
		return true
	}
	mark := v.MarkOf(info.Size())
	return !mark.IsZero() && dir.MarkOf(base(name)) == mark
}

// trusts reports whether a file of the right size and time is the one: where the caller says so,
// of the file's own name. That of a server, with the size and the time that it tells, could be
// anybody's.
func (f *Finder) trusts(name string) bool {
	_, own := safename.NumberOf(f.target.Want().Name, name)
	return f.trustTime && own
}

// mayRead reports whether a file is worth reading for a digest: the one that has the very name
// always is, of others only so many.
func (f *Finder) mayRead(name string, want digest.Sum) bool {
	p := f.target.Policy().Overwrite
	return p == disk.Skip || p == disk.Refuse || p == disk.Changed || name == f.target.Guess() || name == f.other || f.index.mayRead(want)
}

// isFrom reports whether a file has the time that a source tells, as its directory holds it.
func isFrom(lastModified string, has time.Time, dir *partfile.Dir) bool {
	told, err := httprange.ParseTime(lastModified)
	if err != nil || has.Equal(told) {
		return err == nil
	}
	held, err := dir.Held(told)
	return err == nil && has.Equal(held)
}

// hasDigest reports whether a file in the target's directory has a digest. It is read for
// that, but not twice.
func (f *Finder) hasDigest(ctx context.Context, name string, want digest.Sum) bool {
	dir, err := f.target.Dir()
	if err != nil || name == f.other {
		return false
	}
	g, err := f.open(dir, name)
	if err != nil {
		return false
	}
	defer g.Close()
	got, ok, err := has(ctx, g, want)
	switch {
	case ok:
		f.target.Proved(want, got)
	case err == nil:
		f.other = name
	}
	return ok
}

// open opens what has a name; where a link is as good as the file, what that leads to.
func (f *Finder) open(dir *partfile.Dir, name string) (partfile.File, error) {
	g, err := dir.Open(base(name))
	if err == nil || f.target.Policy().Overwrite != disk.Skip {
		return g, err
	}
	return partfile.OpenAny(filepath.Join(f.target.Want().Dir, filepath.FromSlash(name)))
}

func base(name string) string {
	_, b := safename.Split(name)
	return b
}
