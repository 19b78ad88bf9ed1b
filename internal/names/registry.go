// Package names settles what the files of a batch are called.
//
// Names come from callers, from URLs and from servers, at different times, and in any
// order; several of them may be the same, and some file systems take two for one that
// differ in case. Who gets which must follow from the order in which files were added, and
// nobody may write to what another is writing to.
package names

import (
	"hash/maphash"
	"path/filepath"
	"sync"

	"github.com/littledl/littledl/internal/safename"
)

// Registry says whose each name is, so that no two tasks that have not ended write to one
// path. It knows tasks by their seq, which grows in the order of adding. It does no I/O, and
// is safe for concurrent use.
//
// A name that follows from a URL is promised when the URL is added, so the order of
// adding decides who is "name" and who "name (1)", not the order of answers. A name that
// the caller gives counts for more than a promise. When its task has ended, a name is free
// for tasks that are added afterwards; those that were added before may have it when Start
// has returned.
type Registry struct {
	seed maphash.Seed

	mu      sync.Mutex       // guards all below; nothing is called out to while it is held
	dirs    map[string]int32 // by any of their spellings
	uses    map[nameKey]packed
	fought  map[nameKey]nameUse // of them, such as are one's and are to be another's
	series  map[nameKey]*series // of the names that have been numbered
	numbers map[nameKey]number  // of the numbered names that were given
	forgot  bool                // any name may have been a task's that nobody knows of
	last    struct {            // of dirs: most files go where the one before went
		dir string
		id  int32
	}
}

// nameKey is by what a name in a directory is known: a hash of both, so that a million names
// are not kept for it. It is folded: on some file systems "A" and "a" are one file. Two names
// with one key are taken for the same, too, which costs one of them a number; of a million
// names two have the same once in thirty million batches.
type nameKey uint64

// New makes a registry without any names.
func New() *Registry {
	return &Registry{seed: maphash.MakeSeed(), dirs: map[string]int32{}, uses: map[nameKey]packed{}, fought: map[nameKey]nameUse{}, series: map[nameKey]*series{}, numbers: map[nameKey]number{}}
}

// Grow makes room for so many names, where there are none yet.
func (n *Registry) Grow(more int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.uses) == 0 {
		n.uses = make(map[nameKey]packed, more)
	}
}

func (n *Registry) key(dir, name string) nameKey {
	if sub, base := safename.Split(name); sub != "" { // "s/x" in "d" is "x" in "d/s"
		dir, name = filepath.Join(dir, filepath.FromSlash(sub)), base
	}
	if n.last.dir != dir || len(n.dirs) == 0 {
		n.last.dir, n.last.id = dir, n.dir(dir)
	}
	folded := maphash.String(n.seed, safename.Fold(name))
	return nameKey(maphash.Comparable(n.seed, [2]uint64{folded, uint64(n.last.id)}))
}

// dir is the number of a directory, however it is spelled. Links are not looked at.
func (n *Registry) dir(dir string) int32 {
	id, ok := n.dirs[dir]
	if ok {
		return id
	}
	abs := safename.Fold(Absolute(dir))
	if id, ok = n.dirs[abs]; !ok {
		id = int32(len(n.dirs))
		n.dirs[abs] = id
	}
	n.dirs[dir] = id
	return id
}

// Absolute is the one spelling of a directory that all others lead to, links apart.
func Absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return filepath.Clean(dir)
}

// Reserve gives a task the very name its caller asked for. Used: another task has had it.
// Not ok: another one, owner, has it.
func (n *Registry) Reserve(seq int32, dir, name string) (used bool, owner int32, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	u := n.use(k)
	if by := max(u.owner, -u.claim); !u.unowned(seq) || u.claim < 0 && by != seq+1 {
		return false, by - 1, false
	}
	n.put(k, nameUse{owner: seq + 1})
	return n.forgot || u.used(seq), seq, true
}

// Promise keeps a number of a name for a task that has none yet: the one asked for, else
// one that is free. Used: another task has had that name.
func (n *Registry) Promise(seq int32, dir, name string, number int32) (got int32, used bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, safename.Numbered(name, int(number)))
	u := n.use(k)
	if !u.free(seq) || number == 0 && n.behind(dir, name) {
		number, k = n.nextFree(seq, dir, name)
		u = n.use(k)
	}
	u.claim = seq + 1
	n.put(k, u)
	return number, n.forgot || u.used(seq)
}

// Hold is Promise of a name itself; not ok: it is not free.
func (n *Registry) Hold(seq int32, dir, name string) (used, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	u := n.use(k)
	if !u.free(seq) {
		return false, false
	}
	u.claim = seq + 1
	n.put(k, u)
	return n.forgot || u.used(seq), true
}

// Free reports whether a task may have a name.
func (n *Registry) Free(seq int32, dir, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.use(n.key(dir, name)).free(seq)
}

// Unowned reports whether nobody else has a name, whoever is to have it.
func (n *Registry) Unowned(seq int32, dir, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.use(n.key(dir, name)).unowned(seq)
}

// Take gives a task a name that it may have; false: it may not.
func (n *Registry) Take(seq int32, dir, name string) (ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	if n.use(k).free(seq) {
		n.put(k, nameUse{owner: seq + 1})
	}
	return n.use(k).owner == seq+1
}

// Release frees a name that its task does not use after all.
func (n *Registry) Release(seq int32, dir, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	n.put(k, n.use(k).without(seq))
}

// End frees a name of a task that has ended for the tasks from next on.
func (n *Registry) End(seq int32, dir, name string, next int32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	u := n.use(k)
	if u.owner != seq+1 && u.claim != seq+1 {
		return
	}
	if u.claim == seq+1 {
		u.claim = 0
	}
	if u.owner == seq+1 {
		u.until = next + 1
	}
	n.put(k, u)
	if i := n.numbers[k]; i.of != nil && (i.of.freed == 0 || i.n < i.of.freed) {
		i.of.freed = i.n
	}
}

// Forget has a name that a task had been given, or called, be known as nobody's. Others of its
// series, which names byURL are numbered in, go on behind it: the disk knows whether it is free.
func (n *Registry) Forget(seq int32, dir, name, byURL string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgot = true
	k := n.key(dir, name)
	if u := n.use(k).without(seq); u != (nameUse{}) {
		n.put(k, u)
		return
	}
	delete(n.uses, k)
	delete(n.fought, k)
	delete(n.numbers, k)
	if number, ok := safename.NumberOf(byURL, name); ok && number > 0 {
		s := n.seriesOf(dir, byURL)
		s.next, s.behind = max(s.next, int32(number)+1), true
	}
}

// EndStart frees the names of all tasks that have ended.
func (n *Registry) EndStart() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k := range n.uses {
		if u := n.use(k); u.until > everybody {
			u.until = everybody
			n.put(k, u)
		}
	}
}

// Reclaim gives a name back to a task that had it, unless it has gone to another since. Where
// the caller gave it, a promise to another does not count.
func (n *Registry) Reclaim(seq int32, dir, name string, given bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.key(dir, name)
	u := n.use(k)
	if u.used(seq) || u.claim != 0 && !given {
		return false
	}
	n.put(k, nameUse{owner: seq + 1})
	return true
}

// Has reports whether a name is a task's.
func (n *Registry) Has(seq int32, dir, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.use(n.key(dir, name)).owner == seq+1
}

// OfURL is the safe form of the URL's last segment.
func OfURL(rawURL string) string { return safename.Clean(safename.FromURL(rawURL)) }
