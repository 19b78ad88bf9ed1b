package partfile

import (
	"errors"
	"io/fs"
	"os"
)

// Locks are for processes that want the same file and wait for each other. Each is a file of its
// own, beside where that is to be, which whoever holds it removes in the end; of a process that
// was killed an empty one is left, which the next one takes.

// LockSuffix ends the name of a lock.
const LockSuffix = ".ldlock"

// Lock is held until Free.
type Lock struct {
	dir  *Dir
	f    File
	name string
}

// Lock takes the lock of a final name and a key. ErrLocked: somebody has it. It is nil where there
// are no locks: who has which part is told by that then, and nothing is ever replaced.
func (d *Dir) Lock(name, key string) (*Lock, error) {
	name = partName(name, key, 0, LockSuffix)
	for range 50 { // who frees one removes it, perhaps after we have opened it
		f, err := d.disk.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			f, _, err = d.openRegular(name, os.O_RDWR)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errSwapped) {
				continue
			}
		}
		if err != nil {
			return nil, nil
		}
		switch err := f.Lock(); {
		case errors.Is(err, ErrLocked):
			return nil, errors.Join(ErrLocked, f.Close())
		case err != nil:
			(&Lock{d, f, name}).Free()
			return nil, nil
		case d.isStill(name, f):
			return &Lock{d, f, name}, nil
		}
		_ = f.Close()
	}
	return nil, ErrLocked
}

// Free gives a lock back; nil is none.
func (l *Lock) Free() {
	if l == nil {
		return
	}
	left := l.dir.isStill(l.name, l.f)
	if left && l.dir.disk.Remove(l.name) == nil { // while nobody else can have it
		left = false
	}
	_ = l.f.Close()
	if left {
		_ = l.dir.disk.Remove(l.name) // as where an open file has to keep its name
	}
}

// Share notes that others put files here at the same time: what was seen when the directory was
// opened says nothing of what is missing.
func (d *Dir) Share() { d.shared.Store(true) }
