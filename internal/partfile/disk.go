package partfile

import (
	"io"
	"io/fs"
	"time"
)

// Disk is one directory, as its parts need it: the operating system's, or one that a
// test lets fail or crash. Names are plain file names. Errors are those of package fs
// where it has one; what a file system cannot do is an error that Unsupported reports.
type Disk interface {
	// Open opens a file below the directory, as os.OpenFile does, but never waits for somebody
	// to open its other end.
	Open(name string, flag int, perm fs.FileMode) (File, error)
	// Nameless makes a file that has no name yet.
	Nameless() (File, error)
	// Lstat does not follow a symbolic link.
	Lstat(name string) (fs.FileInfo, error)
	// Absent reports, as cheaply as may be, that nothing has the name; false may also
	// mean that it is not known.
	Absent(name string) bool
	// Names lists at most n names, from the first on.
	Names(n int) ([]string, error)
	// Link gives a file a further name that nothing has: an open file, or, where name is
	// not empty, the one that has that name.
	Link(f File, name, to string) error
	Rename(name, to string) error
	// RenameNew replaces nothing.
	RenameNew(name, to string) error
	Remove(name string) error
	// Sync makes names survive a power cut.
	Sync() error
	Close() error

	Same(a, b fs.FileInfo) bool
	Links(fs.FileInfo) uint64
	Ours(fs.FileInfo) bool // of this process's user
	SameOwner(a, b fs.FileInfo) bool
	SameGroup(a, b fs.FileInfo) bool
}

// File is an open file. ReadAt and WriteAt may be called concurrently.
type File interface {
	io.Reader
	io.ReaderAt
	io.WriterAt
	io.ReaderFrom
	io.Closer
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
	Sync() error
	// Lock takes the file for this process, or is ErrLocked.
	Lock() error
	// Preallocate reserves disk for bytes [from, upto) of what will have a size, without changing
	// the length.
	Preallocate(from, upto, size int64) error
	// Punch gives back the disk of a stretch, which is zeros then, where files can have holes.
	Punch(lo, hi int64) error
	SetTime(t time.Time) error
	// SetMode sets who may read and write the file, where the system has that.
	SetMode(fs.FileMode) error
	// SetOwner gives the file another's owner and group, or the group alone.
	SetOwner(like fs.FileInfo) error
	// Mark returns what SetMark has attached to the file; an error where there is nothing, or
	// files can have nothing attached.
	Mark() ([]byte, error)
	SetMark([]byte) error
}
