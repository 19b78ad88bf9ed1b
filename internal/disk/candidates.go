package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"slices"

	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// Files that may be the one that is fetched, which only its bytes will tell.

// maxCandidates bounds how many files one that was fetched is compared with.
const maxCandidates = 1000

// candidate notes what has a name that the file could have, where its bytes may be the same:
// not what is marked as another URL's.
func (t *Target) candidate(name string, info fs.FileInfo, a Answer) bool {
	if !t.policy.Reuse || !a.mayBe(info) || len(t.candidates) == maxCandidates {
		return false
	}
	if !t.mayBeOurs(t.dir.MarkOf(base(name))) {
		return false
	}
	t.candidates = append(t.candidates, name)
	return true
}

// mayBe reports whether a file may have the bytes of the one that is fetched, by its size.
func (a Answer) mayBe(info fs.FileInfo) bool {
	return !a.Sure && info.Mode().IsRegular() && (a.Size < 0 || info.Size() == a.Size)
}

func (t *Target) mayBeOurs(m partfile.Mark) bool { return m.IsZero() || t.isSource(m.Source) }

// findCandidates notes the candidates among the numbered forms of a name, up to the first
// from the file's own number on that nothing has. Those that other files are only about to
// get are among them: what has the very bytes is this one's.
func (t *Target) findCandidates(a Answer) {
	if !t.policy.Reuse || !t.Yields(a.Name) {
		return
	}
	for n := range maxCandidates {
		if n >= fresh {
			t.findSeen(a, n)
			return
		}
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

// findSeen goes on with what was seen for any file of the batch.
func (t *Target) findSeen(a Answer, n int) {
	s := t.dirs.series(t.dir, a.Name)
	for ; n < maxCandidates; n++ {
		got := s.sight(n, func() (got sight) {
			name := safename.Numbered(a.Name, n)
			if got.info = t.Look(name); got.info != nil && got.info.Mode().IsRegular() {
				got.mark = t.dir.MarkOf(base(name))
			}
			return got
		})
		if got.info == nil { // what is behind it nobody has looked at
			return
		}
		if !a.mayBe(got.info) || !t.mayBeOurs(got.mark) {
			continue
		}
		t.seen, t.stem, t.behind = s, a.Name, append(t.behind, n)
	}
}

// likely are the candidates. Of those that were seen for any file of the batch they are what has
// the beginning of the complete part: that of each is read once.
func (t *Target) likely(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range t.candidates {
			if !yield(c) {
				return
			}
		}
		if len(t.behind) == 0 {
			return
		}
		buf := make([]byte, compareStep)
		head := headOf(t.part, buf)
		for _, n := range t.behind {
			read := func() uint32 { return t.headAt(safename.Numbered(t.stem, n), buf) }
			if ctx.Err() == nil && t.seen.head(n, read) == head {
				if c := safename.Numbered(t.stem, n); t.names.Unowned(c) && !yield(c) {
					return
				}
			}
		}
	}
}

// headAt is headOf of what has a name.
func (t *Target) headAt(name string, buf []byte) uint32 {
	g, err := t.dir.Open(base(name))
	if err != nil {
		return 0
	}
	defer g.Close()
	return headOf(g, buf)
}

// headOf is a checksum of the beginning of a file.
func headOf(r io.ReaderAt, buf []byte) uint32 {
	n, _ := r.ReadAt(buf, 0)
	return crc32.ChecksumIEEE(buf[:n])
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
// looked through; ctx is the batch's.
func (t *Target) Marked(ctx context.Context) (names []string) {
	if !t.dir.MayBeMarked() {
		return nil
	}
	for _, id := range t.sourceIDs() {
		names = append(names, t.dir.From(ctx, [8]byte(id[:8]))...)
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
