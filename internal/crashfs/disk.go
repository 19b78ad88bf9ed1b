package crashfs

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// disk is an FS as one process has it open.
type disk struct {
	fs   *FS
	life int
}

// enter locks the disk; it is ErrCrashed for a process that has.
func (d *disk) enter() error {
	d.fs.mu.Lock()
	if d.life != d.fs.life {
		d.fs.mu.Unlock()
		return ErrCrashed
	}
	return nil
}

func (d *disk) leave() { d.fs.mu.Unlock() }

func (d *disk) Open(name string, flag int, _ fs.FileMode) (partfile.File, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	in := d.fs.names[name]
	switch {
	case in != nil && flag&os.O_EXCL != 0:
		return nil, pathError("open", name, fs.ErrExist)
	case in == nil && flag&os.O_CREATE == 0:
		return nil, pathError("open", name, fs.ErrNotExist)
	case in == nil:
		in = d.fs.create(name)
	}
	d.fs.open++
	return &file{disk: d, in: in, name: name}, nil
}

func (d *disk) Nameless() (partfile.File, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	if d.fs.traits.NoNameless {
		return nil, pathError("open", "", syscall.ENOTSUP)
	}
	d.fs.open++
	return &file{disk: d, in: d.fs.create("")}, nil
}

func (d *disk) Lstat(name string) (fs.FileInfo, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	in := d.fs.names[name]
	if in == nil {
		return nil, pathError("lstat", name, fs.ErrNotExist)
	}
	return d.info(in, name), nil
}

func (d *disk) info(in *inode, name string) info {
	return info{in, name, in.now.size, in.now.mtime, d.fs.links(in)}
}

func (d *disk) Absent(name string) bool {
	if d.enter() != nil {
		return false
	}
	defer d.leave()
	return d.fs.names[name] == nil
}

func (d *disk) Names(n int) ([]string, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	all := sortedKeys(d.fs.names)
	return all[:min(n, len(all))], nil
}

func (d *disk) Link(f partfile.File, name, to string) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	in := f.(*file).in
	switch {
	case d.fs.traits.NoLink, d.fs.traits.NoLinkOpen && name == "":
		return pathError("link", to, syscall.ENOTSUP)
	case d.fs.traits.NoLinkOpen:
		in = d.fs.names[name]
	}
	if in == nil || !in.orphan && d.fs.links(in) == 0 {
		return pathError("link", to, fs.ErrNotExist)
	}
	if d.fs.names[to] != nil {
		return pathError("link", to, fs.ErrExist)
	}
	d.fs.change(change{to: in})
	return nil
}

func (d *disk) Rename(name, to string) error { return d.rename(name, to, true) }

func (d *disk) RenameNew(name, to string) error {
	if d.fs.traits.NoRenameNew {
		return pathError("rename", to, syscall.ENOTSUP)
	}
	return d.rename(name, to, false)
}

func (d *disk) rename(name, to string, replace bool) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	in := d.fs.names[name]
	switch {
	case in == nil:
		return pathError("rename", name, fs.ErrNotExist)
	case !replace && d.fs.names[to] != nil:
		return pathError("rename", to, fs.ErrExist)
	case d.fs.names[to] == in: // POSIX: two names of one file stay two
		return nil
	}
	d.fs.change(change{name: nil, to: in})
	return nil
}

func (d *disk) Remove(name string) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	if d.fs.names[name] == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	d.fs.change(change{name: nil})
	return nil
}

func (d *disk) Sync() error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	for _, ch := range d.fs.pending {
		d.fs.settle(ch)
	}
	d.fs.pending = nil
	return nil
}

func (d *disk) Close() error { return nil }

func (d *disk) Same(a, b fs.FileInfo) bool { return a.(info).in == b.(info).in }
func (d *disk) Links(i fs.FileInfo) uint64 { return i.(info).links }
func (d *disk) Ours(fs.FileInfo) bool      { return true }

// info describes a file as it was.
type info struct {
	in    *inode
	name  string
	size  int64
	mtime time.Time
	links uint64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o600 }
func (i info) ModTime() time.Time { return i.mtime }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// file is an open file.
type file struct {
	*disk
	in     *inode
	name   string // that it was opened by
	pos    int64
	closed bool
}

func (f *file) enter() error {
	if err := f.disk.enter(); err != nil {
		return err
	}
	if f.closed {
		f.leave()
		return pathError("use", f.name, os.ErrClosed)
	}
	return nil
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	if err := f.enter(); err != nil {
		return 0, err
	}
	defer f.leave()
	n := f.in.read(b, off)
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Read(b []byte) (int, error) {
	n, err := f.ReadAt(b, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	if err := f.enter(); err != nil {
		return 0, err
	}
	defer f.leave()
	f.in.write(b, off, f.fs.tick())
	return len(b), nil
}

func (f *file) Write(b []byte) (int, error) {
	n, err := f.WriteAt(b, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *file) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{f}, r) }

func (f *file) Stat() (fs.FileInfo, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.leave()
	return f.info(f.in, f.name), nil
}

func (f *file) Truncate(size int64) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	f.in.truncate(size, f.fs.tick())
	return nil
}

func (f *file) Sync() error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	if err := f.fs.refuse; err != nil {
		f.fs.refuse = nil
		f.in.failSync()
		return pathError("sync", f.name, err)
	}
	f.in.sync()
	return nil
}

func (f *file) Lock() error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	if f.in.locked != nil && f.in.locked != f {
		return partfile.ErrLocked
	}
	f.in.locked = f
	return nil
}

func (f *file) Preallocate(int64) error { return nil }

func (f *file) SetTime(t time.Time) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	f.in.now.mtime = t
	return nil
}

func (f *file) Close() error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	f.closed = true
	f.fs.open--
	if f.in.locked == f {
		f.in.locked = nil
	}
	return nil
}
