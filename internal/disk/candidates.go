package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/littledl/littledl/internal/safename"
)

// Files that may be the one that is fetched, which only its bytes will tell.

// maxCandidates bounds how many files one that was fetched is compared with.
const maxCandidates = 1000

// candidate notes what has a name that the file could have, where its bytes may be the same:
// not what is marked as another URL's.
func (t *Target) candidate(name string, info fs.FileInfo, a Answer) bool {
	if !t.policy.Reuse || a.Sure || !info.Mode().IsRegular() || a.Size >= 0 && info.Size() != a.Size || len(t.candidates) == maxCandidates {
		return false
	}
	if m := t.dir.MarkOf(base(name)); !m.IsZero() && !t.isSource(m.Source) {
		return false
	}
	t.candidates = append(t.candidates, name)
	return true
}

// findCandidates notes the candidates among the numbered forms of a name, up to the first
// from the file's own number on that nothing has. Those that other files are only about to
// get are among them: what has the very bytes is this one's.
func (t *Target) findCandidates(a Answer) {
	if !t.policy.Reuse || t.policy.Overwrite != Rename {
		return
	}
	for n := range maxCandidates {
		name := safename.Numbered(a.Name, n)
		info := t.Look(name)
		if info == nil && n >= a.From {
			return
		}
		if info != nil && t.names.Unowned(name) {
			t.candidate(name, info, a)
		}
	}
}

// isSource reports whether a mark is of one of the file's sources.
func (t *Target) isSource(id [8]byte) bool {
	return slices.ContainsFunc(t.sourceIDs(), func(full [16]byte) bool { return id == [8]byte(full[:8]) })
}

// IsSources reports whether a file is marked as from one of the sources.
func (t *Target) IsSources(name string) bool {
	m := t.dir.MarkOf(base(name))
	return !m.IsZero() && t.isSource(m.Source)
}

// Marked are the files in the directory that were from one of the sources when it was first
// looked through.
func (t *Target) Marked() (names []string) {
	if !t.dir.MayBeMarked() {
		return nil
	}
	for _, id := range t.sourceIDs() {
		names = append(names, t.dir.From([8]byte(id[:8]))...)
	}
	return names
}

// equals reports whether a file has the bytes of the complete part. It is looked at nil:
// it has not.
func (t *Target) equals(ctx context.Context, name string) (is fs.FileInfo, err error) {
	g, err := t.dir.Open(base(name))
	if err != nil {
		return nil, nil
	}
	defer g.Close()
	info, err := g.Stat()
	if err != nil {
		return nil, nil
	}
	size, err := t.part.Size()
	if err != nil {
		return nil, localErr(err)
	}
	if info.Size() != size {
		return nil, nil
	}
	same, err := sameBytes(ctx, g, t.part, size)
	if !same || err != nil {
		return nil, err
	}
	if now, err := g.Stat(); err != nil || !Unchanged(info, now) {
		return nil, nil
	}
	return info, nil
}

// compareStep is how much is compared at a time; files that differ mostly do so soon.
const compareStep = 64 << 10

// sameBytes compares two files of a size. An error is of ours, the second.
func sameBytes(ctx context.Context, theirs, ours io.ReaderAt, size int64) (bool, error) {
	a, b := make([]byte, min(compareStep, size)), make([]byte, min(compareStep, size))
	for off := int64(0); off < size; off += int64(len(a)) {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		a, b = a[:min(int64(len(a)), size-off)], b[:min(int64(len(b)), size-off)]
		if n, err := ours.ReadAt(b, off); err != nil && !(errors.Is(err, io.EOF) && n == len(b)) {
			return false, localErr(fmt.Errorf("read the file back: %w", err))
		}
		if n, _ := theirs.ReadAt(a, off); n < len(a) || !bytes.Equal(a, b) {
			return false, nil
		}
	}
	return true, nil
}
