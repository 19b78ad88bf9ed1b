package faultdisk

import (
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// disk is a directory that has faults.
type disk struct {
	partfile.Disk
	faults *Faults
}

// do does an operation unless it is to fail.
func do(f *Faults, op, name string, end int64, real func() error) error {
	switch err := f.judge(op, name, end); err {
	case nil:
		return real()
	case ErrPretend:
		return nil
	default:
		return err
	}
}

func (d *disk) Open(name string, flag int, perm fs.FileMode) (partfile.File, error) {
	op := Open
	if flag&os.O_CREATE != 0 {
		op = Create
	}
	if err := d.faults.judge(op, name, 0); err != nil {
		return nil, err
	}
	f, err := d.Disk.Open(name, flag, perm)
	return d.file(f, name, err)
}

func (d *disk) Nameless() (partfile.File, error) {
	if err := d.faults.judge(Nameless, "", 0); err != nil {
		return nil, err
	}
	f, err := d.Disk.Nameless()
	return d.file(f, "", err)
}

func (d *disk) file(f partfile.File, name string, err error) (partfile.File, error) {
	if err != nil {
		return nil, err
	}
	return &file{f, name, d.faults}, nil
}

func (d *disk) Lstat(name string) (info fs.FileInfo, err error) {
	err = do(d.faults, Lstat, name, 0, func() error { info, err = d.Disk.Lstat(name); return err })
	return info, err
}

func (d *disk) Absent(name string) bool {
	return d.faults.judge(Lstat, name, 0) == nil && d.Disk.Absent(name)
}

func (d *disk) Names(n int) (list []string, err error) {
	err = do(d.faults, Names, "", 0, func() error { list, err = d.Disk.Names(n); return err })
	return list, err
}

func (d *disk) Link(f partfile.File, name, to string) error {
	return do(d.faults, Link, to, 0, func() error { return d.Disk.Link(f.(*file).File, name, to) })
}

func (d *disk) Rename(name, to string) error {
	return do(d.faults, Rename, to, 0, func() error { return d.Disk.Rename(name, to) })
}

func (d *disk) RenameNew(name, to string) error {
	return do(d.faults, RenameNew, to, 0, func() error { return d.Disk.RenameNew(name, to) })
}

func (d *disk) Remove(name string) error {
	return do(d.faults, Remove, name, 0, func() error { return d.Disk.Remove(name) })
}

func (d *disk) Sync() error { return do(d.faults, SyncDir, "", 0, d.Disk.Sync) }

// file is a file that has faults.
type file struct {
	partfile.File
	name   string // as it was opened; "" for none
	faults *Faults
}

func (f *file) Read(b []byte) (n int, err error) {
	err = do(f.faults, Read, f.name, 0, func() error { n, err = f.File.Read(b); return err })
	return n, err
}

func (f *file) ReadAt(b []byte, off int64) (n int, err error) {
	err = do(f.faults, Read, f.name, off+int64(len(b)), func() error { n, err = f.File.ReadAt(b, off); return err })
	return n, err
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	switch err := f.faults.judge(Write, f.name, off+int64(len(b))); err {
	case nil:
		return f.File.WriteAt(b, off)
	case ErrShort:
		return f.File.WriteAt(b[:len(b)/2], off)
	case ErrPretend:
		return len(b), nil
	default:
		return 0, err
	}
}

func (f *file) ReadFrom(r io.Reader) (int64, error) {
	if err := f.faults.judge(Write, f.name, 0); err != nil {
		return 0, err
	}
	if limit, ok := r.(*io.LimitedReader); ok {
		if other, ok := limit.R.(*file); ok {
			r = &io.LimitedReader{R: other.File, N: limit.N}
		}
	} else if other, ok := r.(*file); ok {
		r = other.File
	}
	return f.File.ReadFrom(r)
}

func (f *file) Stat() (info fs.FileInfo, err error) {
	err = do(f.faults, Stat, f.name, 0, func() error { info, err = f.File.Stat(); return err })
	return info, err
}

func (f *file) Truncate(size int64) error {
	return do(f.faults, Truncate, f.name, 0, func() error { return f.File.Truncate(size) })
}

func (f *file) Preallocate(from, upto, size int64) error {
	return do(f.faults, Preallocate, f.name, upto, func() error { return f.File.Preallocate(from, upto, size) })
}

func (f *file) SetTime(t time.Time) error {
	return do(f.faults, SetTime, f.name, 0, func() error { return f.File.SetTime(f.faults.held(t)) })
}

func (f *file) SetMode(mode fs.FileMode) error {
	return do(f.faults, SetMode, f.name, 0, func() error { return f.File.SetMode(mode) })
}

func (f *file) SetOwner(like fs.FileInfo) error {
	return do(f.faults, SetOwner, f.name, 0, func() error { return f.File.SetOwner(like) })
}

func (f *file) SetMark(b []byte) error {
	return do(f.faults, SetMark, f.name, 0, func() error { return f.File.SetMark(b) })
}

func (f *file) Mark() (b []byte, err error) {
	err = do(f.faults, GetMark, f.name, 0, func() error { b, err = f.File.Mark(); return err })
	return b, err
}

func (f *file) Sync() error { return do(f.faults, Sync, f.name, 0, f.File.Sync) }
func (f *file) Lock() error { return do(f.faults, Lock, f.name, 0, f.File.Lock) }

// Close always closes, whatever it says.
func (f *file) Close() error {
	err := f.File.Close()
	if fault := f.faults.judge(Close, f.name, 0); fault != nil && fault != ErrPretend {
		return fault
	}
	return err
}
