package disk

import (
	"slices"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/littledl/littledl/internal/partfile"
)

// Dirs keeps the save directories of a run open while files use them, and a few more, so
// that ten thousand files in one directory open it once and ten thousand directories do
// not use up the descriptors. It is safe for concurrent use.
type Dirs struct {
	openDir func(dir, sub string) (*partfile.Dir, error)
	opening singleflight.Group

	mu   sync.Mutex
	byID map[dirID]*dirUse
	use  map[*partfile.Dir]*dirUse
	idle []*dirUse // least recently used first
}

// dirID is a directory as it is spelled, and what is below it.
type dirID struct{ dir, sub string }

type dirUse struct {
	id    dirID
	dir   *partfile.Dir
	users int
	names map[string]*series // that several files were after
}

// maxIdleDirs is how many directories that nobody uses stay open.
const maxIdleDirs = 8

// NewDirs makes an empty set; openDir opens one directory and, below it, another.
func NewDirs(openDir func(dir, sub string) (*partfile.Dir, error)) *Dirs {
	return &Dirs{openDir: openDir, byID: map[dirID]*dirUse{}, use: map[*partfile.Dir]*dirUse{}}
}

// Open returns a directory that Close must be called for. All who want one that is not
// open wait for the first of them to open it, no longer than that takes.
func (d *Dirs) Open(dir, sub string) (*partfile.Dir, error) {
	id := dirID{dir, sub}
	for { // one that was opened may have been closed again, unused, by those who opened others
		if open := d.take(id); open != nil {
			return open, nil
		}
		_, err, _ := d.opening.Do(dir+"\x00"+sub, func() (any, error) { return nil, d.open(id) })
		if err != nil {
			return nil, err
		}
	}
}

// take begins a use of an open directory; nil: it is not open.
func (d *Dirs) take(id dirID) *partfile.Dir {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.byID[id]
	if u == nil {
		return nil
	}
	u.users++
	if i := slices.Index(d.idle, u); i >= 0 {
		d.idle = slices.Delete(d.idle, i, i+1)
	}
	return u.dir
}

// open opens a directory that nobody uses yet.
func (d *Dirs) open(id dirID) error {
	if d.isOpen(id) { // since it was looked for
		return nil
	}
	dir, err := d.openDir(id.dir, id.sub)
	if err != nil {
		return err
	}
	d.mu.Lock()
	u := &dirUse{id: id, dir: dir}
	d.byID[id], d.use[dir] = u, u
	old := d.restLocked(u)
	d.mu.Unlock()
	closeUnused(old)
	return nil
}

// series is what is known of the numbered forms of a name in an open directory.
func (d *Dirs) series(dir *partfile.Dir, name string) *series {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.use[dir]
	s := u.names[name]
	if s == nil {
		if u.names == nil {
			u.names = map[string]*series{}
		}
		s = &series{}
		u.names[name] = s
	}
	return s
}

func (d *Dirs) isOpen(id dirID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[id] != nil
}

// Close ends one use of a directory; nil is none.
func (d *Dirs) Close(dir *partfile.Dir) {
	if dir == nil {
		return
	}
	d.mu.Lock()
	var old *dirUse
	u := d.use[dir]
	if u.users--; u.users == 0 {
		old = d.restLocked(u)
	}
	d.mu.Unlock()
	closeUnused(old)
}

// restLocked keeps a directory that nobody uses, and returns one that makes room for it.
func (d *Dirs) restLocked(u *dirUse) (old *dirUse) {
	d.idle = append(d.idle, u)
	if len(d.idle) <= maxIdleDirs {
		return nil
	}
	old = d.idle[0]
	d.idle = slices.Delete(d.idle, 0, 1)
	delete(d.byID, old.id)
	delete(d.use, old.dir)
	return old
}

func closeUnused(u *dirUse) {
	if u != nil {
		u.dir.Close()
	}
}

// CloseAll is for the end, when nobody uses any.
func (d *Dirs) CloseAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir := range d.use {
		dir.Close()
	}
	clear(d.use)
	clear(d.byID)
	d.idle = nil
}
