package transfer

import (
	"time"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/recovery"
)

// Waiting for another process that is at the same file.

// lock keeps others from the file until it is closed.
func (f *File) lock() error {
	if f.delivery != nil { // nobody else is at that
		return nil
	}
	err := f.target.Lock(!f.locked.IsZero())
	if err == nil {
		f.locked = time.Time{}
	}
	return err
}

// waitLocked has a file that another is at tried again later, for as long as the caller wants it
// to wait: it keeps no place meanwhile. What is there by then is for that turn to find out.
func (f *File) waitLocked(err error) error {
	most, now := f.e.Disk.Wait, time.Now()
	if f.locked.IsZero() {
		f.locked = now
	}
	waited := now.Sub(f.locked)
	if waited >= most || f.target.State() != disk.Absent {
		f.locked = time.Time{}
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sources, f.rec = nil, recovery.File{}
	f.tries.Until = 0
	return &Delay{now.Add(disk.Patience(waited, most))}
}
