package partfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
)

// How a part comes to be: made anew, or opened again by the process that made it.

// Create makes an empty part for the final name. Key tells parts of different
// sources apart. A part left under that name by an earlier process is thrown away;
// one that is in use is ErrLocked. Where something else has the name, or the journal's,
// others are tried that nobody can know before: whoever takes one would take them all.
func (d *Dir) Create(name, key string) (*Part, error) {
	d.thin(name, key)
	for n := range 10 {
		if n > 0 {
			n = 1 + rand.IntN(math.MaxInt32-1)
		}
		p, err := d.create(partName(name, key, n, Suffix), partName(name, key, n, JournalSuffix))
		if !errors.Is(err, errUnsafe) && !errors.Is(err, errElsewhere) {
			return p, err
		}
	}
	return nil, fmt.Errorf("create a part file: every name for it is taken by something else")
}

// errUnsafe: the part's name is taken by what cannot be a part of ours.
var errUnsafe = errors.New("unsafe part file")

// create makes a part of this name.
func (d *Dir) create(name, journal string) (p *Part, err error) {
	if err := d.inUse.claim(name, false); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.inUse.give(name)
		}
	}()
	if !d.disk.Absent(journal) && d.foreign(journal) {
		return nil, errUnsafe
	}
	// A part may vanish between two looks, when its owner publishes it. Of those who
	// want it at once each pass puts one out of the race.
	for range 50 {
		f, err := d.disk.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			if err := d.take(f, name); err != nil {
				if !errors.Is(err, ErrLocked) && d.isStill(name, f) {
					_ = d.remove(name)
				}
				f.Close()
				return nil, err
			}
			return &Part{dir: d, f: f, name: name, claimed: name, journalName: journal}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create the part file: %w", err)
		}
		if err := d.clear(name); err != nil {
			return nil, err
		}
	}
	return nil, ErrLocked
}

// clear removes a part that nobody uses. It is never emptied and used again: whoever
// still has it open, if locks do not work here, then writes to a file without a name.
func (d *Dir) clear(name string) error {
	f, info, err := d.openRegular(name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errSwapped) {
		return nil // somebody else is at it
	}
	if err != nil {
		return errUnsafe
	}
	defer f.Close()
	if !d.ours(info) {
		return errUnsafe
	}
	// With a second name it is a file that was published, by a process that ended
	// before it could remove the first, or one that somebody planted. The bytes are not
	// ours to change then, the name is.
	if d.disk.Links(info) < 2 { // 0: somebody removes it right now
		if err := d.take(f, name); err != nil {
			return err
		}
	}
	if d.remove(name) != nil {
		return errUnsafe
	}
	return nil
}

// take locks a part and makes sure that it has not been published or removed before
// we had the lock. Where there are no locks, whatever the system says of them, who owns
// the part is told by its journal.
func (d *Dir) take(f File, name string) error {
	if err := f.Lock(); errors.Is(err, ErrLocked) {
		return err
	}
	if !d.isStill(name, f) {
		return ErrLocked
	}
	return nil
}

// Reopen opens a part again that Kept has left behind, if nobody touched it since.
func (d *Dir) Reopen(k Kept) (p *Part, err error) {
	if err := d.inUse.claim(k.name, false); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.inUse.give(k.name)
		}
	}()
	f, info, err := d.openRegular(k.name, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("open the part file again: %w", err)
	}
	if err := d.take(f, k.name); err != nil {
		f.Close()
		return nil, err
	}
	p = &Part{dir: d, f: f, name: k.name, claimed: k.name, journalName: journalName(k.name)}
	if !k.isStill(d, info) || d.disk.Links(info) > 1 || !p.reopenJournal(k) {
		f.Close()
		return nil, errors.New("the part file was changed by somebody else")
	}
	return p, nil
}

// Kept identifies a part that outlived its transfer.
type Kept struct {
	name      string
	is        Identity
	info      fs.FileInfo // nil: is tells which file it was
	id, nonce uint64      // of its journal; 0: it has none
}

// seen notes which file it is. An FileInfo takes several times as much room as what it tells.
func (k *Kept) seen(info fs.FileInfo) {
	var tells bool
	if k.is, tells = IdentityOf(info); !tells {
		k.info = info
	}
}

// isStill reports whether a file is the part, as it was left.
func (k *Kept) isStill(d *Dir, info fs.FileInfo) bool {
	if k.info != nil {
		return d.disk.Same(info, k.info) && info.Size() == k.info.Size() && info.ModTime().Equal(k.info.ModTime())
	}
	now, _ := IdentityOf(info)
	now.ctime = k.is.ctime // names and rights say nothing of the bytes
	return now == k.is
}

// Resumable reports whether another process could go on with the part.
func (k Kept) Resumable() bool { return k.nonce != 0 }

// Remove deletes a part that was kept, with its journal, if it is still the same file
// and nobody uses it.
func (d *Dir) Remove(k Kept) error {
	if p, err := d.Reopen(k); err == nil {
		p.Discard()
	}
	return d.Unremoved()
}
