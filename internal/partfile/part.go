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

// Part is a file that is not complete yet. WriteAt and ReadAt may be called
// concurrently; everything else by its one owner, with no write in flight.
type Part struct {
	dir  *Dir
	f    *os.File
	name string // "" while it has none
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
	f, err := openNameless(d.handle)
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
func (p *Part) Preallocate(size int64) error { return preallocate(p.f, size) }

// Size is the part's present length in bytes.
func (p *Part) Size() (int64, error) { return p.f.Seek(0, io.SeekEnd) }

// Truncate cuts the part or extends it with zeros.
func (p *Part) Truncate(size int64) error { return p.f.Truncate(size) }

// Kept closes the part and leaves it for Reopen. Ok is false where nothing is
// left: the part had no name, or closing failed.
func (p *Part) Kept() (k Kept, ok bool) {
	info, err := p.f.Stat()
	err = errors.Join(err, p.f.Close())
	if p.name == "" || err != nil {
		return Kept{}, false
	}
	return Kept{Name: p.name, info: info}, true
}

// Discard closes the part and deletes it.
func (p *Part) Discard() {
	if p.name != "" {
		_ = p.dir.root.Remove(p.name) // before the lock goes with the descriptor
	}
	_ = p.f.Close()
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
	if p.name == "" {
		return setTime(p.f, mtime)
	}
	return p.dir.root.Chtimes(p.name, mtime, mtime)
}

// Publish gives the part its final name and closes it. Without replace a name
// that is taken is fs.ErrExist, and Publish may be called again with another.
func (p *Part) Publish(name string, replace bool) error {
	if p.name == "" {
		if err := linkNameless(p.f, p.dir.handle, name); err == nil {
			return p.close()
		} else if !replace || !errors.Is(err, fs.ErrExist) {
			return err
		}
		// Replacing needs a name to rename from.
		p.name = partName(name, fmt.Sprintf("%x", time.Now().UnixNano()), 0)
		if err := linkNameless(p.f, p.dir.handle, p.name); err != nil {
			p.name = ""
			return err
		}
	}
	if runtime.GOOS == "windows" { // an open file keeps its name there
		_ = p.f.Close()
	}
	if replace {
		if err := p.replaceable(name); err != nil {
			return err
		}
		if err := p.dir.root.Rename(p.name, name); err != nil {
			return err
		}
		return p.close()
	}
	return p.link(name)
}

// replaceable refuses to rename over what is no file.
func (p *Part) replaceable(name string) error {
	info, err := p.dir.root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return &fs.PathError{Op: "replace", Path: name, Err: errors.New("not a regular file")}
	}
	return nil
}

func (p *Part) link(name string) error {
	err := p.dir.root.Link(p.name, name)
	switch {
	case err == nil:
		if err := p.dir.root.Remove(p.name); err != nil {
			return fmt.Errorf("remove the part file: %w", err)
		}
		return p.close()
	case errors.Is(err, fs.ErrExist), !unsupported(err):
		return err
	}
	// No hard links here (FAT, some network mounts): hold the name with an empty
	// file, then rename over it.
	hold, err := p.dir.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	hold.Close()
	if err := p.dir.root.Rename(p.name, name); err != nil {
		return errors.Join(err, p.dir.root.Remove(name))
	}
	return p.close()
}

// close is for a part that has its final name. A failed close is a failed write.
func (p *Part) close() error {
	if err := p.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close the file: %w", err)
	}
	return nil
}
