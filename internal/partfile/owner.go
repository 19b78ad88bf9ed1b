package partfile

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// What becomes of a file that is made in a directory. Many network file systems give it to
// another user than the one who has made it: to nobody, where root is squashed, or to the one
// that the volume was mounted for. Others hold only some dates.

// ours reports whether a file may be one that this user has left here: it is his, or has the
// owner that the directory gives to what he makes.
func (d *Dir) ours(info fs.FileInfo) bool {
	if d.disk.Ours(info) {
		return true
	}
	given := d.given.Load()
	if given == nil {
		if d.probe(func(File) error { return nil }) != nil {
			return false
		}
		given = d.given.Load()
	}
	return d.disk.SameOwner(*given, info)
}

// Held is a time as a file here has it that was given it: whole seconds, say, or even ones,
// or the last date that there is.
func (d *Dir) Held(t time.Time) (held time.Time, err error) {
	err = d.probe(func(f File) error {
		if err := f.SetTime(t); err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil {
			held = info.ModTime()
		}
		return err
	})
	return held, err
}

// probeName is what a file is called that is made to look at it.
const probeName = "probe"

// probe makes a file that is gone when it returns, and notes its owner.
func (d *Dir) probe(look func(File) error) error {
	noted := func(f File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		d.given.Store(&info)
		return look(f)
	}
	if d.nameless.Load() {
		if f, err := d.disk.Nameless(); err == nil {
			defer f.Close()
			return noted(f)
		}
	}
	name := newSpare(probeName)
	f, err := d.disk.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = noted(f)
	if err := errors.Join(err, f.Close(), d.remove(name)); err != nil {
		return err
	}
	d.clearSpares(probeName) // of processes that ended before they had removed theirs
	return nil
}
