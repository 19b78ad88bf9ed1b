package sink

import (
	"slices"
	"sort"

	"github.com/littledl/littledl/internal/span"
)

// blockSize is how many bytes are kept together.
const blockSize = 256 << 10

// held are bytes that came before their turn.
type held struct {
	blocks []block  // in order, not overlapping
	there  span.Set // their bytes, and those that are being delivered
}

type block struct {
	off  int64
	data []byte // with room for what comes next to it
}

func (b block) end() int64 { return b.off + int64(len(b.data)) }

// add copies those of the bytes that are not there. Gaps are what behind off may not be held.
func (h *held) add(b []byte, off int64, gaps []span.Range) {
	most := off + blockSize
	if len(gaps) > 0 {
		most = gaps[0].Lo
	}
	for _, g := range h.there.Gaps(off, off+int64(len(b))) {
		h.put(b[g.Lo-off:g.Hi-off], g.Lo, most)
		h.there.Add(g.Lo, g.Hi)
	}
}

// put copies bytes behind those that they follow, or into a block of their own, which ends at most
// there.
func (h *held) put(b []byte, off, most int64) {
	i := sort.Search(len(h.blocks), func(i int) bool { return h.blocks[i].off > off })
	if i > 0 {
		if last := &h.blocks[i-1]; last.end() == off {
			n := min(len(b), cap(last.data)-len(last.data))
			last.data = append(last.data, b[:n]...)
			b, off = b[n:], off+int64(n)
		}
	}
	if len(b) == 0 {
		return
	}
	if i < len(h.blocks) {
		most = min(most, h.blocks[i].off)
	}
	size := max(int64(len(b)), min(most-off, blockSize))
	h.blocks = slices.Insert(h.blocks, i, block{off, append(make([]byte, 0, size), b...)})
}

// begins reports whether the bytes at off are there.
func (h *held) begins(off int64) bool { return len(h.blocks) > 0 && h.blocks[0].off <= off }

// take takes the bytes at off out; nil: they are not there.
func (h *held) take(off int64) []byte {
	if !h.begins(off) {
		return nil
	}
	b := h.blocks[0]
	h.blocks = slices.Delete(h.blocks, 0, 1)
	return b.data[off-b.off:]
}

// giveBack undoes take.
func (h *held) giveBack(off int64, data []byte) {
	h.blocks = slices.Insert(h.blocks, 0, block{off, data})
}

// forget drops what was delivered.
func (h *held) forget(upto int64) {
	h.there.Remove(0, upto)
	for len(h.blocks) > 0 && h.blocks[0].end() <= upto {
		h.blocks = slices.Delete(h.blocks, 0, 1)
	}
}
