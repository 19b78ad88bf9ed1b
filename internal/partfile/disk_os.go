package partfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// osDisk is a directory of the operating system. Everything goes through its handles,
// so that a symbolic link cannot lead out of it.
type osDisk struct {
	root   *os.Root
	handle *os.File // the directory itself, for calls that os.Root has no name for
	path   string   // where it was when it was opened; what is there now is told by the handle
}

// OpenDisk opens the directory dir of the operating system, and below it sub, creating
// both.
func OpenDisk(dir, sub string) (Disk, error) {
	path, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(sub)))
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return nil, fmt.Errorf("create the save directory: %w", err)
	}
	root, err := os.OpenRoot(dir + inside)
	if err != nil {
		return nil, fmt.Errorf("open the save directory: %w", err)
	}
	if sub != "" && sub != "." {
		outer := root
		defer outer.Close()
		if err := outer.MkdirAll(filepath.FromSlash(sub), 0o777); err != nil {
			return nil, fmt.Errorf("create the sub-directory: %w", err)
		}
		if root, err = outer.OpenRoot(filepath.FromSlash(sub) + inside); err != nil {
			return nil, fmt.Errorf("open the sub-directory: %w", err)
		}
	}
	handle, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("open the save directory: %w", err)
	}
	return &osDisk{root, handle, path}, nil
}

func (d *osDisk) Open(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := d.root.OpenFile(name, flag|largeFile|noBlock, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d *osDisk) Nameless() (File, error) {
	return openNameless(d.handle)
}

func (d *osDisk) Lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(name) }
func (d *osDisk) Absent(name string) bool                { return absent(d.handle, name) }
func (d *osDisk) Rename(name, to string) error           { return busy(d.root.Rename(name, to)) }
func (d *osDisk) RenameNew(name, to string) error        { return renameNew(d.handle, name, to) }
func (d *osDisk) Sync() error                            { return d.handle.Sync() }
func (d *osDisk) Close() error                           { return errors.Join(d.handle.Close(), d.root.Close()) }

func (d *osDisk) Names(n int) ([]string, error) {
	if _, err := d.handle.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	list, err := d.handle.Readdirnames(n)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

func (d *osDisk) Link(f File, name, to string) error {
	if name != "" {
		return busy(d.root.Link(name, to))
	}
	return linkOpen(f, d.handle, to)
}

func (d *osDisk) Same(a, b fs.FileInfo) bool    { return same(a, b) }
func (d *osDisk) Links(info fs.FileInfo) uint64 { return links(info) }
func (d *osDisk) Ours(info fs.FileInfo) bool    { return ownedByUs(info) }

func (d *osDisk) SameOwner(a, b fs.FileInfo) bool { return sameOwner(a, b) }
func (d *osDisk) SameGroup(a, b fs.FileInfo) bool { return sameGroup(a, b) }

// Remove goes by the directory's handle, where the system can: on some volumes, and where Wine
// passes for Windows, nothing can be removed in that way. Then it goes by the path.
func (d *osDisk) Remove(name string) error {
	err := d.root.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || !d.isAt(name) {
		return err
	}
	return os.Remove(filepath.Join(d.path, name))
}

// isAt reports whether the directory's path leads to it, and to the file in it that has a name:
// it may have been moved, and something else, or a link, be there.
func (d *osDisk) isAt(name string) bool {
	same := func(a fs.FileInfo, err error, b fs.FileInfo, too error) bool {
		return err == nil && too == nil && os.SameFile(a, b)
	}
	here, err := d.handle.Stat()
	there, too := os.Stat(d.path)
	if !same(here, err, there, too) {
		return false
	}
	here, err = d.root.Lstat(name)
	there, too = os.Lstat(filepath.Join(d.path, name))
	return same(here, err, there, too)
}

type osFile struct{ *os.File }

// ReadFrom lets the system copy between two files of its own, where it does.
func (f osFile) ReadFrom(r io.Reader) (int64, error) {
	from := r
	limit, limited := r.(*io.LimitedReader)
	if limited {
		from = limit.R
	}
	o, ok := from.(osFile)
	if !ok {
		return f.File.ReadFrom(r)
	}
	from = o.File
	if limited {
		from = &io.LimitedReader{R: o.File, N: limit.N}
	}
	n, err := f.File.ReadFrom(from)
	if n == 0 && err != nil && !IsFull(err) {
		return io.Copy(struct{ io.Writer }{f.File}, struct{ io.Reader }{from})
	}
	return n, err
}

// Handle is the file itself.
func (f osFile) Handle() *os.File { return f.File }

func (f osFile) descriptor() int { return int(f.Fd()) }

func (f osFile) Lock() error { return lock(f.File) }
func (f osFile) Preallocate(from, upto, size int64) error {
	return preallocate(f.File, from, upto, size)
}
func (f osFile) Punch(lo, hi int64) error    { return punch(f.File, lo, hi) }
func (f osFile) SetTime(t time.Time) error   { return setTime(f.File, t) }
func (f osFile) SetMode(m fs.FileMode) error { return chmod(f.File, m) }

func (f osFile) SetOwner(like fs.FileInfo) error { return chown(f.File, like) }

func (f osFile) Mark() ([]byte, error)  { return getMark(f.File) }
func (f osFile) SetMark(b []byte) error { return setMark(f.File, b) }
