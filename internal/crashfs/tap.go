package crashfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// Op is an operation that changes a disk, or asks for a lock.
type Op struct {
	Kind Kind
	Name string // of the file, as it was opened; for Link and Rename the new one
	Off  int64  // of a Write
	Data []byte // of a Write
}

// Kind is what an Op does.
type Kind string

// The kinds of operations.
const (
	Open        Kind = "open" // changes nothing, but may fail
	Create      Kind = "create"
	Nameless    Kind = "nameless"
	Link        Kind = "link"
	Rename      Kind = "rename"
	Remove      Kind = "remove"
	SyncNames   Kind = "sync names"
	Write       Kind = "write"
	Truncate    Kind = "truncate"
	Sync        Kind = "sync"
	Lock        Kind = "lock"
	Preallocate Kind = "preallocate"
	SetTime     Kind = "set time"
	SetMark     Kind = "set mark"
	Close       Kind = "close"
)

// ErrSkip, from a Hook, makes an operation a lie: it is not done and succeeds.
var ErrSkip = errors.New("skip")

// Hook sees an operation before it is done. An error is what it fails with instead. It
// is called by whoever does the operation, so concurrently.
type Hook func(Op) error

// Tap is a disk whose operations pass through a hook first.
func Tap(d partfile.Disk, h Hook) partfile.Disk { return &tapped{d, h} }

type tapped struct {
	partfile.Disk
	hook Hook
}

// pass does an operation unless the hook has it otherwise.
func (h Hook) pass(op Op, do func() error) error {
	switch err := h(op); {
	case err == ErrSkip:
		return nil
	case err != nil:
		return err
	}
	return do()
}

func (d *tapped) Open(name string, flag int, perm fs.FileMode) (partfile.File, error) {
	kind := Open
	if flag&os.O_CREATE != 0 {
		kind = Create
	}
	if err := d.hook(Op{Kind: kind, Name: name}); err != nil {
		return nil, err
	}
	f, err := d.Disk.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &tappedFile{f, name, d.hook}, nil
}

func (d *tapped) Nameless() (partfile.File, error) {
	if err := d.hook(Op{Kind: Nameless}); err != nil {
		return nil, err
	}
	f, err := d.Disk.Nameless()
	if err != nil {
		return nil, err
	}
	return &tappedFile{f, "", d.hook}, nil
}

func (d *tapped) Link(f partfile.File, name, to string) error {
	return d.hook.pass(Op{Kind: Link, Name: to}, func() error { return d.Disk.Link(f.(*tappedFile).File, name, to) })
}

func (d *tapped) Rename(name, to string) error {
	return d.hook.pass(Op{Kind: Rename, Name: to}, func() error { return d.Disk.Rename(name, to) })
}

func (d *tapped) RenameNew(name, to string) error {
	return d.hook.pass(Op{Kind: Rename, Name: to}, func() error { return d.Disk.RenameNew(name, to) })
}

func (d *tapped) Remove(name string) error {
	return d.hook.pass(Op{Kind: Remove, Name: name}, func() error { return d.Disk.Remove(name) })
}

func (d *tapped) Sync() error { return d.hook.pass(Op{Kind: SyncNames}, d.Disk.Sync) }

type tappedFile struct {
	partfile.File
	name string
	hook Hook
}

func (f *tappedFile) WriteAt(b []byte, off int64) (n int, err error) {
	n = len(b) // of a lie
	err = f.hook.pass(Op{Kind: Write, Name: f.name, Off: off, Data: b}, func() error {
		n, err = f.File.WriteAt(b, off)
		return err
	})
	if err != nil && n == len(b) {
		n = 0
	}
	return n, err
}

func (f *tappedFile) ReadFrom(r io.Reader) (n int64, err error) {
	if t, ok := r.(*tappedFile); ok {
		r = t.File
	}
	err = f.hook.pass(Op{Kind: Write, Name: f.name}, func() error {
		n, err = f.File.ReadFrom(r)
		return err
	})
	return n, err
}

func (f *tappedFile) Truncate(size int64) error {
	return f.hook.pass(Op{Kind: Truncate, Name: f.name}, func() error { return f.File.Truncate(size) })
}

func (f *tappedFile) Sync() error {
	return f.hook.pass(Op{Kind: Sync, Name: f.name}, f.File.Sync)
}

func (f *tappedFile) Lock() error {
	return f.hook.pass(Op{Kind: Lock, Name: f.name}, f.File.Lock)
}

func (f *tappedFile) Preallocate(from, upto, size int64) error {
	return f.hook.pass(Op{Kind: Preallocate, Name: f.name}, func() error { return f.File.Preallocate(from, upto, size) })
}

func (f *tappedFile) SetMark(b []byte) error {
	return f.hook.pass(Op{Kind: SetMark, Name: f.name}, func() error { return f.File.SetMark(b) })
}

func (f *tappedFile) SetTime(t time.Time) error {
	return f.hook.pass(Op{Kind: SetTime, Name: f.name}, func() error { return f.File.SetTime(t) })
}

func (f *tappedFile) Close() error {
	return f.hook.pass(Op{Kind: Close, Name: f.name}, f.File.Close)
}
