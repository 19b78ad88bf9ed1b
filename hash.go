package littledl

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
)

// prefixHash computes a file's digest while it arrives: it follows the contiguous
// prefix, which is still in memory, so that a large file is not read again when it
// is complete. One goroutine follows at a time; file.mu guards upto and spoilt.
type prefixHash struct {
	h       hash.Hash
	upto    int64
	spoilt  bool          // bytes that were hashed already were written again
	changed chan struct{} // capacity 1
}

const hashStep = 1 << 20

// startHashing lets a follower run beside the round's workers, where it pays.
func (f *file) startHashing(ctx context.Context, size int64) {
	if f.opt.hash.IsZero() || size <= smallSize {
		return
	}
	p := &prefixHash{h: f.opt.hash.New(), changed: make(chan struct{}, 1)}
	f.mu.Lock()
	proven := len(f.unproven) == 0
	if proven {
		f.hashing = p
	}
	f.mu.Unlock()
	if !proven {
		return
	}
	f.side.Go(func() { f.followPrefix(ctx, p) })
}

// wroteLocked is told of every write.
func (p *prefixHash) wroteLocked(off int64) {
	if off < p.upto { // whoever wrote it: what was hashed may not be what is there
		p.spoilt = true
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (f *file) followPrefix(ctx context.Context, p *prefixHash) {
	for ctx.Err() == nil {
		f.mu.Lock()
		from, to, spoilt := p.upto, f.done.Prefix(), p.spoilt
		f.mu.Unlock()
		switch {
		case spoilt:
			return
		case to-from >= hashStep:
			to = from + hashStep
			if hashTo(f.r.ctx, p.h, f.part, from, to) != nil {
				f.mu.Lock()
				p.spoilt = true
				f.mu.Unlock()
				return
			}
			f.mu.Lock()
			p.upto = to
			f.mu.Unlock()
			continue
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
			return
		}
	}
}

// verify compares the digest, where one was given. No worker runs.
func (f *file) verify(size int64) error {
	want := f.opt.hash
	if want.IsZero() || f.proved {
		return nil
	}
	h, from := want.New(), int64(0)
	if p := f.hashing; p != nil && !p.spoilt {
		h, from = p.h, p.upto
	}
	if err := hashTo(f.r.ctx, h, f.part, from, size); err != nil {
		return err
	}
	if !want.Matches(h) {
		return fmt.Errorf("%w: %s is %x, not %x; the server has another file, or the hash is wrong", ErrHashMismatch, want.Algorithm, h.Sum(nil), want.Bytes)
	}
	f.proved = true
	f.r.d.verified(f.t)
	return nil
}

// hashTo feeds bytes [off, end) of a file to a hash, up to the file's end.
func hashTo(ctx context.Context, h hash.Hash, r io.ReaderAt, off, end int64) error {
	buf := make([]byte, min(256<<10, max(end-off, 1)))
	for off < end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), end-off)], off)
		h.Write(buf[:n])
		off += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return &writeOpError{fmt.Errorf("read the file back: %w", err)}
		}
	}
	return nil
}
