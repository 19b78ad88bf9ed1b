package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/sink"
)

// A file that goes to a writer of the caller's. It has no name, leaves nothing behind, and is
// never begun anew once the writer has a byte of it: all that follows must be of the version that
// this was of.

// output is where the bytes of a file go: its target on the disk, or a delivery.
type output interface {
	State() disk.State
	Create(single bool) error
	Empty() error
	Verify(ctx context.Context, size int64, cut bool, want digest.Sum, prefix *disk.PrefixHash) error
	Publish(context.Context, disk.Label) error
	Discard()
	Close()
}

// delivery is the output that ends in a writer.
type delivery struct {
	*sink.Stream
	state   disk.State
	version httprange.Pin // of what was delivered
}

// State implements output.
func (d *delivery) State() disk.State { return d.state }

// Create implements output.
func (d *delivery) Create(bool) error { d.state = disk.Open; return nil }

// Empty implements output: what was delivered stays, and is left out of what comes next.
func (d *delivery) Empty() error { d.Drop(); return nil }

// Discard implements output.
func (d *delivery) Discard() { d.Drop(); d.state = disk.Absent }

// Close implements output.
func (d *delivery) Close() { d.Drop() }

// Verify implements output. All of the file is delivered by then.
func (d *delivery) Verify(ctx context.Context, size int64, _ bool, want digest.Sum, _ *disk.PrefixHash) error {
	if err := d.Drain(ctx); err != nil {
		return err
	}
	if n := d.Len(); n != size {
		return fmt.Errorf("%w: %d bytes delivered, %d expected", fail.ErrSizeMismatch, n, size)
	}
	if sum, h := d.Sum(); h != nil && sum == want && !want.Matches(h) {
		return fmt.Errorf("%w: %s; the server has another file, or the hash is wrong", fail.ErrHashMismatch, want.Mismatch(h))
	}
	return nil
}

// Publish implements output.
func (d *delivery) Publish(context.Context, disk.Label) error { d.state = disk.Published; return nil }

// output is where the file's bytes go.
func (s *saved) output() output {
	if s.delivery != nil {
		return s.delivery
	}
	return s.target
}

// open reports whether there is an output.
func (s *saved) open() bool { return s.target != nil || s.delivery != nil }

// undelivered refuses a task whose writer has bytes of an earlier Start.
func (f *File) undelivered() error {
	if d := f.delivery; d != nil && !d.Started() {
		if n := f.spec.Seldom().Writer.Delivered(); n > 0 {
			return fmt.Errorf("%w: the writer has %d bytes of an earlier attempt; add the URL again, with another writer", fail.ErrRemoteChanged, n)
		}
	}
	return nil
}

// deliverTo readies the delivery for what the first answer has told.
func (f *File) deliverTo() {
	d := f.delivery
	d.Expect(f.hash)
	var ahead func(lo, hi int64) bool
	if d.Ordered() {
		ahead = d.Reserve
	}
	f.plan.InOrder(ahead)
}

// continues reports whether what an answer has may follow what was delivered. One: it is all of
// the file. First: nothing of it is there.
func (d *delivery) continues(v httprange.Verdict, one, first bool) error {
	validator, began := d.version.IfRange(), d.Started()
	switch {
	case !began && !one && v.Pin.IfRange() == "": // what breaks off in parts could never be gone on with
		return &fail.Error{Class: fail.NoRanges, Op: "download", Err: fmt.Errorf("%w: a part of a file without a version", fail.ErrRangeMismatch)}
	case !began && (first || validator == ""):
		d.version = v.Pin
	case validator == "":
		return d.lost(errors.New("it was asked for again"))
	case validator != v.Pin.ETag && validator != v.Pin.LastModified:
		return &fail.Error{Class: fail.Changed, Op: "download", Err: fmt.Errorf("%w: what was delivered is of another version", fail.ErrRemoteChanged)}
	}
	return nil
}

// lost is why a file cannot be gone on with of which nobody knows the version.
func (d *delivery) lost(why error) error {
	return &fail.Error{Class: fail.Local, Op: "download", Err: fmt.Errorf(
		"%w: the server names no version (a strong ETag or Last-Modified) by which to go on behind what was delivered: %w", fail.ErrRemoteChanged, why)}
}

// broke judges what broke off an answer: what was delivered of a file without a version cannot be
// followed by anything.
func (x *answer) broke(err error) error {
	d := x.f.delivery
	if d == nil || !d.Started() || d.version.IfRange() != "" || x.f.ctx.Err() != nil {
		return err
	}
	if known := new(fail.Error); errors.As(err, &known) {
		return err
	}
	return d.lost(err)
}

// lane is the way of one answer's bytes into a stream.
type lane struct {
	x *answer
	d *delivery
}

// to is where the bytes of an answer go.
func (x *answer) to() io.WriterAt {
	switch f := x.f; {
	case f.delivery != nil:
		return lane{x, f.delivery}
	case x.repairs:
		return comparingWriter{f, x.src}
	default:
		return f.target
	}
}

// WriteAt implements io.WriterAt. While it waits nobody waits for the server.
func (l lane) WriteAt(b []byte, off int64) (int, error) {
	f, s := l.x.f, l.x.s
	f.plan.Throttle(s, true, time.Now())
	defer func() { f.plan.Throttle(s, false, time.Now()) }()
	more, err := l.d.WriteAt(l.x.ctx, b, off)
	if err != nil {
		return 0, err
	}
	if more { // others have brought it, who hold no slot for it, and neither does this one
		ctx := f.ctx
		f.beside(&f.side, func() { f.e.CallOut(func() { _ = l.d.Drain(ctx) }) })
	}
	return len(b), nil
}

// roomTime is how long a worker waits before it looks again whether more may be asked for.
const roomTime = 20 * time.Millisecond

// awaitRoom waits a moment where all that is left to be asked for has to wait until more has been
// delivered; false: it is not for that that there is nothing to do.
func (f *File) awaitRoom(w *worker, src *source) bool {
	f.mu.Lock()
	asks := f.asksLocked(w, src)
	f.mu.Unlock()
	return f.plan.HeldBack(asks) && sleep(f.ctx, roomTime)
}

// pieces of a file that is delivered in order: so many for each connection may be held back.
const (
	piecesHeld   = 3
	longestPiece = 4 << 20
)

// pieceLocked is how long they are.
func (f *File) pieceLocked() int64 {
	return min(f.e.Reorder.Size()/int64(piecesHeld*max(f.limit, 1)), longestPiece)
}
