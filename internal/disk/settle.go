package disk

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/safename"
)

// What a file is called, and what becomes of another one that has the name.

// Answer is what a source says that it has, as far as the name depends on it.
type Answer struct {
	Name  string // what the file is to be called
	From  int    // the first "name (n)" to try: those below are believed to be other files'
	Size  int64  // -1: nobody knows
	Proof Prover // without Policy.Reuse it is not asked
	Sure  bool   // where Proof has proved nothing the bytes are others
	Later bool   // Proof takes long: it is looked for beside the transfer
	Marks bool   // Proof has been asked of all that are marked as the source's: of others it need be of the next few numbers only
	Given bool   // a digest was given: what is as good as the file must have it, too
}

// Prover proves that a file that is there is the one that is wanted.
type Prover interface {
	Same(name string, info fs.FileInfo) bool
}

// Settle decides once and for all what the file is called. True: a file that is there
// already is this one, and is for KeepExisting to keep. It may be asked again when the part
// was thrown away, or for one that was adopted.
func (t *Target) Settle(a Answer) (existing bool, err error) {
	t.mustBe("Settle", Absent, Open)
	if _, err := t.Dir(); err != nil {
		return false, err
	}
	t.candidates, t.behind, t.over, t.repairs, t.digested, t.wanted = nil, nil, nil, false, a.Given, a.Name
	if t.Exact() {
		return t.settleExact(a)
	}
	t.findCandidates(a)
	for n := a.From; ; n++ {
		s := t.seriesBehind(n, a)
		if s != nil {
			n = s.free(n)
		}
		name := safename.Numbered(a.Name, n)
		if t.names.Free(name) {
			found, err := t.look(name, a)
			if err != nil {
				return false, err
			}
			if !found.other && t.names.Take(name) {
				t.name, t.existing = name, found.same
				return found.same != nil, nil
			}
		}
		if s != nil {
			s.pass(n)
		}
	}
}

// seriesBehind is what is known of the numbers from n on that need no look of the file's own; nil:
// they do.
func (t *Target) seriesBehind(n int, a Answer) *series {
	if n < a.From+fresh || !t.Yields(a.Name) || t.policy.Reuse && !a.Later && !a.Marks {
		return nil
	}
	return t.dirs.series(t.dir, a.Name)
}

// Claim gives the file the first of the names "name", "name (1)", … that is no other's, from
// a number on; or that name alone, where it may have no other.
func (t *Target) Claim(name string, from int) (number int, err error) {
	if t.Exact() {
		return 0, t.claimExact(name)
	}
	for {
		free, n := t.names.Claim(name, from)
		if t.names.Take(free) {
			t.name = free
			return n, nil
		}
		from = n + 1
	}
}

// Name is what the file is called; "": that is not settled yet.
func (t *Target) Name() string { return t.name }

// Stat looks at what has a name.
func (t *Target) Stat(name string) (fs.FileInfo, error) { return t.dir.Stat(base(name)) }

// Look is Stat for a name that may have been known to be nobody's when the directory was
// opened. Nil: nothing has it, and Settle need not look again.
func (t *Target) Look(name string) fs.FileInfo {
	b := base(name)
	if t.want.NameUsed || !t.dir.New(b) {
		if info, err := t.dir.Stat(b); !errors.Is(err, fs.ErrNotExist) {
			return info
		}
	}
	t.absent = b
	return nil
}

// found is what has a name; the zero value: nothing, or what may be replaced.
type found struct {
	same  fs.FileInfo // the file
	other bool        // another name must be tried
}

// look looks at what has a name. An error: no other name may be tried.
func (t *Target) look(name string, a Answer) (found, error) {
	if base(name) == t.absent { // a moment ago; should it appear, publishing will find out
		return found{}, nil
	}
	info, err := t.dir.Stat(base(name))
	if errors.Is(err, fs.ErrNotExist) {
		return found{}, nil
	}
	if err != nil {
		return found{}, localErr(fmt.Errorf("look at the target: %w", err))
	}
	switch {
	case t.policy.Overwrite == Skip:
		to := t.follow(name, info)
		switch {
		case !to.Mode().IsRegular():
		case t.OtherSize(to):
			return found{}, t.UnlikeSize(name, to)
		case a.Given && !a.Proof.Same(name, to):
			return found{}, t.Unlike(name)
		default:
			return found{same: to}, nil
		}
	case t.Replaces(a.Name):
		if !replaceable(info) {
			return found{}, refused("%s is no file that could be replaced", name)
		}
		if to := t.follow(name, info); to.Mode().IsRegular() {
			t.over = to // what a link leads to stays, and so does what others may not read by this name
		}
		return found{}, nil
	}
	if t.policy.Reuse && !a.Later && a.Proof.Same(name, info) && t.still(name, info) {
		return found{same: info}, nil
	}
	if t.Exact() {
		return found{}, t.repair(name, info, a)
	}
	if t.policy.Overwrite == Refuse && !t.candidate(name, info, a) {
		return found{}, refused("%s; choose another name or another Overwrite policy", name)
	}
	return found{other: t.policy.Overwrite != Refuse}, nil
}

// replaceable reports whether a new file may get the name of what is there.
func replaceable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() || info.Mode()&fs.ModeSymlink != 0
}

// refused is what is said where the file may not have its name.
func refused(format string, args ...any) error {
	return fail.NewLocal("name", fmt.Errorf("%w: %s", fail.ErrFileExists, fmt.Sprintf(format, args...)))
}

// Refused is why a file that is complete cannot have the name that it is called by; nil: it
// can, or may find another.
func (t *Target) Refused() error {
	dir, err := t.Dir()
	if err != nil {
		return err
	}
	info, err := dir.Stat(base(t.name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return localErr(err)
	case t.policy.Overwrite == Refuse && len(t.candidates) == 0, t.replaces() && info.IsDir(), t.Exact() && (info.IsDir() || !t.repairs && !t.own(t.name)):
		return refused("%s; choose another name or another Overwrite policy", t.name)
	}
	return nil
}
