package crashfs

import (
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

func (d *disk) SameOwner(_, _ fs.FileInfo) bool { return true }
func (d *disk) SameGroup(_, _ fs.FileInfo) bool { return true }

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
