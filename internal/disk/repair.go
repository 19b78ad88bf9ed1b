package disk

import (
	"fmt"
	"io/fs"

	"github.com/littledl/littledl/internal/fail"
)

// Changed: a file has the name that it is to have, or none. What has it and is not the file is
// replaced, if it may be.

// Exact reports whether the file is called as it is to be called, and by no number of that.
func (t *Target) Exact() bool { return t.policy.Overwrite == Changed }

// own reports whether a name is the caller's or the URL's. One that a server has thought of may be
// that of anything.
func (t *Target) own(name string) bool { return name == t.want.Name }

// settleExact is Settle for the one name that the file may have.
func (t *Target) settleExact(a Answer) (existing bool, err error) {
	if !t.names.Free(a.Name) {
		return false, t.taken(a.Name)
	}
	found, err := t.look(a.Name, a)
	if err != nil {
		return false, err
	}
	if err := t.claimExact(a.Name); err != nil {
		return false, err
	}
	t.existing = found.same
	return found.same != nil, nil
}

// claimExact is Claim for that.
func (t *Target) claimExact(name string) error {
	if !t.names.Take(name) {
		return t.taken(name)
	}
	t.name = name
	return nil
}

// taken is why the file cannot be had.
func (t *Target) taken(name string) error {
	return fail.NewLocal("name", fmt.Errorf("%w: %q in %q is another file's of this batch; choose another name", fail.ErrDuplicateTarget, name, t.want.Dir))
}

// repair sees to what has the name and has not been proven to be the file: if its bytes are the same
// it is kept, else it is replaced. By a name that a server has thought of it must once have been
// fetched from there.
func (t *Target) repair(name string, info fs.FileInfo, a Answer) error {
	if !replaceable(info) {
		return refused("%s is no file that could be replaced", name)
	}
	compared := t.candidate(name, info, a)
	if !t.own(name) && !t.wasOurs(name) {
		if compared {
			return nil
		}
		return notOurs(name)
	}
	t.repairs = true
	if to := t.follow(name, info); to.Mode().IsRegular() {
		t.over = to
	}
	return nil
}

func notOurs(name string) error {
	return refused("%s, which the server has named, was not fetched from there; choose the name", name)
}

// wasOurs reports whether a file came from one of the sources, whatever it has become since.
func (t *Target) wasOurs(name string) bool {
	id, ok := t.dir.SourceOf(base(name))
	return ok && t.isSource(id)
}

// stillRepairs looks again at what a server's name leads to before it is replaced.
func (t *Target) stillRepairs() error {
	if !t.repairs || t.own(t.name) || t.wasOurs(t.name) {
		return nil
	}
	if _, err := t.dir.Stat(base(t.name)); err != nil {
		t.repairs = false
		return nil
	}
	return notOurs(t.name)
}
