package partfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// Part is a file that is not complete yet. WriteAt, ReadAt, Recorders and SyncAfter may
// be used concurrently; everything else by its one owner, with no write in flight.
type Part struct {
	dir         *Dir
	f           File
	name        string       // "" while it has none
	journalName string       // what its journal is called
	log         *journalFile // nil: nothing can be resumed

	reserved atomic.Int64 // up to there more disk is than its length needs
	end      atomic.Int64 // of what was written
	claimed  string       // the name that is in use until it is closed
	lost     error        // why nothing of it is to be believed
	closed   fs.FileInfo  // what it was when it was closed; nil: it is open
	label    label        // what it was given by Seal
	yet      fs.FileMode  // rights that it must not have before it is published
	never    fs.FileMode  // nor then
	given    *fs.FileMode // those that it is to have then; nil: nobody has said

	wanted string // of one without a name: what Create would be given for one that has one
	key    Keyer
}

// Keyer knows the key of its part, which takes time to work out.
type Keyer interface{ Key() string }

// TryNameless makes a part without a name: a crash leaves nothing of it. It returns nil and
// no error where there are no such files, whatever the system says then, and Create is the
// next way down; the final name and the key, which is seldom asked for, are what Create would
// be given.
func (d *Dir) TryNameless(name string, key Keyer) (*Part, error) {
	if !d.nameless.Load() {
		return nil, nil
	}
	f, err := d.disk.Nameless()
	switch {
	case err == nil:
		return &Part{dir: d, f: f, wanted: name, key: key}, nil
	case exhausted(err):
		return nil, fmt.Errorf("create a file: %w", err)
	}
	d.nameless.Store(false)
	return nil, nil
}

// WriteAt writes to the part.
func (p *Part) WriteAt(b []byte, off int64) (int, error) {
	n, err := writeAll(p.f, b, off)
	for end := off + int64(n); ; {
		if was := p.end.Load(); end <= was || p.end.CompareAndSwap(was, end) {
			return n, err
		}
	}
}

