package task

import "iter"

// store has the tasks of a table in the order they were added, in blocks: no task ever moves,
// and one costs no allocation, and no pointer, of its own.
type store struct {
	blocks []*[blockSize]Task
	n      int
}

const blockSize = 102 // of 80 bytes: 8 KiB

func (s *store) at(i int) *Task { return &s.blocks[i/blockSize][i%blockSize] }

// add makes the next task, which has its place in the order and nothing else.
func (s *store) add() *Task {
	if s.n == len(s.blocks)*blockSize {
		s.blocks = append(s.blocks, new([blockSize]Task))
	}
	t := s.at(s.n)
	t.seq = int32(s.n)
	s.n++
	return t
}

// all are those that are there when it is called: later ones do not show.
func (s store) all() iter.Seq[*Task] {
	return func(yield func(*Task) bool) {
		for i := range s.n {
			if !yield(s.at(i)) {
				return
			}
		}
	}
}
