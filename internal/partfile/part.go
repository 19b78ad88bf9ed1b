package partfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"
)

// Part is a file that is not complete yet. WriteAt, ReadAt, Recorders and SyncAfter may
// be used concurrently; everything else by its one owner, with no write in flight.
type Part struct {
	dir    *Dir
	f      File
	name   string   // "" while it has none
	beside string   // what its journal is called
	log    *logbook // nil: nothing can be resumed
}

// Nameless makes a part without a name: a crash leaves nothing of it. Where the
// file system has no such files it is Create.
func (d *Dir) Nameless(name, key string) (*Part, error) {
	if p, err := d.TryNameless(); p != nil || err != nil {
		return p, err
	}
	return d.Create(name, key)
}

// TryNameless is Nameless for callers to whom a key costs something: it returns nil
// and no error where the file system has no nameless files.
func (d *Dir) TryNameless() (*Part, error) {
	if !d.nameless.Load() {
		return nil, nil
	}
	f, err := d.disk.Nameless()
	switch {
	case err == nil:
		return &Part{dir: d, f: f}, nil
	case !unsupported(err):
		return nil, fmt.Errorf("create a file: %w", err)
	}
	d.nameless.Store(false)
	return nil, nil
}

// WriteAt writes to the part.
func (p *Part) WriteAt(b []byte, off int64) (int, error) { return p.f.WriteAt(b, off) }

// ReadAt reads from the part.
func (p *Part) ReadAt(b []byte, off int64) (int, error) { return p.f.ReadAt(b, off) }

// ReadFrom copies a file into an empty part, sharing its blocks where the file
// system can.
func (p *Part) ReadFrom(r io.Reader) (int64, error) { return p.f.ReadFrom(r) }

// Preallocate reserves size bytes of disk without changing the part's length.
// Only a full disk is an error: where it cannot be done nothing happens.
func (p *Part) Preallocate(size int64) error { return p.f.Preallocate(size) }

// Size is the part's present length in bytes.
func (p *Part) Size() (int64, error) {
	info, err := p.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Empty throws the content away, and what the journal says of it.
func (p *Part) Empty() error {
	p.endLog()
	return p.f.Truncate(0)
}

// Truncate cuts the part or extends it with zeros.
func (p *Part) Truncate(size int64) error { return p.f.Truncate(size) }

// Resumable reports whether another process could go on with the part.
func (p *Part) Resumable() bool { return p.log != nil }

// Kept closes the part and leaves it for Reopen and Resume. Ok is false where nothing
// is left: the part had no name, or closing failed.
func (p *Part) Kept() (k Kept, ok bool) {
	info, err := p.f.Stat()
	k = Kept{name: p.name, beside: p.beside, info: info}
	if p.log != nil {
		k.id, k.nonce = p.log.id, p.log.nonce
		err = errors.Join(err, p.log.f.Close())
		p.log = nil
	}
	err = errors.Join(err, p.f.Close())
	return k, p.name != "" && err == nil
}

// Discard closes the part and deletes it.
func (p *Part) Discard() {
	p.unname()
	_ = p.f.Close()
}

// unname removes the part's own name and its journal: what has been published or
// discarded needs neither.
func (p *Part) unname() {
	p.endLog()
	// Before the lock goes with the descriptor; where that is closed already nobody
	// else can have taken the name.
	if p.name != "" && (closesFirst || p.dir.isStill(p.name, p.f)) {
		_ = p.dir.disk.Remove(p.name)
	}
	p.name = ""
}

// Seal readies the part for Publish: modification time (zero: as it is) and,
// when durable, its bytes on the disk.
func (p *Part) Seal(mtime time.Time, durable bool) error {
	if durable {
		if err := p.f.Sync(); err != nil {
			return fmt.Errorf("sync the file: %w", err)
		}
	}
	if mtime.IsZero() {
		return nil
	}
	return p.f.SetTime(mtime)
}

// closesFirst: an open file keeps its name on Windows.
const closesFirst = runtime.GOOS == "windows"

// Publish gives the part its final name and closes it. Without replace a name
// that is taken is fs.ErrExist, and Publish may be called again with another. A part
// that another process has taken over is ErrLocked.
func (p *Part) Publish(name string, replace bool) error {
	if err := p.owned(); err != nil {
		return err
	}
	if closesFirst {
		_ = p.f.Close()
	}
	var err error
	if replace {
		err = p.replace(name)
	} else {
		err = p.link(name)
	}
	if err != nil {
		return err
	}
	p.unname()
	// A failed close is a failed write.
	if err := p.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close the file: %w", err)
	}
	return nil
}

// replace renames over a file or a link, never over anything else.
func (p *Part) replace(name string) error {
	disk := p.dir.disk
	info, err := disk.Lstat(name)
	if err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return &fs.PathError{Op: "replace", Path: name, Err: errors.New("not a regular file")}
	}
	// Linked by descriptor first: it is this file that gets the name, whatever has
	// become of the part's own.
	from := partName(name, fmt.Sprintf("%x", newNonce()), 0, Suffix)
	if err := disk.Link(p.f, "", from); err != nil {
		if p.name == "" {
			return err
		}
		return disk.Rename(p.name, name)
	}
	if err := disk.Rename(from, name); err != nil {
		return errors.Join(err, disk.Remove(from))
	}
	return nil
}

func (p *Part) link(name string) error {
	disk := p.dir.disk
	err := disk.Link(p.f, p.name, name)
	if err == nil || p.name == "" || errors.Is(err, fs.ErrExist) || !unsupported(err) {
		return err
	}
	// No hard links here (FAT, some network mounts).
	if err = disk.RenameNew(p.name, name); err == nil || !unsupported(err) {
		return err
	}
	// Hold the name with an empty file, then rename over it.
	hold, err := disk.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	hold.Close()
	if err := disk.Rename(p.name, name); err != nil {
		return errors.Join(err, disk.Remove(name))
	}
	return nil
}
