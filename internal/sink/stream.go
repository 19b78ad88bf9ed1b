package sink

import (
	"context"
	"hash"
	"sync"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/span"
)

// Stream delivers one file to a writer. WriteAt, Reserve and Drain may be used concurrently;
// everything else by its one owner, with none of these under way.
type Stream struct {
	to     *Writer
	budget *Budget

	calling func(on bool) // nil: nobody wants to know

	mu      sync.Mutex // guards all below; no lock is held while the writer is at it
	ordered bool
	pos     int64 // in order: what was delivered
	held    held
	ahead   span.Set      // bytes behind pos that may be held back: the budget's
	taken   span.Set      // in any order: what was delivered, or is being
	writing bool          // in order: somebody is at it
	drains  bool          // and so will Drain be
	moved   chan struct{} // closed when that, or pos, changes; nil: nobody waits
	want    digest.Sum
	hash    hash.Hash // of what was delivered; nil: nobody wants it
	err     error     // the writer's
}

// New makes the stream of a transfer.
func New(to *Writer, b *Budget) *Stream { return &Stream{to: to, budget: b, ordered: to.next != nil} }

// Calling has a function told when the writer is called, and when it has returned.
func (s *Stream) Calling(tell func(on bool)) { s.calling = tell }

// Expect says what digest there is to be in the end. A digest is computed in order: whoever takes
// bytes in any order has them in order, too, where one is expected.
func (s *Stream) Expect(want digest.Sum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pos > 0 || s.taken.Len() > 0 || s.want == want {
		return
	}
	s.want, s.hash, s.ordered = want, nil, s.to.next != nil || !want.IsZero()
	if !want.IsZero() {
		s.hash = want.New()
	}
}

// Ordered reports whether bytes are delivered in order.
func (s *Stream) Ordered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ordered
}

// Started reports whether this stream has delivered anything.
func (s *Stream) Started() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos > 0 || s.taken.Len() > 0
}

// Reserve has a stretch be held back until its turn comes, as far as it is not already; false:
// as much is as may be.
func (s *Stream) Reserve(lo, hi int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	gaps := s.ahead.Gaps(max(lo, s.pos), hi)
	var n int64
	for _, g := range gaps {
		n += g.Hi - g.Lo
	}
	if !s.budget.take(n, s.ahead.Len()) {
		return false
	}
	for _, g := range gaps {
		s.ahead.Add(g.Lo, g.Hi)
	}
	return true
}

// WriteAt delivers bytes, or holds them back if that has been reserved; else it waits for those
// before them. What was delivered already is left out. More: there is something for Drain to do.
func (s *Stream) WriteAt(ctx context.Context, b []byte, off int64) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ordered {
		return false, s.scatter(b, off)
	}
	for end := off + int64(len(b)); ; {
		switch {
		case s.err != nil:
			return false, s.err
		case end <= s.pos:
			return false, nil
		case off > s.pos && s.ahead.Contains(off, end):
			s.held.add(b, off, s.ahead.Gaps(off, off+blockSize))
			return s.more(), nil
		case off <= s.pos && !s.writing:
			err = s.deliver(b[s.pos-off:])
			return s.more(), err
		case s.ready(): // whoever was at it had to leave
			_ = s.deliver(s.held.take(s.pos))
		default:
			if err := s.wait(ctx); err != nil {
				return false, err
			}
		}
	}
}

// ready reports whether something that was held back is next, and nobody there for it.
func (s *Stream) ready() bool { return !s.writing && !s.drains && s.held.begins(s.pos) }

// more has its caller see to it that Drain is called.
func (s *Stream) more() bool {
	more := s.ready()
	s.drains = s.drains || more
	return more
}

// wait waits until something has changed. It gives up the lock meanwhile.
func (s *Stream) wait(ctx context.Context) error {
	if s.moved == nil {
		s.moved = make(chan struct{})
	}
	moved := s.moved
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-moved:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Drain delivers what was held back and whose turn has come, unless somebody is at it. An error
// may be that ctx has ended.
func (s *Stream) Drain(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		s.drains = false
		s.wake() // what it has left is others' to deliver
	}()
	for !s.writing && s.err == nil {
		b := s.held.take(s.pos)
		if b == nil {
			return nil
		}
		if ctx.Err() != nil {
			s.held.giveBack(s.pos, b)
			return context.Cause(ctx)
		}
		_ = s.deliver(b)
	}
	return s.err
}

// deliver gives the writer what comes next. It gives up the lock meanwhile.
func (s *Stream) deliver(b []byte) error {
	s.writing = true
	n, err := s.write(b, s.pos)
	if s.hash != nil {
		s.hash.Write(b[:n])
	}
	s.pos += int64(n)
	s.held.forget(s.pos)
	s.budget.giveBack(s.ahead.Remove(0, s.pos))
	return err
}

// scatter gives the writer those of the bytes that it was not given before.
func (s *Stream) scatter(b []byte, off int64) error {
	for lo, end := off, off+int64(len(b)); s.err == nil; {
		gaps := s.taken.Gaps(lo, end)
		if len(gaps) == 0 {
			break
		}
		g := gaps[0]
		s.taken.Add(g.Lo, g.Hi) // before: two that have the same bytes must not write at once
		_, _ = s.write(b[g.Lo-off:g.Hi-off], g.Lo)
		lo = g.Hi
	}
	return s.err
}

// write calls the writer without the lock, and notes its error, which is final. It may not
// return.
func (s *Stream) write(b []byte, off int64) (n int, err error) {
	err = errEnded
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		if err != nil && s.err == nil {
			err = &fail.Error{Class: fail.Local, Op: "write", Err: err}
			s.err = err
		}
		s.writing = false
		s.wake()
	}()
	if s.calling != nil {
		s.calling(true)
		defer s.calling(false)
	}
	n, err = s.to.write(b, off)
	return n, err
}

// wake wakes those who wait.
func (s *Stream) wake() {
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

// Drop forgets what is held back: it will be fetched again, or is of no use any more.
func (s *Stream) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held{}
	s.budget.giveBack(s.ahead.Len())
	s.ahead.Reset()
}

// Sum is what was expected, and the digest of what was delivered; nil: it was not computed.
func (s *Stream) Sum() (digest.Sum, hash.Hash) { return s.want, s.hash }

// Len is how many bytes were delivered.
func (s *Stream) Len() int64 {
	if s.ordered {
		return s.pos
	}
	return s.taken.Len()
}
