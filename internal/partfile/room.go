package partfile

import "io/fs"

// WithRoom has a function that opens directories, and what it opens, try once more where
// makeRoom says of an error that there may be room now.
func WithRoom(open func(dir, sub string) (*Dir, error), makeRoom func(error) bool) func(dir, sub string) (*Dir, error) {
	return func(dir, sub string) (*Dir, error) {
		d, err := open(dir, sub)
		if err != nil && makeRoom(err) {
			d, err = open(dir, sub)
		}
		if err == nil {
			d.disk = roomy{d.disk, makeRoom}
		}
		return d, err
	}
}

// roomy is a disk of a process that may have few files open.
type roomy struct {
	Disk
	makeRoom func(error) bool
}

// Open implements Disk.
func (r roomy) Open(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := r.Disk.Open(name, flag, perm)
	if err != nil && r.makeRoom(err) {
		return r.Disk.Open(name, flag, perm)
	}
	return f, err
}

// Nameless implements Disk.
func (r roomy) Nameless() (File, error) {
	f, err := r.Disk.Nameless()
	if err != nil && r.makeRoom(err) {
		return r.Disk.Nameless()
	}
	return f, err
}
