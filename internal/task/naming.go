package task

import (
	"github.com/littledl/littledl/internal/names"
	"github.com/littledl/littledl/internal/safename"
)

// Which names a task has: the one that was given for it, until it ends; and the one that it
// is called, or is to be called after its URL as long as nothing better is known.

// reserve gives the next task the name that its caller asked for. Used: it has been another's.
func (tab *Table) reserve(seq int32, s *Spec) (used bool, err error) {
	if s.Filename == "" {
		return false, nil
	}
	used, owner, ok := tab.names.Reserve(seq, s.Dir, s.Filename)
	if !ok {
		return false, &NameTakenError{Dir: s.Dir, Name: s.Filename, Owner: idOf(owner)}
	}
	return used, nil
}

// unreserve undoes reserve for a task that was not added.
func (tab *Table) unreserve(seq int32, s *Spec) {
	if s.Filename != "" {
		tab.names.Release(seq, s.Dir, s.Filename)
	}
}

// name is what a task is called; "" until that is settled. Most are called what was given, or
// what is kept for them by their URL, and keep no name beside that.
func (t *Task) name() string { return t.naming().of(t) }

// naming is what the name of a task follows from, beside what was said of it.
type naming struct {
	settled bool
	nth     int32
	own     string
}

func (t *Task) naming() naming { return naming{settled: t.has(named), nth: t.nth, own: t.some().name} }

// of is the name. That takes longer than to look at the rest, and no lock.
func (n naming) of(t *Task) string {
	switch {
	case !n.settled, n.own != "":
		return n.own
	case t.given() != "":
		return t.given()
	}
	return safename.Numbered(names.OfURL(t.url), int(n.nth))
}

// call has a task be called so. The number that is kept for it stays from then on.
func (t *Task) call(byURL, name string) {
	t.flags |= named
	follows := name == t.given()
	if t.given() == "" {
		follows = t.nth >= 0 && name == safename.Numbered(byURL, int(t.nth))
	}
	if follows {
		name = ""
	}
	r := t.some()
	r.name = name
	t.change(r)
}

// called is the name that a task has, or that is kept for it; "": none, or only the one
// that was given.
func (t *Task) called(byURL string) string {
	if !t.has(named) && t.nth >= 0 {
		return safename.Numbered(byURL, int(t.nth))
	}
	return t.name()
}

// promise keeps a name by its URL for a task.
func (tab *Table) promise(t *Task) {
	switch {
	case t.nth >= 0 || t.given() != "" || t.spec.Seldom().Writer != nil: // which has no name
	case tab.cfg.Exact:
		if used, ok := tab.names.Hold(t.seq, t.Dir(), names.OfURL(t.url)); ok {
			t.nth = 0
			t.set(usedName, used)
		}
	default:
		tab.number(t, names.OfURL(t.url), 0)
	}
}

func (tab *Table) number(t *Task, byURL string, number int32) {
	nth, used := tab.names.Promise(t.seq, t.Dir(), byURL, number)
	t.nth = nth
	if used {
		t.flags |= usedName
	}
}

// settle says what a task is called; what was kept for it is free then.
func (tab *Table) settle(t *Task, byURL, name string) {
	if was := t.called(byURL); was != "" && was != name && was != t.given() {
		tab.names.Release(t.seq, t.Dir(), was)
	}
	t.call(byURL, name)
}

// free lets those that are added later have the names of a task that has ended.
func (tab *Table) free(t *Task) {
	next, given := int32(tab.tasks.n), t.given()
	if given != "" {
		tab.names.End(t.seq, t.Dir(), given, next)
	}
	name := t.name()
	if name == "" && t.nth >= 0 {
		name = t.called(names.OfURL(t.url))
	}
	if name != "" && name != given {
		tab.names.End(t.seq, t.Dir(), name, next)
	}
}

