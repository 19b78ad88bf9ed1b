package partfile

import (
	"errors"
	"sync"
)

// inUse are the parts that somebody in this process is at, or has open. A part may be gone on
// with under another name than it was begun for. Who wants that name then is not to fail for
// it, as he would by the lock, but to take another.
type inUse struct {
	mu    sync.Mutex
	parts map[string]bool // by name: for another file than the one that it was begun for
}

// errElsewhere: the part is in use for another file.
var errElsewhere = errors.New("the part is in use for another file")

// claim begins a use of a part's name, which give ends. It fails where there is one:
// ErrLocked if that is for the part's own file.
func (u *inUse) claim(part string, other bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	was, used := u.parts[part]
	switch {
	case used && was:
		return errElsewhere
	case used:
		return ErrLocked
	case u.parts == nil:
		u.parts = map[string]bool{}
	}
	u.parts[part] = other
	return nil
}

// give ends a use.
func (u *inUse) give(part string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.parts, part)
}
