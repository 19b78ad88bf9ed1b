package disk

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/partfile"
)

// A file that is there already and is the one that is wanted.

// Take gives the file the name of one that is there already and is the same, if it still is
// what was looked at, and no other file's of the batch.
func (t *Target) Take(name string, looked fs.FileInfo) bool {
	t.mustBe("Take", Absent, Open)
	if !t.still(name, looked) || !t.names.Reserve(name) {
		return false
	}
	t.name, t.existing = name, looked
	return true
}

// Unlike is why what has the name is not taken for the file, nor replaced.
func (t *Target) Unlike(name string) error {
	return fail.NewLocal("name", fmt.Errorf("%w: %s has other content, which stays; choose another name or another Overwrite policy", fail.ErrHashMismatch, name))
}

// OtherSize reports whether what is there has another size than the file must have.
func (t *Target) OtherSize(info fs.FileInfo) bool { return t.want.Sized && info.Size() != t.want.Size }

// UnlikeSize is Unlike for what has another size.
func (t *Target) UnlikeSize(name string, info fs.FileInfo) error {
	return fail.NewLocal("name", fmt.Errorf("%w: %s has %d bytes, not %d, and stays; choose another name or another Overwrite policy", fail.ErrSizeMismatch, name, info.Size(), t.want.Size))
}

// still reports whether a name leads to what it led to at a look before.
func (t *Target) still(name string, looked fs.FileInfo) bool {
	now, err := t.dir.Stat(base(name))
	if err == nil && t.policy.Overwrite == Skip {
		now = t.follow(name, now)
	}
	return err == nil && Unchanged(looked, now)
}

// Unchanged reports whether two looks at a file have seen the same, as far as the system
// tells.
func Unchanged(before, now fs.FileInfo) bool {
	if now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime()) {
		return false
	}
	was, _ := partfile.IdentityOf(before)
	is, _ := partfile.IdentityOf(now)
	return was == is
}

// KeepExisting keeps the file that Take or Settle has found: the part and what is left of
// others are of no use any more.
func (t *Target) KeepExisting() error {
	t.mustBe("KeepExisting", Absent, Open)
	if t.existing == nil {
		panic("disk: KeepExisting of a target that has found nothing")
	}
	if t.part != nil {
		t.part.Discard()
	}
	t.Tidy()
	t.keep(t.existing)
	return t.syncExisting()
}

// keep makes a file that is there already what was published.
func (t *Target) keep(info fs.FileInfo) {
	if t.want.Moded && t.policy.Overwrite != Skip && info.Mode().IsRegular() {
		info = t.dir.SetMode(base(t.name), info, t.want.Mode)
	}
	t.identity, _ = partfile.IdentityOf(info)
	t.part, t.existing, t.state = nil, info, Published
}

// syncExisting brings a file that was there already to the disk, where complete means that.
func (t *Target) syncExisting() error {
	if !t.policy.Durable {
		return nil
	}
	return localErr(t.dir.SyncFile(base(t.name)))
}

// follow is what a link leads to: where nothing will be written it may lead anywhere.
func (t *Target) follow(name string, info fs.FileInfo) fs.FileInfo {
	if info.Mode()&fs.ModeSymlink != 0 {
		if to, err := os.Stat(filepath.Join(t.want.Dir, filepath.FromSlash(name))); err == nil {
			return to
		}
	}
	return info
}