// unpromise gives up the name that is kept for a task.
func (tab *Table) unpromise(t *Task) {
	if !t.has(named) && t.nth >= 0 {
		tab.names.Release(t.seq, t.Dir(), t.called(names.OfURL(t.url)))
		t.nth = unnumbered
	}
}

// rename gives a task that is tried again the name back that it was called or was to be
// called, or another one if that has gone to another task since.
func (tab *Table) rename(t *Task) {
	base := t.given()
	if base == "" {
		base = names.OfURL(t.url)
	}
	switch {
	case tab.cfg.Exact && (!t.has(named) || !tab.names.Reclaim(t.seq, t.Dir(), t.name(), false)):
		t.nth = unnumbered // in its turn it will see whether it can have it
		t.call(base, "")
		t.set(named, false)
	case tab.cfg.Exact:
	case !t.has(named) && t.nth >= 0:
		tab.number(t, base, t.nth)
	case t.has(named) && !tab.names.Reclaim(t.seq, t.Dir(), t.name(), false):
		name, _ := tab.names.Claim(t.seq, t.Dir(), base, int(t.nth)+1)
		t.call(base, name)
		tab.names.Take(t.seq, t.Dir(), name)
	}
}

// Named reports whether a task may still have the name that was given for it, where one
// was: when it is tried again that may have gone to another.
func (tab *Table) Named(t *Task) bool {
	given := t.given()
	return given == "" || tab.names.Has(t.seq, t.Dir(), given)
}

// Name is what a task is called; "" until that is settled.
func (tab *Table) Name(t *Task) string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return t.name()
}

// Names are the names of a batch as the owner of one task sees them.
type Names struct {
	tab   *Table
	t     *Task
	byURL string
}

// Names are a task's, which by its URL alone would be called byURL.
func (tab *Table) Names(t *Task, byURL string) *Names { return &Names{tab, t, byURL} }

// Unowned reports whether no other task has a name, though one may be about to get it.
func (n *Names) Unowned(name string) bool { return n.tab.names.Unowned(n.t.seq, n.t.Dir(), name) }

// Free reports whether none is about to get it either.
func (n *Names) Free(name string) bool { return n.tab.names.Free(n.t.seq, n.t.Dir(), name) }

// Uncontested reports whether no other task was ever after a name.
func (n *Names) Uncontested(name string) bool { return !n.tab.names.Numbered(n.t.Dir(), name) }

// Claim keeps the first free number of a name for the task until that is called something.
func (n *Names) Claim(name string, from int) (string, int) {
	return n.tab.names.Claim(n.t.seq, n.t.Dir(), name, from)
}

// Take has the task be called so; false: the name is not free.
func (n *Names) Take(name string) bool {
	return n.tab.names.Take(n.t.seq, n.t.Dir(), name) && n.named(name)
}

// Reserve is Take of a name that another may be about to get.
func (n *Names) Reserve(name string) bool {
	_, _, ok := n.tab.names.Reserve(n.t.seq, n.t.Dir(), name)
	return ok && n.named(name)
}

func (n *Names) named(name string) bool {
	n.tab.mu.Lock()
	defer n.tab.mu.Unlock()
	n.tab.settle(n.t, n.byURL, name)
	return true
}

// Number is where the search for a free form of a name begins: at the one that is kept for
// the task, or, for a name that does not follow from its URL, at one that is free. Used:
// another task has had it.
func (n *Names) Number(name string) (number int, used bool) {
	if name != n.byURL {
		nth, used := n.tab.names.Promise(n.t.seq, n.t.Dir(), name, 0)
		return int(nth), used
	}
	n.tab.mu.Lock()
	defer n.tab.mu.Unlock()
	n.tab.promise(n.t)
	return int(n.t.nth), n.t.has(usedName)
}

// Kept is the number that is kept for the task so far, 0 where none is.
func (n *Names) Kept() int {
	n.tab.mu.Lock()
	defer n.tab.mu.Unlock()
	return max(int(n.t.nth), 0)
}
