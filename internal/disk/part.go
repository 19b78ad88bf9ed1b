package disk

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/span"
)

// What is done with a part, and the ways in which it ends without a file.

// WriteAt writes to the part.
func (t *Target) WriteAt(b []byte, off int64) (int, error) {
	if t.state != Open {
		return 0, t.closed("write to")
	}
	n, err := t.part.WriteAt(b, off)
	return n, localErr(err)
}

// ReadAt reads from the part.
func (t *Target) ReadAt(b []byte, off int64) (int, error) {
	if t.part == nil {
		return 0, t.closed("read")
	}
	return t.part.ReadAt(b, off)
}

func (t *Target) closed(do string) error {
	return localErr(fmt.Errorf("%s a file that is %v: %w", do, t.state, fs.ErrClosed))
}

// Recorder notes in the journal, if there is one, what one connection writes.
type Recorder struct{ notes partfile.Recorder }

// Record begins a recorder.
func (t *Target) Record() Recorder {
	t.mustBe("Record", Open)
	return Recorder{t.part.Record()}
}

// Wrote takes in data that is in the part at off now.
func (r *Recorder) Wrote(off int64, data []byte) error { return localErr(r.notes.Wrote(off, data)) }

// Flush notes what has come together.
func (r *Recorder) Flush() error { return localErr(r.notes.Flush()) }

// fillStep is how much is copied before anybody asks whether it is still wanted, in bytes.
const fillStep = 64 << 20

// Fill copies a file into the empty part, sharing its blocks where the file system can. An error
// may be that ctx has ended.
func (t *Target) Fill(ctx context.Context, r io.Reader) (n int64, err error) {
	t.mustBe("Fill", Open)
	for {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		step, err := t.part.ReadFrom(&io.LimitedReader{R: r, N: fillStep})
		if n += step; err != nil || step < fillStep {
			return n, localErr(err)
		}
	}
}

// Handle opens the part once more, to be read by somebody else.
func (t *Target) Handle() (*os.File, error) {
	t.mustBe("Handle", Open)
	f, err := t.part.Handle()
	return f, localErr(err)
}

// Narrow leaves the file no more rights than another one has.
func (t *Target) Narrow(like fs.FileInfo) {
	t.mustBe("Narrow", Open)
	t.part.Narrow(like, true)
}

// Preallocate reserves disk for the beginning of a file of a size, which may take a while. Where
// it cannot be done nothing happens; a disk without room for all of the file is an error.
func (t *Target) Preallocate(upto, size int64) error {
	t.mustBe("Preallocate", Open)
	return localErr(t.part.Preallocate(upto, size))
}

// Empty throws away what was written: the bytes were not the file's.
func (t *Target) Empty() error {
	t.mustBe("Empty", Open)
	return localErr(t.part.Empty())
}

// Discard throws the part away, if there is one.
func (t *Target) Discard() {
	t.mustBe("Discard", Absent, Open, Sealed)
	if t.part != nil {
		t.part.Discard()
	}
	t.part, t.state = nil, Absent
}

// Left is a part that Keep has closed. The zero Left is none.
type Left struct{ part partfile.Kept }

// IsZero reports that nothing is left.
func (l Left) IsZero() bool { return l == Left{} }

// Resumable reports whether another process could go on from there.
func (l Left) Resumable() bool { return l.part.Resumable() }

// Pack appends l to b, in as little room as it takes; false: it cannot be packed.
func (l Left) Pack(b []byte) ([]byte, bool) { return l.part.Pack(b) }

// UnpackLeft is the inverse of Pack, and returns what follows in b.
func UnpackLeft(b []byte) (l Left, rest []byte) {
	l.part, rest = partfile.UnpackKept(b)
	return l, rest
}

// Remove deletes what is left in its directory, if it still is what it was.
func (l Left) Remove(dir *partfile.Dir) error {
	if l.IsZero() {
		return nil
	}
	return dir.Remove(l.part)
}

// GiveBack gives back the disk that was reserved between what is there, before Keep: others may
// need it.
func (t *Target) GiveBack(there *span.Set) {
	t.mustBe("GiveBack", Open, Sealed)
	size, err := t.part.Size()
	if err != nil {
		return
	}
	for _, gap := range there.Gaps(0, size) {
		t.part.GiveBack(gap.Lo, gap.Hi)
	}
}

// Keep closes the part and leaves it for Reopen, and for other processes, where something
// can be left of it.
func (t *Target) Keep() (l Left) {
	t.mustBe("Keep", Open, Sealed)
	if part, ok := t.part.Kept(); ok {
		l.part = part
	}
	t.part, t.state = nil, Kept
	return l
}

// Reopen goes on with a part that another target of the same file has kept, in this process.
// Name is what the file is called; "" where that is not settled yet. After ErrLost, which
// says why the part cannot be believed any more, the target is absent.
func (t *Target) Reopen(l Left, name string) error {
	t.mustBe("Reopen", Absent)
	dir, err := t.Dir()
	if err != nil {
		return err
	}
	part, err := dir.Reopen(l.part)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	t.name = name
	t.opened(part)
	return nil
}

// Unremoved is why something is still in the directory that should have been removed, of this
// target or of another; it is told once. Nil: there is nothing.
func (t *Target) Unremoved() error {
	if t.dir == nil {
		return nil
	}
	return t.dir.Unremoved()
}

// Tidy removes what earlier processes have left of a file that is there by now.
func (t *Target) Tidy() {
	if t.dir != nil && t.dir.HasLeft() {
		t.dir.Tidy(base(t.Guess()), t.Key(), t.anyName())
	}
}
