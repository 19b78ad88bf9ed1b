package reuse

import (
	"context"
	"io/fs"
	"iter"
	"path"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/safename"
)

// What is known to be the file before its body is asked for.

// Told is what a source says when it is asked for no body.
type Told struct {
	Version
	Name string // what the file is to be called; "": it does not say
}

// Known keeps a file that has the target's name, or is marked as one of its sources', if it
// is proven to be the one: by the digest that the caller gave, else by what a source tells
// that is asked for no body. Ask is called at most once; it may say that nobody can tell.
func (f *Finder) Known(ctx context.Context, given digest.Sum, ask func(served bool) (Told, bool)) (kept bool, err error) {
	if f.target.Policy().Overwrite == disk.Replace {
		return false, nil
	}
	if _, err := f.target.Dir(); err != nil {
		return false, err
	}
	if kept, err := f.take(ctx, given, ask); !kept || err != nil {
		return false, err
	}
	return true, f.target.KeepExisting()
}

func (f *Finder) take(ctx context.Context, given digest.Sum, ask func(served bool) (Told, bool)) (bool, error) {
	t := f.target
	name := t.Guess()
	info, skip := t.Look(name), t.Policy().Overwrite == disk.Skip && t.Want().Given
	there := info != nil && info.Mode().IsRegular()
	switch {
	case !there && (skip || !given.IsZero() && !t.Exact() || len(t.Marked(ctx)) == 0):
		return false, nil
	case skip && t.OtherSize(info):
		return false, t.UnlikeSize(name, info)
	case skip && !given.IsZero() && !f.Same(ctx, name, info, Version{Pin: httprange.Pin{Size: -1}, Digest: given}):
		if ctx.Err() != nil { // it was not read to its end
			return false, context.Cause(ctx)
		}
		return false, t.Unlike(name)
	case skip:
		return t.Take(name, info), nil
	case !given.IsZero():
		return f.takeNumbered(ctx, Version{Pin: httprange.Pin{Size: -1}, Digest: given}, f.isLikely) || f.takeServed(ctx, given, ask), nil
	}
	// Under TrustModTime the caller says that the folder has been filled from there.
	if told, ok := ask(len(t.Marked(ctx)) > 0 || f.trustTime || there && t.IsSources(name)); ok {
		if !there {
			name = ""
		}
		return f.takeTold(ctx, name, told), nil
	}
	return false, nil
}

// takeServed takes what has the name that the server will give it, where it may have no other.
func (f *Finder) takeServed(ctx context.Context, given digest.Sum, ask func(served bool) (Told, bool)) bool {
	if t := f.target; !t.Exact() || t.Want().Given || len(t.Marked(ctx)) == 0 {
		return false
	}
	told, ok := ask(true)
	told.Digest = given
	return ok && told.Name != "" && f.TakeMarked(ctx, told.Name, told.Version)
}

// takeTold goes by what a source has told. There is what has the name that the file will get,
// as far as that was known before; "": nothing has.
func (f *Finder) takeTold(ctx context.Context, there string, told Told) bool {
	t, wanted := f.target, f.target.Want().Name
	if told.Name != "" && !t.Want().Given {
		wanted, there = told.Name, ""
	}
	if there != "" && t.Policy().Overwrite == disk.Skip {
		info, err := t.Stat(there)
		return err == nil && !t.OtherSize(info) && t.Take(there, info)
	}
	if there != "" && f.takeOne(ctx, there, told.Version) || f.TakeMarked(ctx, wanted, told.Version) {
		return true
	}
	if there == "" || told.Told.IsZero() && !f.trustTime {
		return false
	}
	return f.takeNumbered(ctx, told.Version, func(string, fs.FileInfo) bool { return true })
}

// isLikely reports whether a file is to be read before it is known how large the one is that is
// wanted: one that was fetched from here, or costs next to nothing. Others are read beside the
// transfer, if they have its size. Where it is replaced in place nothing is read beside.
func (f *Finder) isLikely(name string, info fs.FileInfo) bool {
	return info.Size() <= cheap || f.target.Exact() || f.target.IsSources(name)
}

const cheap = 5 << 20 // bytes

// takeOne takes what has a name, if it is the file.
func (f *Finder) takeOne(ctx context.Context, name string, v Version) bool {
	info, err := f.target.Stat(name)
	return err == nil && f.Same(ctx, name, info, v) && f.target.Take(name, info)
}

// takeNumbered takes the first of the target's name and those numbered behind it that is the
// file; it may have become one of the later ones before.
func (f *Finder) takeNumbered(ctx context.Context, v Version, worth func(string, fs.FileInfo) bool) bool {
	for name, info := range f.numbered(f.target.Want().Name) {
		if worth(name, info) && f.Same(ctx, name, info, v) && f.target.Take(name, info) {
			return true
		}
	}
	return false
}

// maxNumbers is at how many numbered forms of a name a file looks: ten thousand files may be
// called the same.
const maxNumbers = 32

// numbered are what has a name, or a numbered form of it, from the target's own number on, up to
// the first that nothing has.
func (f *Finder) numbered(name string) iter.Seq2[string, fs.FileInfo] {
	return func(yield func(string, fs.FileInfo) bool) {
		for i := range maxNumbers {
			n := safename.Numbered(name, f.target.Want().Number+i)
			info, err := f.target.Stat(n)
			if err != nil || !yield(n, info) || f.target.Exact() {
				return
			}
		}
	}
}

// TakeMarked takes one of the files that are marked as the sources', if it is what that has
// now and has the name wanted, or a numbered form of it.
func (f *Finder) TakeMarked(ctx context.Context, wanted string, v Version) bool {
	sub, stem := safename.Split(wanted)
	for _, b := range f.target.Marked(ctx) {
		if n, ok := safename.NumberOf(stem, b); !ok || n > 0 && f.target.Exact() {
			continue
		}
		if f.takeOne(ctx, path.Join(sub, b), v) {
			return true
		}
	}
	return false
}
