package crashfs

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/littledl/littledl/internal/partfile"
)

// ErrCrashed is all that a process gets that has crashed.
var ErrCrashed = errors.New("the process has crashed")

// Traits are what a file system may lack.
type Traits struct {
	NoNameless  bool // no files without a name
	NoLinkOpen  bool // an open file cannot be linked, a name can
	NoLink      bool // no hard links at all, so of no use to files without a name either
	NoRenameNew bool // a rename always replaces
}

// FS is one directory and its disk. Its methods are safe for concurrent use.
type FS struct {
	traits Traits

	mu      sync.Mutex
	names   map[string]*inode // as processes see them
	disk    map[string]*inode // as they are on the platter
	pending []change          // what was done to names since they were synced, in order
	life    int               // a process of an earlier one is dead
	inodes  int
	clock   time.Time
	open    int // files
	refuse  error
}

// change is what one operation does to names, all of it or nothing; nil removes one.
type change map[string]*inode

// New is an empty directory.
func New(t Traits) *FS {
	t.NoNameless = t.NoNameless || t.NoLinkOpen || t.NoLink
	return &FS{
		traits: t, names: map[string]*inode{}, disk: map[string]*inode{},
		clock: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Disk is the directory as a new process opens it.
func (s *FS) Disk() partfile.Disk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &disk{s, s.life}
}

// Die ends all processes: whatever they do from now on fails with ErrCrashed.
func (s *FS) Die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life++
}

// FailSync makes the next sync of a file fail with err, as where the disk does not take
// the data: the pages are not written then, and no later sync writes them.
func (s *FS) FailSync(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

// Clone is a copy of everything but the processes.
func (s *FS) Clone() *FS {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &FS{traits: s.traits, names: map[string]*inode{}, disk: map[string]*inode{}, inodes: s.inodes, clock: s.clock}
	copies := map[*inode]*inode{nil: nil}
	of := func(in *inode) *inode {
		if _, ok := copies[in]; !ok {
			copies[in] = in.clone()
		}
		return copies[in]
	}
	for n, in := range s.names {
		c.names[n] = of(in)
	}
	for n, in := range s.disk {
		c.disk[n] = of(in)
	}
	for _, ch := range s.pending {
		d := change{}
		for n, in := range ch {
			d[n] = of(in)
		}
		c.pending = append(c.pending, d)
	}
	return c
}

// Killed is the disk after the process was killed: nothing is lost yet, but what was
// not synced still may be.
func (s *FS) Killed() *FS { return s.Clone() }

// Cut is the disk after the power was cut when nothing had reached it but what was synced.
func (s *FS) Cut() *FS { return s.cut(nil) }

// CutAt is the disk after the power was cut when any part of what was not synced had
// reached it.
func (s *FS) CutAt(r *rand.Rand) *FS { return s.cut(r) }

func (s *FS) cut(r *rand.Rand) *FS {
	c := s.Clone()
	if r != nil {
		for _, ch := range c.survivors(r) {
			c.settle(ch)
		}
	}
	c.pending = nil
	c.names = maps.Clone(c.disk)
	done := map[*inode]bool{}
	for _, n := range sortedKeys(c.names) {
		if in := c.names[n]; !done[in] {
			in.cut(r)
			done[in] = true
		}
	}
	return c
}

// survivors are the changes of names that have reached the disk: all up to one, as
// where a file system has a journal, or any.
func (s *FS) survivors(r *rand.Rand) (kept []change) {
	if r.IntN(2) == 0 {
		return s.pending[:r.IntN(len(s.pending)+1)]
	}
	luck := r.Float64()
	for _, ch := range s.pending {
		if r.Float64() < luck {
			kept = append(kept, ch)
		}
	}
	return kept
}

// settle gives the platter a change of names.
func (s *FS) settle(ch change) {
	for n, in := range ch {
		if in == nil {
			delete(s.disk, n)
		} else {
			s.disk[n] = in
		}
	}
}

// Background brings something of what was not synced to the platter, as systems do in
// their own time.
func (s *FS) Background(r *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range sortedKeys(s.names) {
		in := s.names[n]
		for _, p := range sortedKeys(in.dirty) {
			if r.IntN(4) == 0 {
				in.settle(p, in.now.pages[p])
			}
		}
		if r.IntN(4) == 0 {
			in.disk.size = in.now.size
		}
	}
	for len(s.pending) > 0 && r.IntN(4) == 0 {
		s.settle(s.pending[0])
		s.pending = s.pending[1:]
	}
}

// change does something to names.
func (s *FS) change(ch change) {
	for n, in := range ch {
		if in == nil {
			delete(s.names, n)
		} else {
			s.names[n] = in
			in.orphan = false
		}
	}
	s.pending = append(s.pending, ch)
}

// tick is the time, which is another with every operation.
func (s *FS) tick() time.Time {
	s.clock = s.clock.Add(time.Microsecond)
	return s.clock
}

func (s *FS) create(name string) *inode {
	s.inodes++
	in := newInode(s.inodes, name == "")
	in.now.mtime = s.tick()
	if name != "" {
		s.change(change{name: in})
	}
	return in
}

// links is how many names a file has.
func (s *FS) links(in *inode) (n uint64) {
	for _, o := range s.names {
		if o == in {
			n++
		}
	}
	return n
}

// List are the names there are, in order.
func (s *FS) List() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortedKeys(s.names)
}

// Has reports whether there is such a name.
func (s *FS) Has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[name] != nil
}

// OpenFiles is how many files processes have open.
func (s *FS) OpenFiles() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Content is what a name shows; it panics where there is none.
func (s *FS) Content(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.names[name]
	b := make([]byte, in.now.size)
	in.read(b, 0)
	return b
}

// Reader reads what a name shows.
func (s *FS) Reader(name string) *bytes.Reader { return bytes.NewReader(s.Content(name)) }

// ModTime is when what a name shows was modified.
func (s *FS) ModTime(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[name].now.mtime
}

// Put makes a file, on the platter too.
func (s *FS) Put(name string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.create(name)
	in.write(content, 0, s.tick())
	in.sync()
	s.settle(change{name: in})
}

// Poke writes to what a name shows, as a write does that is cut short.
func (s *FS) Poke(name string, b []byte, off int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.names[name]; in != nil {
		in.write(b, off, s.tick())
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}