// writeAll does not take a file system's word for it that less than all was right.
func writeAll(f File, b []byte, off int64) (int, error) {
	n, err := f.WriteAt(b, off)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

// ReadAt reads from the part.
func (p *Part) ReadAt(b []byte, off int64) (int, error) { return p.f.ReadAt(b, off) }

// Handle opens a part that has a name once more, to be read by somebody else.
func (p *Part) Handle() (*os.File, error) {
	f, _, err := p.dir.openRegular(p.name, os.O_RDONLY)
	if err == nil {
		err = p.still(p.name)
	}
	if err != nil {
		return nil, fmt.Errorf("open the file to be read: %w", err)
	}
	h, ok := f.(interface{ Handle() *os.File })
	if !ok {
		return nil, errors.Join(errors.ErrUnsupported, f.Close())
	}
	return h.Handle(), nil
}

// ReadFrom copies a file into an empty part, sharing its blocks where the file
// system can.
func (p *Part) ReadFrom(r io.Reader) (int64, error) {
	n, err := p.f.ReadFrom(r)
	p.end.Add(n)
	return n, err
}

// Preallocate reserves disk for the first bytes of a file of a size without changing the part's
// length. Only a disk without room for the file is an error: where it cannot be done nothing
// happens.
func (p *Part) Preallocate(upto, size int64) error {
	from := p.reserved.Load() // what is there already takes time to go through
	if upto <= from {
		return nil
	}
	p.reserved.Store(upto)
	if err := p.f.Preallocate(from, upto, size); IsFull(err) {
		p.reserved.Store(max(from, 1)) // who knows what there is of it: it is asked for again, and given back
		return err
	}
	return nil
}

// GiveBack gives back the disk that is reserved for a stretch of which nothing is there. Kept does
// so with what is reserved beyond the part's end.
func (p *Part) GiveBack(lo, hi int64) {
	if p.reserved.Load() > 0 && p.name != "" && p.lost == nil && p.owned() == nil { // else somebody may be writing to it
		_ = p.f.Punch(lo, hi)
	}
}

// Size is the part's present length in bytes. Of one without a name, which nobody else can get
// at, it is known; Publish makes sure.
func (p *Part) Size() (int64, error) {
	if p.name == "" {
		return p.end.Load(), nil
	}
	info, err := p.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Empty throws the content away, and what the journal says of it. A part with a name
// is another file then: where locks lie, somebody may still write to the old one, or
// have published it.
func (p *Part) Empty() error {
	name := p.name
	if name == "" {
		return p.Truncate(0)
	}
	if err := p.owned(); err != nil {
		return err
	}
	p.unname()
	_ = p.close()
	fresh, err := p.dir.create(name, p.journalName)
	if err != nil {
		return err
	}
	p.f, p.name, p.claimed, p.closed, p.lost = fresh.f, name, name, nil, nil
	p.reserved.Store(0)
	p.narrow()
	return nil
}

// Truncate cuts the part or extends it with zeros.
func (p *Part) Truncate(size int64) error {
	err := p.f.Truncate(size)
	if err == nil {
		p.end.Store(size)
		p.reserved.Store(min(p.reserved.Load(), size))
	}
	return err
}

// Resumable reports whether another process could go on with the part.
func (p *Part) Resumable() bool { return p.log != nil }

// Kept closes the part and leaves it for Reopen and Resume, without the disk that was
// reserved beyond its end: others may need that. Ok is false where nothing is left: the
// part had no name, or nothing of it can be believed, or closing failed.
func (p *Part) Kept() (k Kept, ok bool) {
	if p.lost != nil {
		p.Discard()
		return Kept{}, false
	}
	if p.reserved.Load() > 0 && p.name != "" && p.owned() == nil { // else somebody may be writing to it
		if size, err := p.Size(); err == nil {
			_ = p.f.Truncate(size)
		}
	}
	k = Kept{name: p.name}
	var err error
	if p.log != nil {
		k.id, k.nonce = p.log.id, p.log.nonce
		err = p.log.f.Close()
		p.log = nil
	}
	if err = errors.Join(err, p.close()); err != nil && k.nonce == 0 {
		p.unname() // nobody could go on from it
	}
	if p.closed != nil {
		k.seen(p.closed)
	}
	if ok = p.name != "" && err == nil; ok && k.nonce != 0 {
		p.dir.keep(k.name)
	}
	return k, ok
}

// close closes the part's file, once. Who goes by its name from then on can still tell
// whether it leads there.
func (p *Part) close() error {
	if p.closed != nil {
		return nil
	}
	p.dir.inUse.give(p.claimed)
	info, err := p.f.Stat()
	if err = errors.Join(err, p.f.Close()); err != nil {
		err = fmt.Errorf("%w: close the file: %w", ErrUnsynced, err) // a failed close is a failed write
	}
	p.closed = info
	return err
}

// Discard closes the part and deletes it.
func (p *Part) Discard() {
	p.unname()
	_ = p.close()
}

// unname removes the part's own name and its journal: what has been published or
// discarded needs neither.
func (p *Part) unname() {
	// Before the lock goes with the descriptor.
	if mine := p.endLog(); mine && p.name != "" {
		p.removeIfStill(p.name)
	}
	p.name = ""
}

// removeIfStill removes a name that leads to the part.
func (p *Part) removeIfStill(name string) {
	if p.still(name) == nil {
		_ = p.dir.remove(name)
	}
}

// still is nil where a name leads to the part, and ErrLocked where it leads elsewhere.
func (p *Part) still(name string) (err error) {
	mine := p.closed
	if mine == nil {
		if mine, err = p.f.Stat(); err != nil {
			return err
		}
	}
	now, err := p.dir.disk.Lstat(name)
	if err == nil && !p.dir.disk.Same(now, mine) {
		err = ErrLocked
	}
	return err
}

// sync brings a file of the part's to the disk. A failure counts for good: the system
// tells of what it has lost once, and of success ever after.
func (p *Part) sync(f File, what string) error {
	if p.lost == nil {
		if err := f.Sync(); err != nil && !unsupported(err) {
			p.lost = fmt.Errorf("%w: sync the %s: %w", ErrUnsynced, what, err)
		}
	}
	return p.lost
}
