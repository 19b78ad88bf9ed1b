package task

import "iter"

// store has the tasks of a table in the order they were added, in blocks: no task ever moves,
// and one costs no allocation, and no pointer, of its own.
type store struct {
	blocks []*block // nil: all of its tasks are forgotten
	n      int      // tasks that were ever added
}

type block struct {
	tasks [blockSize]Task
	gone  int // tasks that are forgotten
}

const blockSize = 102 // of 80 bytes: within 8 KiB

func (s *store) at(i int) *Task { return &s.blocks[i/blockSize].tasks[i%blockSize] }

// find is at, where it is not certain that there is such a task; nil: there is not.
func (s *store) find(i int) *Task {
	if i < 0 || i >= s.n || s.blocks[i/blockSize] == nil || s.at(i).has(forgotten) {
		return nil
	}
	return s.at(i)
}

// forget gives up a task. Its memory is free when all of its block are forgotten.
func (s *store) forget(t *Task) {
	t.set(forgotten, true)
	at := int(t.seq) / blockSize
	b := s.blocks[at]
	if b.gone++; b.gone == blockSize {
		s.blocks[at] = nil
	}
}

// add makes the next task, which has its place in the order and nothing else.
func (s *store) add() *Task {
	if s.n == len(s.blocks)*blockSize {
		s.blocks = append(s.blocks, new(block))
	}
	t := s.at(s.n)
	t.seq = int32(s.n)
	s.n++
	return t
}

// all are those that are there.
func (s *store) all() iter.Seq[*Task] {
	return func(yield func(*Task) bool) {
		for i := range s.n {
			if t := s.find(i); t != nil && !yield(t) {
				return
			}
		}
	}
}
