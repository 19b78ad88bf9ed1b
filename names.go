package littledl

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/littledl/littledl/internal/safename"
)

// names settles what each file of the batch is called, so that no two tasks
// write to one path. BatchDownloader.mu guards it.
//
// Names that come from URLs are counted when the URL is added, so the order of
// adding decides who is "name" and who "name (1)", not the order of answers.
type names struct {
	dirs map[string]int32 // by any of their spellings
	uses map[nameKey]nameUse
	last struct { // of dirs: most files go where the one before went
		dir string
		id  int32
	}
}

// nameKey is folded: on some file systems "A" and "a" are one file.
type nameKey struct {
	dir  int32
	fold string
}

type nameUse struct {
	wanted int32 // how many tasks have wanted this name
	owner  int32 // who has it: the task's seq plus one; 0: nobody
}

func newNames() names {
	return names{dirs: map[string]int32{}, uses: map[nameKey]nameUse{}}
}

// grow makes room for so many names, where there are none yet.
func (n *names) grow(more int) {
	if len(n.uses) == 0 {
		n.uses = make(map[nameKey]nameUse, more)
	}
}

func (n *names) key(dir, name string) nameKey {
	if sub, base := splitName(name); sub != "" { // "s/x" in "d" is "x" in "d/s"
		dir, name = filepath.Join(dir, filepath.FromSlash(sub)), base
	}
	if n.last.dir != dir || len(n.dirs) == 0 {
		n.last.dir, n.last.id = dir, n.dir(dir)
	}
	return nameKey{n.last.id, safename.Fold(name)}
}

// dir is the number of a directory, however it is spelled. Links are not looked at.
func (n *names) dir(dir string) int32 {
	id, ok := n.dirs[dir]
	if ok {
		return id
	}
	abs := safename.Fold(absolute(dir))
	if id, ok = n.dirs[abs]; !ok {
		id = int32(len(n.dirs))
		n.dirs[abs] = id
	}
	n.dirs[dir] = id
	return id
}

// absolute is the one spelling of a directory that all others lead to, links apart.
func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return filepath.Clean(dir)
}

// urlName is the safe form of the URL's last segment.
func urlName(rawURL string) string { return safename.Clean(safename.FromURL(rawURL)) }

// expect counts a task that will be named after its URL and returns how many
// came before it.
func (n *names) expect(t *task) int32 { return n.want(t, urlName(t.url)) }

func (n *names) want(t *task, name string) int32 {
	k := n.key(t.dir, name)
	u := n.uses[k]
	u.wanted++
	n.uses[k] = u
	return u.wanted - 1
}

// reserve gives a task the very name its caller asked for.
func (n *names) reserve(t *task, name string) error {
	if by, ok := n.take(t, name); !ok {
		return fmt.Errorf("%w: %q in %q belongs to %s%d", ErrDuplicateTarget, name, t.dir, taskIDPrefix, by)
	}
	return nil
}

// take gives a task a name that nobody else has; else it tells who does.
func (n *names) take(t *task, name string) (owner int32, ok bool) {
	k := n.key(t.dir, name)
	u := n.uses[k]
	if u.owner == 0 {
		u.owner = t.seq + 1
		n.uses[k] = u
	}
	return u.owner, u.owner == t.seq+1
}

// claim gives a task the first free form of a name, "name", "name (1)", …, from
// the nth on, and returns it with its number.
func (n *names) claim(t *task, name string, nth int) (string, int) {
	for ; ; nth++ {
		c := safename.Numbered(name, nth)
		if _, ok := n.take(t, c); ok {
			return c, nth
		}
	}
}

// release frees a name that its task does not use after all.
func (n *names) release(t *task, name string) {
	k := n.key(t.dir, name)
	if u := n.uses[k]; u.owner == t.seq+1 {
		u.owner = 0
		n.uses[k] = u
	}
}

// first returns where a task's search for a free name begins: by the name it was
// counted under, or, for a name that only the server knew, behind those who
// have had it. ByURL says which of the two it is.
func (n *names) first(t *task, name string, byURL bool) int {
	if byURL {
		return int(t.nth)
	}
	return int(n.want(t, name))
}

// splitName divides a name into its sub-directory, "" for none, and the rest.
func splitName(name string) (sub, base string) {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}
