package disk

import (
	"io/fs"
	"sync"

	"github.com/littledl/littledl/internal/partfile"
)

// fresh is how many numbers of a name are looked at anew for each file. Those behind are looked at
// once for all files of a batch: a server may give ten thousand the same name.
const fresh = 8

// series is what is known of the names "name", "name (1)", … in a directory.
type series struct {
	mu     sync.Mutex
	sights []sight     // of the numbers from fresh on, as far as something had them
	taken  map[int]int // a number that the next file cannot have, and one behind it that it may
}

// sight is what had a name at a look.
type sight struct {
	info fs.FileInfo
	mark partfile.Mark
	head uint32 // a checksum of its beginning
	read bool   // that was asked for
}

// pass notes that a number is not free.
func (s *series) pass(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == nil {
		s.taken = map[int]int{}
	}
	s.taken[n] = max(s.taken[n], n+1)
}

// free is the first number from n on that may be free.
func (s *series) free(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := n
	for next, taken := s.taken[to]; taken; next, taken = s.taken[to] {
		to = next
	}
	for at := n; at < to; { // the next who asks gets there at once
		at, s.taken[at] = s.taken[at], to
	}
	return to
}

// sight is what was seen under a number, look being called once for each that something has.
func (s *series) sight(n int, look func() sight) sight {
	s.mu.Lock()
	if n -= fresh; n < len(s.sights) {
		defer s.mu.Unlock()
		return s.sights[n]
	}
	s.mu.Unlock()
	got := look()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == len(s.sights) && got.info != nil {
		s.sights = append(s.sights, got)
	}
	return got
}

// head is the checksum of the beginning of what was seen under a number, read being called once.
func (s *series) head(n int, read func() uint32) uint32 {
	s.mu.Lock()
	n -= fresh
	if got := s.sights[n]; got.read {
		s.mu.Unlock()
		return got.head
	}
	s.mu.Unlock()
	head := read()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sights[n].head, s.sights[n].read = head, true
	return head
}
