package disk

import (
	"context"
	"hash"
	"io"
	"sync/atomic"

	"github.com/littledl/littledl/internal/digest"
)

// PrefixHash computes a file's digest while it arrives: it follows the bytes that are there
// from the first one on, which are still in memory, so that a large file is not read again
// when it is complete. A write to what it has read already spoils it: then the whole file is
// read in the end.
type PrefixHash struct {
	sum     digest.Sum
	h       hash.Hash // of the first upto bytes
	upto    int64     // Follow's, until that has returned
	reading atomic.Int64
	spoilt  atomic.Bool
	changed chan struct{} // capacity 1
}

// hashStep is how much is read at a time.
const hashStep = 1 << 20

// NewPrefixHash begins at the file's first byte.
func NewPrefixHash(sum digest.Sum) *PrefixHash {
	return &PrefixHash{sum: sum, h: sum.New(), changed: make(chan struct{}, 1)}
}

// Writing must be told of every write before it counts as there: Follow has not been at
// those bytes then, unless they are written a second time.
func (p *PrefixHash) Writing(off int64) {
	if off < p.reading.Load() { // whoever writes it: what was hashed may not be what is there
		p.spoilt.Store(true)
	}
}

// Wrote must be told when a write counts as there.
func (p *PrefixHash) Wrote() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// Follow hashes what is there, as far as prefix says, until ctx ends or it is of no use any
// more. It is called once.
func (p *PrefixHash) Follow(ctx context.Context, r io.ReaderAt, prefix func() int64) {
	whole := context.WithoutCancel(ctx) // half a step in the hash would be of no use
	for ctx.Err() == nil && !p.spoilt.Load() {
		if end := p.upto + hashStep; prefix() >= end {
			p.reading.Store(end) // before a byte of it is read
			if HashTo(whole, p.h, r, p.upto, end) != nil {
				p.spoilt.Store(true)
			}
			p.upto = end
			continue
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
		}
	}
}

// sofar is a hash of what has been read, and how much that is.
func (p *PrefixHash) sofar(want digest.Sum) (hash.Hash, int64) {
	if p == nil || p.spoilt.Load() || p.sum.Kind() != want.Kind() {
		return want.New(), 0
	}
	return p.h, p.upto
}
