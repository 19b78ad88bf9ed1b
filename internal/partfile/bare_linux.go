package partfile

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bareFile is a file without a name, as long as it is no more than a descriptor: most are written,
// named and closed, and an os.File would cost each of them a system call and a finalizer.
type bareFile struct {
	fd   int // -1: it is closed
	once sync.Once
	file *os.File // made for what is seldom wanted; nil: not yet
}

func openNameless(dir *os.File) (File, error) {
	for {
		fd, err := unix.Openat(int(dir.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC|largeFile, 0o666)
		if err == nil {
			return &bareFile{fd: fd}, nil
		}
		if err != unix.EINTR {
			return nil, err
		}
	}
}

// full is the file for everything else. Once it is made it owns the descriptor.
func (f *bareFile) full() osFile {
	f.once.Do(func() { f.file = os.NewFile(uintptr(f.fd), "part") })
	return osFile{f.file}
}

func (f *bareFile) descriptor() int { return f.fd }

func (f *bareFile) WriteAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		m, err := unix.Pwrite(f.fd, b[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, &fs.PathError{Op: "write", Path: "part", Err: err}
		case m == 0:
			return n, io.ErrUnexpectedEOF
		default:
			n += m
		}
	}
	return n, nil
}

func (f *bareFile) Stat() (fs.FileInfo, error) {
	info := new(bareInfo)
	for {
		err := syscall.Fstat(f.fd, &info.Stat_t)
		if err == nil {
			return info, nil
		}
		if err != syscall.EINTR {
			return nil, &fs.PathError{Op: "stat", Path: "part", Err: err}
		}
	}
}

func (f *bareFile) SetTime(t time.Time) error { return setTimeOf(f.fd, t) }
func (f *bareFile) SetMark(b []byte) error    { return setMarkOf(f.fd, b) }

func (f *bareFile) Close() (err error) {
	f.once.Do(func() {}) // nor will it be made now
	if f.file != nil {
		err = f.file.Close()
	} else if err = unix.Close(f.fd); err == unix.EINTR { // it is closed, here
		err = nil
	}
	f.fd = -1
	return err
}

func (f *bareFile) Read(b []byte) (int, error)              { return f.full().Read(b) }
func (f *bareFile) ReadAt(b []byte, off int64) (int, error) { return f.full().ReadAt(b, off) }
func (f *bareFile) ReadFrom(r io.Reader) (int64, error)     { return f.full().ReadFrom(r) }
func (f *bareFile) Truncate(size int64) error               { return f.full().Truncate(size) }
func (f *bareFile) Sync() error                             { return f.full().Sync() }
func (f *bareFile) Lock() error                             { return f.full().Lock() }
func (f *bareFile) Preallocate(from, upto, size int64) error {
	return f.full().Preallocate(from, upto, size)
}
func (f *bareFile) Punch(lo, hi int64) error        { return f.full().Punch(lo, hi) }
func (f *bareFile) SetMode(m fs.FileMode) error     { return f.full().SetMode(m) }
func (f *bareFile) SetOwner(like fs.FileInfo) error { return f.full().SetOwner(like) }
func (f *bareFile) Mark() ([]byte, error)           { return f.full().Mark() }

// bareInfo is what is told of one: it is a regular file.
type bareInfo struct{ syscall.Stat_t }

func (i *bareInfo) Name() string       { return "part" }
func (i *bareInfo) Size() int64        { return i.Stat_t.Size }
func (i *bareInfo) Mode() fs.FileMode  { return fs.FileMode(i.Stat_t.Mode & 0o777) }
func (i *bareInfo) ModTime() time.Time { return time.Unix(i.Mtim.Unix()) }
func (i *bareInfo) IsDir() bool        { return false }
func (i *bareInfo) Sys() any           { return &i.Stat_t }
