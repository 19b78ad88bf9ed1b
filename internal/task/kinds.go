package task

import "hash/maphash"

// kinds finds the task that fetches for all that want the same, or was the last to. By the hash
// of what they want it keeps the task alone, and asks that what it wants. Where it is something
// else the next hash is looked at.
type kinds struct {
	tasks *store
	key   func(*Task) string
	hash  func(key string) uint32
	first map[uint32]int32 // indices of tasks
}

func newKinds(tasks *store, key func(*Task) string) kinds {
	seed := maphash.MakeSeed()
	hash := func(key string) uint32 { return uint32(maphash.String(seed, key)) }
	return kinds{tasks: tasks, key: key, hash: hash, first: map[uint32]int32{}}
}

// grow makes room for so many where there are none.
func (k *kinds) grow(n int) {
	if len(k.first) == 0 {
		k.first = make(map[uint32]int32, n)
	}
}

// of is the first of a task's kind, nil where there is none yet, and where it stands.
func (k *kinds) of(t *Task) (first *Task, at uint32) {
	key := k.key(t)
	for at = k.hash(key); ; at++ {
		i, taken := k.first[at]
		if !taken {
			return nil, at
		}
		if first = k.tasks.at(int(i)); first == t || k.key(first) == key {
			return first, at
		}
	}
}

// forget takes a task out that is to be forgotten, if it is the first of its kind. Whoever stands
// behind it moves up, if that is as near to where it belongs.
func (k *kinds) forget(t *Task) {
	first, gap := k.of(t)
	if first != t {
		return
	}
	delete(k.first, gap)
	for at := gap + 1; ; at++ {
		i, taken := k.first[at]
		if !taken {
			return
		}
		if home := k.hash(k.key(k.tasks.at(int(i)))); at-home >= at-gap {
			delete(k.first, at)
			k.first[gap] = i
			gap = at
		}
	}
}

// set makes a task the first of its kind, which stands there.
func (k *kinds) set(at uint32, t *Task) { k.first[at] = t.seq }
