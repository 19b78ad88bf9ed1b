package reuse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// Search says what is looked for among the files at hand.
type Search struct {
	Digest digest.Sum
	Ours   bool // only what came from the target's sources will do: it is they who tell the digest
	Size   int64
	Name   string     // what the file is to be called
	Found  Place      // by Find
	From   func() int // the first "name (n)" to try; it is asked only if a copy is made
}

// Find is the first of the files at hand that has the digest wanted; not ok: none has, of those
// that it pays to read. That takes a while, so it is for beside the transfer. No other method
// may be called meanwhile.
func (f *Finder) Find(ctx context.Context, dirs *disk.Dirs, s Search, everywhere bool) (p Place, ok bool) {
	at := f.named(s)
	if everywhere && !s.Ours {
		others := f.index.OfSize(ctx, f.target.Want().Dir, s.Size)
		alike := func(p Place) int {
			if _, is := safename.NumberOf(base(s.Name), base(p.Name)); is {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(others, func(p, q Place) int { return alike(p) - alike(q) })
		at = append(at, others...)
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
	for name, info := range f.numbered(s.Name) {
		if info.Mode().IsRegular() && info.Size() == s.Size && (!s.Ours || f.target.IsSources(name)) {
			at = append(at, f.here(name))
		}
	}
	return at
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
	if _, known := f.index.Known(in, s.Digest.Kind()); !known && p != f.here(s.Name) && !f.index.mayRead(s.Digest) {
		return false
	}
	_, ok, _ := f.index.has(ctx, in, s.Digest)
	return ok
}

// Copy publishes the target with the bytes of what Find has found: that file itself where it
// has the name, else a copy of it. Dirs has the directories of both. Not found: it has changed.
func (f *Finder) Copy(ctx context.Context, dirs *disk.Dirs, s Search) (found bool, err error) {
	p := s.Found
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
	if _, ok, _ := f.index.has(ctx, in, s.Digest); !ok {
		return false, nil
	}
	if _, err := f.target.Dir(); err != nil {
		return false, err
	}
	if f.isTarget(p, s.Name) {
		if got, ok, _ := has(ctx, in, s.Digest); ok && f.target.Take(p.Name, info) {
			f.target.Proved(s.Digest, got)
			f.stats.Hit(s.Size)
			return true, f.target.KeepExisting()
		}
	}
	if _, err := f.target.Claim(s.Name, s.From()); err != nil {
		return false, err
	}
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
	if p.Dir != want.Dir || f.target.Replaces(name) {
		return false
	}
	n, ok := safename.NumberOf(name, p.Name)
	return ok && (n == 0 || !want.Given && !f.target.Exact())
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
	t.Narrow(looked)
	n, err := t.Fill(ctx, in)
	if err != nil {
		t.Discard() // half a copy is nothing to go on from
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
