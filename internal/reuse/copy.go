package reuse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// Search says what is looked for among the files at hand.
type Search struct {
	Digest digest.Sum
	Size   int64
	Name   string     // what the file is to be called
	Found  Place      // by Find; zero: all are looked at
	From   func() int // the first "name (n)" to try; it is asked only if a copy is made
}

// Find is the first of the files at hand that has the digest wanted; not ok: none has. All of
// the right size are read, so it is for beside the transfer. No other method may be called
// meanwhile.
func (f *Finder) Find(ctx context.Context, dirs *disk.Dirs, s Search, everywhere bool) (p Place, ok bool) {
	at := f.named(s)
	if everywhere {
		at = append(at, f.index.OfSize(f.target.Want().Dir, s.Size)...)
	}
	for _, p := range at {
		if ctx.Err() != nil {
			return p, false
		}
		if f.hasAt(ctx, dirs, p, s) {
			return p, true
		}
	}
	return p, false
}

// named are the files of the size that have the target's name, or a numbered form of it.
func (f *Finder) named(s Search) (at []Place) {
	for n := 0; ; n++ {
		name := safename.Numbered(s.Name, n)
		info, err := f.target.Stat(name)
		if err != nil {
			return at
		}
		if info.Mode().IsRegular() && info.Size() == s.Size {
			at = append(at, f.here(name))
		}
	}
}

// hasAt reports whether a file at hand has the digest wanted.
func (f *Finder) hasAt(ctx context.Context, dirs *disk.Dirs, p Place, s Search) bool {
	sub, name := safename.Split(p.Name)
	dir, err := dirs.Open(p.Dir, sub)
	if err != nil {
		return false
	}
	defer dirs.Close(dir)
	in, err := dir.Open(name)
	if err != nil {
		return false
	}
	defer in.Close()
	f.Looked(p)
	sum, err := f.index.Sum(ctx, in, s.Digest.Algorithm)
	return err == nil && sum == s.Digest
}

// Copy publishes the target with the bytes of a file at hand that has the digest wanted: that
// file itself where it has the name, else a copy of it. Dirs has the directories of both.
func (f *Finder) Copy(ctx context.Context, dirs *disk.Dirs, s Search) (found bool, err error) {
	at := []Place{s.Found}
	if s.Found == (Place{}) {
		at = f.index.OfSize(f.target.Want().Dir, s.Size)
	}
	for _, p := range at {
		if found, err := f.copyFrom(ctx, dirs, p, s); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// copyFrom looks at one candidate, and tells of those that do not do.
func (f *Finder) copyFrom(ctx context.Context, dirs *disk.Dirs, p Place, s Search) (found bool, err error) {
	sub, name := safename.Split(p.Name)
	dir, err := dirs.Open(p.Dir, sub)
	if err != nil {
		return false, nil
	}
	defer dirs.Close(dir)
	in, err := dir.Open(name)
	if err != nil {
		return false, nil
	}
	defer in.Close()
	f.Looked(p)
	info, err := in.Stat()
	if err != nil {
		return false, nil
	}
	if sum, err := f.index.Sum(ctx, in, s.Digest.Algorithm); err != nil || sum != s.Digest {
		return false, nil
	}
	if _, err := f.target.Dir(); err != nil {
		return false, err
	}
	if f.isTarget(p, s.Name) {
		if sum, err := Sum(ctx, in, s.Digest.Algorithm); err == nil && sum == s.Digest && f.target.Take(p.Name, info) {
			f.stats.Hit(s.Size)
			return true, f.target.KeepExisting()
		}
	}
	f.target.Claim(s.Name, s.From())
	switch err := Make(ctx, f.target, in, info, s.Digest); {
	case errors.Is(err, ErrChanged):
		return false, nil
	case err != nil:
		return false, err
	}
	f.stats.Hit(s.Size)
	return true, nil
}

// isTarget reports whether a candidate has the very name that the target is to get, or one
// that it may have got before.
func (f *Finder) isTarget(p Place, name string) bool {
	want := f.target.Want()
	if p.Dir != want.Dir || f.target.Policy().Overwrite == disk.Replace {
		return false
	}
	n, ok := safename.NumberOf(name, p.Name)
	return ok && (n == 0 || !want.Given)
}

// Make publishes a target, whose name is settled, with a copy of an open file, if that still
// is what a look at it has told. Where a digest is known it is compared again on the copy:
// what is published is what was compared. ErrChanged: the file is no longer what it was.
func Make(ctx context.Context, t *disk.Target, in partfile.File, looked fs.FileInfo, want digest.Sum) error {
	if err := t.Refused(); err != nil {
		return err
	}
	t.Discard() // of a version before this one
	t.Tidy()
	if err := t.Create(true); err != nil {
		return err
	}
	n, err := t.Fill(in)
	if err != nil {
		return err
	}
	if now, err := in.Stat(); n != looked.Size() || err != nil || !disk.Unchanged(looked, now) {
		t.Discard()
		return ErrChanged
	}
	if err := t.Verify(ctx, n, false, want, nil); errors.Is(err, fail.ErrHashMismatch) {
		t.Discard()
		return fmt.Errorf("%w: %w", ErrChanged, err)
	} else if err != nil {
		return err
	}
	return t.Publish(ctx, disk.Label{ModTime: looked.ModTime(), Mark: partfile.ReadMark(in, looked)})
}
