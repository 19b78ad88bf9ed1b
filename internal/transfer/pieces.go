package transfer

import (
	"errors"
	"fmt"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/span"
)

// Files of which the digests of pieces are known: they tell which bytes are wrong, so that these
// alone are fetched again, from somebody else.

// judged reports whether it will be known whether the file is right, wherever its bytes come from.
func (f *File) judged() bool {
	p := f.spec.Seldom().Pieces
	return !f.hash.IsZero() || p != nil && p.Length > 0
}

// wrongLength refuses a source whose file has not the size that was said.
func (f *File) wrongLength(size int64) error {
	p := f.spec.Seldom().Pieces
	if p == nil || size < 0 || (p.Size < 0 || p.Size == size) && (p.Length == 0 || p.Fits(size)) {
		return nil
	}
	said := fmt.Sprintf("%d are expected", p.Size)
	if p.Size < 0 {
		said = fmt.Sprintf("%d pieces of %d are expected", p.Len(), p.Length)
	}
	return &fail.Error{Class: fail.Permanent, Op: "verify", Err: fmt.Errorf("%w: %d bytes, %s", fail.ErrSizeMismatch, size, said)}
}

// verifyPieces looks at the pieces of a complete file, unless a digest of the whole that its caller
// has given is right. Err is what that said; what is returned is what all say. No worker runs.
func (f *File) verifyPieces(err error) error {
	p := f.spec.Seldom().Pieces
	mismatch := errors.Is(err, fail.ErrHashMismatch)
	if p == nil || f.delivery != nil || err != nil && !mismatch || err == nil && !f.spec.Hash.IsZero() {
		f.wrong = nil
		return err
	}
	if e := f.wrongLength(f.pin.Size); e != nil { // nobody had told it before
		return e
	}
	if p.Length == 0 {
		return err
	}
	wrong, of, e := f.wrongPieces(p)
	f.wrong = wrong
	switch {
	case e != nil:
		return e
	case of > 0 && !mismatch:
		err = fmt.Errorf("%w: %d of %d pieces have another %s", fail.ErrHashMismatch, of, p.Len(), p.Algorithm)
	case of > 0:
		err = fmt.Errorf("%w; it is in %d of %d pieces", err, of, p.Len())
	case err == nil:
		f.e.Table.Verified(f.t)
	}
	return err
}

// wrongPieces are those that are wrong, and how many: of all, or of those that were before.
func (f *File) wrongPieces(p *digest.Pieces) (wrong []span.Range, n int, err error) {
	look := f.wrong
	if look == nil {
		look = []span.Range{{Lo: 0, Hi: f.pin.Size}}
	}
	var bad span.Set
	for _, r := range look {
		for lo := r.Lo; lo < r.Hi; lo += p.Length {
			want, hi := p.Of(int(lo/p.Length)), min(lo+p.Length, f.pin.Size)
			h := want.New()
			if err := disk.HashTo(f.e.Context, h, f.target, lo, hi); err != nil {
				return nil, 0, err
			}
			if !want.Matches(h) {
				bad.Add(lo, hi)
				n++
			}
		}
	}
	return bad.Ranges(), n, nil
}

// spoiltLocked tells recovery which sources have had a part in what is wrong.
func (f *File) spoiltLocked(e *fail.Error) {
	var all int64
	given := make([]int64, len(f.sources))
	for _, r := range f.wrong {
		all += r.Hi - r.Lo
		for i := range given {
			if len(given) == 1 {
				given[i] += r.Hi - r.Lo
				continue
			}
			n := r.Hi - r.Lo
			for _, g := range f.plan.Written(i).Gaps(r.Lo, r.Hi) {
				n -= g.Hi - g.Lo
			}
			given[i] += n
		}
	}
	f.rec.Spoilt(f.e.now(), all, given, e)
	f.standingsLocked()
}

// refetch has the pieces that are wrong be missing. No worker runs.
func (f *File) refetch() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.wrong {
		f.countLocked(-f.plan.Forget(r.Lo, r.Hi))
	}
	f.whole, f.adopted = false, false
}
