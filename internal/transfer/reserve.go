package transfer

import (
	"math"
	"sync/atomic"
)

// Disk is reserved before it is written to: so files are in few pieces, and it is seen early that
// one does not fit. But the size is a stranger's word, who may send no more than that. All of
// it is reserved where the caller has a word on it, too; else what is ahead of the bytes that
// have come, which grows with them.

// firstReserve is how much that is at least.
const firstReserve = 64 << 20

// reservation is how much of the disk is reserved for a file.
type reservation struct {
	size int64        // of the file, to which it goes at most
	base int64        // bytes that had come off the network before it began
	next atomic.Int64 // bytes off the network from which on there has to be more; 0: there has not
}

// startReserving begins it, when the size is known. A worker calls it.
func (f *File) startReserving(size int64) {
	if size <= f.e.Small || f.delivery != nil {
		return
	}
	r, upto := &f.reserved, size
	r.size, r.base = size, f.received.Load()-f.plan.Len()
	if f.spec.Hash.IsZero() && f.most == math.MaxInt64 {
		upto = ahead(f.plan.Len())
	}
	f.reserve(upto)
}

// reserveMore goes on when so many bytes have come off the network. A worker calls it.
func (f *File) reserveMore(received int64) {
	r := &f.reserved
	if next := r.next.Load(); next > 0 && received >= next && r.next.CompareAndSwap(next, math.MaxInt64) {
		f.reserve(ahead(received - r.base))
	}
}

// ahead is up to where it goes when so many bytes are there.
func ahead(there int64) int64 { return there + max(firstReserve, there/2) }

// reserve reserves the beginning of the file beside the workers, since that may take time.
func (f *File) reserve(upto int64) {
	r := &f.reserved
	r.next.Store(0)
	upto = min(upto, r.size)
	f.beside(&f.wg, func() {
		if err := f.target.Preallocate(upto, r.size); err != nil {
			f.fail(err)
		} else if upto < r.size {
			r.next.Store(r.base + upto - firstReserve/2)
		}
	})
}
