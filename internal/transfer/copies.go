package transfer

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/safename"
	"github.com/littledl/littledl/internal/task"
)

// What a task does that has its file from another one: it looks whether that is still what
// was completed, and shares it or makes a copy.

// Why a duplicate has no file yet.
var (
	ErrWaits = errors.New("another task fetches the same file")
	errGone  = errors.New("the file that another task has completed is not what it was")
)

// fromFirst gives a duplicate whose turn has come what another task has completed. Not
// done: it has to fetch for itself. ErrWaits: another one is fetching.
func (e *Engine) fromFirst(t *task.Task) (done bool, err error) {
	for {
		turn, first := e.Table.Turn(t)
		switch turn {
		case task.Fetch:
			return false, nil
		case task.Follow:
			return false, ErrWaits
		case task.Share:
			err = e.share(t, first)
		case task.Copy:
			err = e.copyFirst(t, first)
		}
		if !errors.Is(err, errGone) {
			return true, err
		}
		e.warn("fetching the same file again", t, err)
		e.Table.Changed(first.Task)
	}
}

// share completes a task with another's file, if that is as it was.
func (e *Engine) share(t *task.Task, first task.Done) error {
	sub, base := safename.Split(first.Name)
	dir, err := e.Dirs.Open(first.Task.Dir(), sub)
	if err != nil {
		return errGone
	}
	defer e.Dirs.Close(dir)
	if !untouched(dir, base, first.Print) {
		return errGone
	}
	e.Table.Shared(t, first.Task)
	return nil
}

// printOf is by what the table knows the file of a task that has completed.
func printOf(id partfile.Identity) task.Print { return task.Print(id.Print()) }

// untouched reports whether a file is as it was when a task completed. The mark of one that
// is not is taken away: its time may have been set back.
func untouched(dir *partfile.Dir, base string, was task.Print) bool {
	info, err := dir.Stat(base)
	if err != nil {
		return false
	}
	if is, _ := partfile.IdentityOf(info); printOf(is) == was {
		return true
	}
	dir.Unmark(base)
	return false
}

// recheckBefore looks whether what a task of an earlier Start has completed was touched since,
// where this one is to have the same place.
func (f *File) recheckBefore() {
	first, ok := f.e.Table.Before(f.t)
	if !ok || !first.Shares {
		return
	}
	_, base := safename.Split(first.Name)
	if dir, err := f.target.Dir(); err == nil {
		_ = untouched(dir, base, first.Print)
	}
}

// copyFirst makes a task's file out of another's, if that is as it was.
func (e *Engine) copyFirst(t *task.Task, first task.Done) error {
	if first.Reused && e.Disk.Overwrite == disk.Skip { // whatever had the name was good enough there
		return errGone
	}
	f, err := e.newFile(t)
	if err != nil {
		return err
	}
	defer func() { f.release(false) }()
	err = f.copyOf(first, func(partfile.File, fs.FileInfo) bool { return true })
	if errors.Is(err, errKept) {
		return f.keepExisting()
	}
	if err == nil {
		e.copied(t, first)
	}
	return err
}

// copyBefore completes a task with a copy of what another has completed in an earlier
// Start, where the digest that was given or the server confirms that.
func (f *File) copyBefore() (bool, error) {
	first, ok := f.e.Table.Before(f.t)
	if !ok || f.pin != nil || f.target.State() != disk.Absent || first.Shares {
		return false, nil
	}
	given := f.hash
	defer func() { f.hash = given }()
	f.finder.Looked(reuse.Place{Dir: first.Task.Dir(), Name: first.Name})
	switch err := f.copyOf(first, f.confirmed); {
	case errors.Is(err, errGone):
		return false, nil
	case errors.Is(err, errKept):
		return true, f.keepExisting()
	case err != nil:
		return false, err
	}
	f.e.Reuse.Hit(first.Size)
	f.reused()
	return true, nil
}

// confirmed reports whether the server still has what an open file shows. A digest, of the
// caller's or the server's, is compared when the copy is made.
func (f *File) confirmed(in partfile.File, info fs.FileInfo) bool {
	if !f.hash.IsZero() {
		return true
	}
	told, ok := f.head(true) // it has come from this very URL
	if !ok || told.Pin.Size >= 0 && told.Pin.Size != info.Size() {
		return false
	}
	f.hash = told.Told
	mark := told.MarkOf(info.Size())
	return !told.Told.IsZero() || !mark.IsZero() && mark == partfile.ReadMark(in, info)
}

// copyOf makes a copy of what another task has completed, if that is as it was and
// confirmed. errKept: what is there already is the same.
func (f *File) copyOf(first task.Done, confirmed func(partfile.File, fs.FileInfo) bool) error {
	sub, base := safename.Split(first.Name)
	dir, err := f.e.Dirs.Open(first.Task.Dir(), sub)
	if err != nil {
		return errGone
	}
	defer f.e.Dirs.Close(dir)
	in, err := dir.Open(base)
	if err != nil {
		return errGone
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || !untouched(dir, base, first.Print) || !confirmed(in, info) {
		return errGone
	}
	if existing, err := f.settleName(f.copyName(first), reuse.Version{Pin: copyPin(info), Mark: partfile.ReadMark(in, info)}); err != nil {
		return err
	} else if existing {
		return errKept
	}
	if err = reuse.Make(f.life, f.target, in, info, f.hash); errors.Is(err, reuse.ErrChanged) {
		return errGone
	}
	if err == nil && !f.hash.IsZero() {
		f.e.Table.Verified(f.t)
	}
	return err
}

// copyName is what a copy is to be called: as the first is where that was named by the
// server or the caller, but without the number that it needed in its directory.
func (f *File) copyName(first task.Done) string {
	if f.spec.Filename != "" {
		return f.spec.Filename
	}
	_, base := safename.Split(first.Name)
	byURL := f.target.Want().Name
	if _, numbered := safename.NumberOf(byURL, base); numbered || f.t.URL() != first.Task.URL() {
		return byURL
	}
	return base
}

// copyPin is what the server had said of a file, as far as the file shows it.
func copyPin(info fs.FileInfo) httprange.Pin {
	p := httprange.Pin{Size: info.Size()}
	if m := info.ModTime(); m.Nanosecond() == 0 { // else it is no Last-Modified
		p.LastModified = m.UTC().Format(http.TimeFormat)
	}
	return p
}

// copied records that a task has a copy of another's file.
func (e *Engine) copied(t *task.Task, first task.Done) {
	if e.Table.Copied(t, first.Task) {
		e.Reuse.Checks.Add(1)
		e.Reuse.Hit(first.Size)
	}
}
