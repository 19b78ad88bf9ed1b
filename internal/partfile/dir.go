// Package partfile keeps an incomplete file out of sight until it is whole.
//
// Downloads write at many offsets, are interrupted, and share a directory with
// the user's own files, with planted links and with other processes. Everything
// here happens inside one directory handle (os.Root, so a symbolic link cannot
// lead out of it), a part has a name that shows what it is, or none at all, and
// Publish gives the final name to a complete file in one step without replacing
// what has it already.
package partfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// ErrLocked says that another process, or another downloader, holds the part.
var ErrLocked = errors.New("another process is downloading this file")

// Suffix ends the name of a part that may outlive its transfer.
const Suffix = ".ldpart"

const maxName = 255 // bytes; what common file systems allow

// Dir is a directory that files are stored in. Safe for concurrent use.
type Dir struct {
	root   *os.Root
	handle *os.File // the directory itself, for calls that os.Root has no name for
	// Whether nameless files work here; learned by trying.
	nameless atomic.Bool
	// What had a name here when the directory was opened; nil: too much to know. It
	// spares a system call for every file that is new.
	names map[string]struct{}
}

// maxNames is how many names of a directory are remembered.
const maxNames = 4096

// OpenDir opens the directory dir, and below it sub (slash-separated, may be
// ""), creating both. Sub cannot lead out of dir, not by symbolic links either.
func OpenDir(dir, sub string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("create the save directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the save directory: %w", err)
	}
	if sub != "" && sub != "." {
		outer := root
		defer outer.Close()
		if err := outer.MkdirAll(filepath.FromSlash(sub), 0o777); err != nil {
			return nil, fmt.Errorf("create the sub-directory: %w", err)
		}
		if root, err = outer.OpenRoot(filepath.FromSlash(sub)); err != nil {
			return nil, fmt.Errorf("open the sub-directory: %w", err)
		}
	}
	handle, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("open the save directory: %w", err)
	}
	d := &Dir{root: root, handle: handle}
	d.nameless.Store(namelessPossible())
	d.readNames()
	return d, nil
}

// Close releases the handle.
func (d *Dir) Close() error { return errors.Join(d.handle.Close(), d.root.Close()) }

// Stat describes what has a name, without following a symbolic link.
func (d *Dir) Stat(name string) (fs.FileInfo, error) {
	if absent(d.handle, name) {
		return nil, fs.ErrNotExist
	}
	return d.root.Lstat(name)
}

// New reports that nothing had the name when the directory was opened, as far as that
// is known. What came since is for Publish to find out.
func (d *Dir) New(name string) bool {
	if d.names == nil {
		return false
	}
	_, old := d.names[strings.ToLower(name)]
	return !old
}

// readNames remembers what is in the directory.
func (d *Dir) readNames() {
	list, err := d.handle.Readdirnames(maxNames + 1)
	if len(list) > maxNames || err != nil && !errors.Is(err, io.EOF) {
		return
	}
	d.names = make(map[string]struct{}, len(list))
	for _, n := range list {
		d.names[strings.ToLower(n)] = struct{}{} // some file systems ignore case
	}
}

// Open opens a regular file for reading; a symbolic link is not followed.
func (d *Dir) Open(name string) (*os.File, error) {
	f, _, err := d.openRegular(name, os.O_RDONLY)
	return f, err
}

// Sync makes names given so far survive a power cut, where the system can.
func (d *Dir) Sync() error {
	if err := d.handle.Sync(); err != nil && !unsupported(err) {
		return fmt.Errorf("sync the save directory: %w", err)
	}
	return nil
}

// openRegular opens what has the name if it is a regular file, and makes sure
// that it is the very file that was looked at: no FIFO blocks us, no link that
// is swapped in leads elsewhere.
func (d *Dir) openRegular(name string, flag int) (*os.File, fs.FileInfo, error) {
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, nil, err
	}
	got, err := f.Stat()
	if err != nil || !os.SameFile(seen, got) {
		f.Close()
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("changed while it was opened")}
	}
	return f, got, nil
}

// Create makes an empty part for the final name. Key tells parts of different
// sources apart. A part left under that name by an earlier process is emptied; one
// that is in use is ErrLocked.
func (d *Dir) Create(name, key string) (*Part, error) {
	for n := range 10 {
		p, err := d.create(partName(name, key, n))
		if !errors.Is(err, errUnsafe) {
			return p, err
		}
	}
	return nil, fmt.Errorf("create a part file: every name for it is taken by something else")
}

// errUnsafe: the part's name is taken by what cannot be a part of ours.
var errUnsafe = errors.New("unsafe part file")

func (d *Dir) create(name string) (*Part, error) {
	for range 3 { // a part may vanish between two looks, when its owner publishes it
		f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return d.adopt(f, name)
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create the part file: %w", err)
		}
		f, info, err := d.openRegular(name, os.O_RDWR)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || !ownedByUs(info) {
			if f != nil {
				f.Close()
			}
			return nil, errUnsafe
		}
		if links(info) > 1 {
			// Another name of a file: a crash between link and unlink, or planted. The
			// bytes are not ours to truncate, the name is.
			f.Close()
			if err := d.root.Remove(name); err != nil {
				return nil, errUnsafe
			}
			continue
		}
		return d.adopt(f, name)
	}
	return nil, errUnsafe
}

// adopt locks and empties f.
func (d *Dir) adopt(f *os.File, name string) (*Part, error) {
	if err := lock(f); err != nil {
		f.Close()
		return nil, err
	}
	now, err := d.root.Lstat(name)
	mine, err2 := f.Stat()
	if err != nil || err2 != nil || !os.SameFile(now, mine) {
		f.Close()
		return nil, ErrLocked // somebody published or removed it before we had the lock
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("empty the part file: %w", err)
	}
	return &Part{dir: d, f: f, name: name}, nil
}

// Reopen opens a part again that Close has left behind, if nobody touched it since.
func (d *Dir) Reopen(k Kept) (*Part, error) {
	f, info, err := d.openRegular(k.Name, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the part file again: %w", err)
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, err
	}
	if !os.SameFile(info, k.info) || info.Size() != k.info.Size() || !info.ModTime().Equal(k.info.ModTime()) || links(info) > 1 {
		f.Close()
		return nil, errors.New("the part file was changed by somebody else")
	}
	return &Part{dir: d, f: f, name: k.Name}, nil
}

// partName keeps within the length that file systems allow.
func partName(name, key string, n int) string {
	tail := "." + key + Suffix
	if n > 0 {
		tail = "." + key + "-" + strconv.Itoa(n) + Suffix
	}
	name = path.Base(name)
	if over := len(name) + len(tail) - maxName; over > 0 {
		cut := len(name) - over
		for cut > 0 && name[cut]&0xC0 == 0x80 { // not inside a rune
			cut--
		}
		name = name[:cut]
	}
	return name + tail
}

// Kept identifies a part that outlived its transfer.
type Kept struct {
	Name string
	info fs.FileInfo
}

// Remove deletes a part that was kept, if it is still the same file.
func (d *Dir) Remove(k Kept) {
	if now, err := d.root.Lstat(k.Name); err == nil && os.SameFile(now, k.info) {
		_ = d.root.Remove(k.Name)
	}
}
