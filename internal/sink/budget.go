package sink

import "sync"

// Budget is how many bytes all streams may have asked for ahead of what they have delivered.
type Budget struct {
	size int64
	mu   sync.Mutex
	left int64
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{size: bytes, left: bytes} }

// Size is what it was made with.
func (b *Budget) Size() int64 { return b.size }

// take takes n bytes for a stream that has some; false: there are not as many for it. None has
// more than twice what it leaves to the others, so that one whose writer is slow does not have all.
func (b *Budget) take(n, has int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 0 && has+n > 2*(b.left-n) {
		return false
	}
	b.left -= n
	return true
}

func (b *Budget) giveBack(n int64) {
	b.mu.Lock()
	b.left += n
	b.mu.Unlock()
}

// Left is how many bytes are nobody's.
func (b *Budget) Left() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}
