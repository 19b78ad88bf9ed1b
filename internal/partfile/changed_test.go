package partfile

import (
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// changed is a disk some of whose operations do something else.
type changed struct {
	Disk
	link              func(f File, name, to string) error
	rename, renameNew func(name, to string) error
	crowd             int                               // names beside those that are there
	file              func(name string, f *changedFile) // changes a file that was opened; "" for one without a name
}

// changedFile is a file some of whose operations do something else.
type changedFile struct {
	File
	lock, sync, close func() error
	write             func(b []byte, off int64) (int, error)
	setTime           func(time.Time) error
	stat              func() // is told of it
	reserved          func(from, upto int64) error
}

// onDisk is a directory on a disk that is changed.
func onDisk(t *testing.T, path string, c *changed) *Dir {
	t.Helper()
	disk, err := OpenDisk(path, "")
	require.NoError(t, err)
	c.Disk = disk
	d := NewDir(c)
	t.Cleanup(func() { d.Close() })
	return d
}

// lockless gives everybody every lock, as some network file systems do.
func lockless() *changed {
	return &changed{file: func(_ string, f *changedFile) { f.lock = func() error { return nil } }}
}

func (d *changed) Open(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := d.Disk.Open(name, flag, perm)
	return d.opened(name, f), err
}

func (d *changed) Nameless() (File, error) {
	f, err := d.Disk.Nameless()
	return d.opened("", f), err
}

func (d *changed) opened(name string, f File) File {
	c := &changedFile{File: f}
	if d.file != nil {
		d.file(name, c)
	}
	return c
}

func (d *changed) Link(f File, name, to string) error {
	f = f.(*changedFile).File
	if d.link != nil {
		return d.link(f, name, to)
	}
	return d.Disk.Link(f, name, to)
}

func (d *changed) Names(n int) ([]string, error) {
	list, err := d.Disk.Names(n)
	for i := 0; i < d.crowd && len(list) < n; i++ {
		list = append(list, "one of many")
	}
	return list, err
}

func (d *changed) Rename(name, to string) error {
	if d.rename != nil {
		return d.rename(name, to)
	}
	return d.Disk.Rename(name, to)
}

func (d *changed) RenameNew(name, to string) error {
	if d.renameNew != nil {
		return d.renameNew(name, to)
	}
	return d.Disk.RenameNew(name, to)
}

func (f *changedFile) SetTime(t time.Time) error {
	if f.setTime != nil {
		return f.setTime(t)
	}
	return f.File.SetTime(t)
}

func (f *changedFile) Preallocate(from, upto, size int64) error {
	if f.reserved != nil {
		if err := f.reserved(from, upto); err != nil {
			return err
		}
	}
	return f.File.Preallocate(from, upto, size)
}

func (f *changedFile) Stat() (fs.FileInfo, error) {
	if f.stat != nil {
		f.stat()
	}
	return f.File.Stat()
}

func (f *changedFile) Lock() error {
	if f.lock != nil {
		return f.lock()
	}
	return f.File.Lock()
}

func (f *changedFile) Sync() error {
	if f.sync != nil {
		return f.sync()
	}
	return f.File.Sync()
}

// Close always closes, whatever it says.
func (f *changedFile) Close() error {
	err := f.File.Close()
	if f.close != nil {
		return f.close()
	}
	return err
}

func (f *changedFile) WriteAt(b []byte, off int64) (int, error) {
	if f.write != nil {
		return f.write(b, off)
	}
	return f.File.WriteAt(b, off)
}
