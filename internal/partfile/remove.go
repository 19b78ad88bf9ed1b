package partfile

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// unremoved are the reasons why something is still there that nobody needs. They fail no
// file, which is complete or has failed already, but its owner must hear of them.
type unremoved struct {
	mu   sync.Mutex
	errs []error
}

// maxUnremoved bounds how many are kept for who asks: a disk that removes nothing at all need
// not be told of more often.
const maxUnremoved = 10

// remove removes a name. That nothing has it any more is as good.
func (d *Dir) remove(name string) error {
	err := d.disk.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err = fmt.Errorf("remove what is not needed any more: %w", err)
	d.unremoved.mu.Lock()
	defer d.unremoved.mu.Unlock()
	if len(d.unremoved.errs) < maxUnremoved {
		d.unremoved.errs = append(d.unremoved.errs, err)
	}
	return err
}

// Unremoved is why something is still there that should have been removed since the last
// call; nil: there is nothing.
func (d *Dir) Unremoved() error {
	d.unremoved.mu.Lock()
	defer d.unremoved.mu.Unlock()
	err := errors.Join(d.unremoved.errs...)
	d.unremoved.errs = nil
	return err
}
