package littledl

import (
	"fmt"
	"strings"

	"github.com/littledl/littledl/internal/safename"
)

// names settles what each file of the batch is called, so that no two tasks
// write to one path. BatchDownloader.mu guards it.
//
// Names that come from URLs are counted when the URL is added, so the order of
// adding decides who is "name" and who "name (1)", not the order of answers.
type names struct {
	dirs  map[string]int32
	count map[nameKey]int32 // how many tasks have wanted this name
	taken map[nameKey]int32 // who has it: the task's seq
}

// nameKey is folded: on some file systems "A" and "a" are one file.
type nameKey struct {
	dir  int32
	fold string
}

func newNames() names {
	return names{dirs: map[string]int32{}, count: map[nameKey]int32{}, taken: map[nameKey]int32{}}
}

func (n *names) key(dir, name string) nameKey {
	id, ok := n.dirs[dir]
	if !ok {
		id = int32(len(n.dirs))
		n.dirs[dir] = id
	}
	return nameKey{id, safename.Fold(name)}
}

// urlName is the safe form of the URL's last segment.
func urlName(rawURL string) string { return safename.Clean(safename.FromURL(rawURL)) }

// expect counts a task that will be named after its URL and returns how many
// came before it.
func (n *names) expect(t *task) int32 {
	k := n.key(t.dir, urlName(t.url))
	nth := n.count[k]
	n.count[k] = nth + 1
	return nth
}

// reserve gives a task the very name its caller asked for.
func (n *names) reserve(t *task, name string) error {
	k := n.key(t.dir, name)
	if by, ok := n.taken[k]; ok && by != t.seq {
		return fmt.Errorf("%w: %q in %q belongs to %s%d", ErrDuplicateTarget, name, t.dir, taskIDPrefix, by+1)
	}
	n.taken[k] = t.seq
	return nil
}

// claim gives a task the first free form of a name, "name", "name (1)", …, from
// the nth on, and returns it with its number.
func (n *names) claim(t *task, name string, nth int) (string, int) {
	for ; ; nth++ {
		c := safename.Numbered(name, nth)
		k := n.key(t.dir, c)
		if by, ok := n.taken[k]; !ok || by == t.seq {
			n.taken[k] = t.seq
			return c, nth
		}
	}
}

// release frees a name that its task does not use after all.
func (n *names) release(t *task, name string) {
	if k := n.key(t.dir, name); n.taken[k] == t.seq {
		delete(n.taken, k)
	}
}

// first returns where a task's search for a free name begins: by the name it was
// counted under, or, for a name that only the server knew, behind those who
// have had it.
func (n *names) first(t *task, name string) int {
	if name == urlName(t.url) {
		return int(t.nth)
	}
	k := n.key(t.dir, name)
	nth := n.count[k]
	n.count[k] = nth + 1
	return int(nth)
}

// splitName divides a name into its sub-directory, "" for none, and the rest.
func splitName(name string) (sub, base string) {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}
