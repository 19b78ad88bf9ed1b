// Package partfile keeps an incomplete file out of sight until it is whole.
//
// Downloads write at many offsets, are interrupted, and share a directory with
// the user's own files, with planted links and with other processes. Everything
// here happens inside one directory handle (os.Root, so a symbolic link cannot
// lead out of it), a part has a name that shows what it is, or none at all, and
// Publish gives the final name to a complete file in one step without replacing
// what has it already. A part that may outlive its process has a journal beside
// it, from which Resume knows what to believe of it.
package partfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrLocked says that another process, or another downloader, holds the part.
var ErrLocked = errors.New("the file is being downloaded already, by another process or another downloader")

// ErrUnsynced says that the system could not bring to the disk what it had taken: what
// it says of the file since may be a lie, and nothing of it is to be believed.
var ErrUnsynced = errors.New("the disk did not take what was written")

// ErrBusy says that another program has the file open, a virus scanner say, and the
// system lets nobody rename it meanwhile. It may be tried again in a moment.
var ErrBusy = errors.New("another program has the file open")

// Dir is a directory that files are stored in. Safe for concurrent use.
type Dir struct {
	disk Disk
	// Whether nameless files work here; learned by trying.
	nameless atomic.Bool
	// Whether files here can have no marks; learned likewise.
	unmarkable atomic.Bool
	// Whether files here have the very time that they are given, where that is an even number of
	// seconds, and where it is an odd one; learned by looking.
	exact [2]atomic.Bool
	given atomic.Pointer[fs.FileInfo] // a file that was made here; nil: not asked yet
	// What had a name here when the directory was opened; nil: too much to know. It
	// spares a system call for every file that is new.
	names map[string]struct{}
	left  map[string][]string // the parts that something was left of, by key

	shared atomic.Bool // others put files here at the same time

	keptMu sync.Mutex
	kept   map[string][]string // as left: the parts that this process has left since
	marks  atomic.Pointer[marks]
	inUse  inUse

	unremoved unremoved
}

// maxNames is how many names of a directory are remembered.
const maxNames = 4096

// OpenDir opens the directory dir, and below it sub (slash-separated, may be
// ""), creating both. Sub cannot lead out of dir, not by symbolic links either.
func OpenDir(dir, sub string) (*Dir, error) {
	disk, err := OpenDisk(dir, sub)
	if err != nil {
		return nil, err
	}
	return NewDir(disk), nil
}

// NewDir is OpenDir for a directory that is open. Close closes it.
func NewDir(disk Disk) *Dir {
	d := &Dir{disk: disk}
	d.nameless.Store(namelessPossible())
	d.unmarkable.Store(!marksPossible)
	d.marks.Store(&marks{})
	d.readNames()
	return d
}

// Close releases the handle.
func (d *Dir) Close() error { return d.disk.Close() }

// Stat describes what has a name, without following a symbolic link.
func (d *Dir) Stat(name string) (fs.FileInfo, error) {
	if d.disk.Absent(name) {
		return nil, fs.ErrNotExist
	}
	return d.disk.Lstat(name)
}

// New reports that nothing had the name when the directory was opened, as far as that
// is known. What came since is for Publish to find out.
func (d *Dir) New(name string) bool {
	if d.names == nil || d.shared.Load() {
		return false
	}
	_, old := d.names[strings.ToLower(name)]
	return !old
}

// readNames remembers what is in the directory.
func (d *Dir) readNames() {
	list, err := d.disk.Names(maxNames + 1)
	if len(list) > maxNames || err != nil {
		return
	}
	d.names = make(map[string]struct{}, len(list))
	for _, n := range list {
		d.names[strings.ToLower(n)] = struct{}{} // some file systems ignore case
		if part, key, ok := leftPart(n); ok && !slices.Contains(d.left[key], part) {
			if d.left == nil {
				d.left = map[string][]string{}
			}
			d.left[key] = append(d.left[key], part)
		}
	}
}

// Open opens a regular file for reading; a symbolic link is not followed.
func (d *Dir) Open(name string) (File, error) {
	f, _, err := d.openRegular(name, os.O_RDONLY)
	return f, err
}

// Sync makes names given so far survive a power cut, where the system can.
func (d *Dir) Sync() error {
	if err := d.disk.Sync(); err != nil && !unsupported(err) {
		return fmt.Errorf("sync the save directory: %w", err)
	}
	return nil
}

// errSwapped: the name led to one file, then to another.
var errSwapped = errors.New("changed while it was opened")

// openRegular opens what has the name if it is a regular file, and makes sure
// that it is the very file that was looked at: no link that is swapped in leads
// elsewhere. A FIFO that is does not block us: Disk.Open does not wait.
func (d *Dir) openRegular(name string, flag int) (File, fs.FileInfo, error) {
	seen, err := d.disk.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := d.disk.Open(name, flag, 0)
	if err != nil {
		return nil, nil, err
	}
	got, err := f.Stat()
	if err != nil || !got.Mode().IsRegular() || !d.disk.Same(seen, got) { // a FIFO may have got the file's number
		f.Close()
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errSwapped}
	}
	return f, got, nil
}

// isStill reports whether a name leads to an open file.
func (d *Dir) isStill(name string, f File) bool {
	now, err := d.disk.Lstat(name)
	if err != nil {
		return false
	}
	mine, err := f.Stat()
	return err == nil && d.disk.Same(now, mine)
}

// SyncFile makes a file and its name survive a power cut, where the system can.
func (d *Dir) SyncFile(name string) error {
	if info, err := d.disk.Lstat(name); err == nil && info.Mode().IsRegular() {
		f, err := d.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil && !unsupported(err) {
			return fmt.Errorf("sync the file: %w", err)
		}
	}
	return d.Sync()
}
