package littledl

import (
	"sync"

	"github.com/littledl/littledl/internal/partfile"
)

// dirs keeps the save directories of a run open while files use them, and a few
// more, so that ten thousand files in one directory open it once and ten thousand
// directories do not use up the descriptors.
type dirs struct {
	openDir func(dir, sub string) (*partfile.Dir, error)

	mu   sync.Mutex
	byID map[dirID]*dirUse
	use  map[*partfile.Dir]*dirUse
	idle []*dirUse // least recently used first
}

type dirID struct{ dir, sub string }

type dirUse struct {
	id    dirID
	ready chan struct{} // closed when dir or err is set
	dir   *partfile.Dir
	err   error
	users int
}

const maxIdleDirs = 8

func newDirs(openDir func(dir, sub string) (*partfile.Dir, error)) *dirs {
	return &dirs{openDir: openDir, byID: map[dirID]*dirUse{}, use: map[*partfile.Dir]*dirUse{}}
}

// open returns a directory that close must be called for.
func (d *dirs) open(dir, sub string) (*partfile.Dir, error) {
	id := dirID{dir, sub}
	d.mu.Lock()
	u := d.byID[id]
	if u != nil {
		u.users++
		d.unidleLocked(u)
		d.mu.Unlock()
		<-u.ready // by whoever is opening it: no longer than that takes
		return u.dir, u.err
	}
	u = &dirUse{id: id, ready: make(chan struct{}), users: 1}
	d.byID[id] = u
	d.mu.Unlock()

	u.dir, u.err = d.openDir(dir, sub)
	if u.err != nil {
		u.err = &writeOpError{u.err}
	}
	d.mu.Lock()
	if u.err != nil {
		delete(d.byID, id) // the next one tries anew
	} else {
		d.use[u.dir] = u
	}
	d.mu.Unlock()
	close(u.ready)
	return u.dir, u.err
}

func (d *dirs) unidleLocked(u *dirUse) {
	for i, o := range d.idle {
		if o == u {
			d.idle = append(d.idle[:i], d.idle[i+1:]...)
			return
		}
	}
}

// close ends one use of a directory; nil is none.
func (d *dirs) close(dir *partfile.Dir) {
	if dir == nil {
		return
	}
	d.mu.Lock()
	u := d.use[dir]
	u.users--
	var old *dirUse
	if u.users == 0 {
		d.idle = append(d.idle, u)
		if len(d.idle) > maxIdleDirs {
			old = d.idle[0]
			d.idle = d.idle[1:]
			delete(d.byID, old.id)
			delete(d.use, old.dir)
		}
	}
	d.mu.Unlock()
	if old != nil {
		old.dir.Close()
	}
}

// closeAll is for the end, when nobody uses any.
func (d *dirs) closeAll() {
	for _, u := range d.use {
		u.dir.Close()
	}
}
