package crashfs

import (
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

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

func (f *file) Preallocate(_, _, _ int64) error { return nil }
func (f *file) Punch(_, _ int64) error          { return nil }

func (f *file) SetMode(fs.FileMode) error  { return nil }
func (f *file) SetOwner(fs.FileInfo) error { return nil }

func (f *file) SetTime(t time.Time) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	f.in.now.mtime = t
	return nil
}

func (f *file) Mark() ([]byte, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.leave()
	if f.in.now.mark == nil {
		return nil, pathError("look for a mark", f.name, os.ErrNotExist)
	}
	return f.in.now.mark, nil
}

func (f *file) SetMark(b []byte) error {
	if err := f.enter(); err != nil {
		return err
	}
	defer f.leave()
	f.in.now.mark = append([]byte(nil), b...)
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
