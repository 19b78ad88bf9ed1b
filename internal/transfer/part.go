package transfer

import (
	"errors"
	"fmt"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fetch"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/recovery"
	"github.com/littledl/littledl/internal/wait"
)

// The part that will become the file: opened again, thrown away, given its name.

// reopen makes what an earlier Start has left usable again, or starts without it.
func (f *File) reopen() error {
	if f.left.IsZero() {
		return nil
	}
	name := f.e.Table.Name(f.t)
	err := f.target.Reopen(f.left, name)
	switch {
	case errors.Is(err, disk.ErrLost):
		f.e.warn("part file unusable, starting clean", f.t, err)
		f.reset()
	case err != nil:
		return err
	}
	f.left = disk.Left{}
	f.adopted = f.plan.Len() > 0 // who knows whether those bytes were right
	if f.adopted {
		f.reportAdopted()
	}
	if f.unconfirmed = f.unconfirmed || f.adopted && name == ""; f.unconfirmed && f.plan.Complete() { // another task has left it
		f.plan.Forget(f.pin.Size-1, f.pin.Size)
	}
	return nil
}

// reportAdopted tells recovery which sources have said that what is there is of their version.
func (f *File) reportAdopted() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, s := range f.sources {
		if s.pin != nil && i != f.current {
			f.rec.Adopted(i, f.plan.Len())
		}
	}
	f.rec.Adopted(f.current, f.plan.Len())
	if !f.hash.IsZero() {
		f.rec.Trust()
	}
}

// reset drops everything fetched so far and what was believed of the file.
func (f *File) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.countLocked(-f.plan.Reset())
	f.pin, f.whole, f.finishing = nil, false, false
	f.unproven, f.unconfirmed, f.wrong = nil, false, nil
	f.promised = digest.Sum{} // another version has another one
	if !f.rec.Repairing() {   // whoever is asked there, it is the first's that counts
		f.hash = f.spec.Hash
	}
	for _, s := range f.sources {
		s.pin, s.resolved, s.verdict = nil, nil, nil // redirects may lead elsewhere now
	}
}

// startOver begins again after the server changed the file or turned out not to
// do ranges. No worker runs.
func (f *File) startOver() error {
	foreign := f.unconfirmed
	f.reset()
	switch {
	case foreign:
		f.target.Discard()
		f.adopted = false
	case f.output().State() == disk.Open:
		return f.output().Empty()
	}
	return nil
}

// rejectResume throws away what an earlier Start, or process, has left.
func (f *File) rejectResume() error {
	err := f.startOver()
	f.adopted = false
	f.rec.Emptied()
	return err
}

// verify compares the complete part with what is known of the file. No worker runs.
func (f *File) verify() error {
	// A stream that was begun again, or an earlier process, may have left a longer file.
	err := f.output().Verify(f.life, f.pin.Size, f.stream || f.adopted, f.hash, f.hashing)
	switch {
	case err == nil && !f.hash.IsZero():
		f.e.Table.Verified(f.t)
		f.proved()
	case err != nil && f.walled:
		err = fmt.Errorf("%w; %s", err, fetch.CookieHint)
	}
	return err
}

// publish gives the verified part its name, unless what is there already has the same bytes.
func (f *File) publish() error {
	if why := f.halted(); why != nil && f.delivery == nil { // it has no name yet: what is wished of it is done
		return why
	}
	err := f.output().Publish(f.life, disk.Label{ModTime: f.modified, Mark: f.mark()})
	if err == nil && f.delivery == nil {
		f.done()
	}
	return err
}

// done notes by what the file that is under its name can be known.
func (f *File) done() {
	id := f.target.Published()
	f.published = &id
}

// keepExisting completes the task with the file that was found to be the one.
func (f *File) keepExisting() error {
	if f.target.State() == disk.Published { // it has been copied from somewhere
		return nil
	}
	if err := f.target.KeepExisting(); err != nil {
		return err
	}
	f.reused()
	return nil
}

// reused notes that the file that is under its name cost no body.
func (f *File) reused() {
	f.done()
	f.proved()
	f.e.Table.Reused(f.t, f.published.Size())
}

// mark is what the complete file is marked with: by the first source that has said
// anything of it.
func (f *File) mark() partfile.Mark {
	for _, s := range f.sources {
		if f.pin != nil && s.pin != nil && s.standing < recovery.Different {
			pin := *s.pin
			pin.Size = f.pin.Size
			return disk.MarkOf(s.given, pin)
		}
	}
	return partfile.Mark{}
}

// provable reports whether a later Start can find out that the file is no longer the
// one it has a part of: by its digest, or by a strong validator.
func (f *File) provable() bool { return !f.hash.IsZero() || f.pin != nil && f.pin.IfRange() != "" }

// release closes what a task that did not complete holds. Keep: a later Start, or
// another process, may go on from there; on a full disk too, since somebody may make
// room. After a failed sync or close nothing is kept.
func (f *File) release(keep bool) {
	f.close(keep)
	f.mu.Lock() // snapshots look at where it comes from
	defer f.mu.Unlock()
	f.pins = nil
	if !f.left.IsZero() {
		for _, s := range f.sources {
			f.pins = append(f.pins, s.pin)
		}
	} else {
		f.e.Table.Count(f.t, -f.plan.Reset())
		f.saved = saved{plan: f.plan, lastFailure: f.lastFailure, unretried: f.unretried, entity: entity{modified: f.modified}}
	}
	f.sources, f.rec, f.tries, f.begun, f.idle = nil, recovery.File{}, wait.Tries{}, false, 0
}

func (f *File) close(keep bool) {
	if !f.open() {
		return
	}
	if s := f.output().State(); s == disk.Open || s == disk.Sealed {
		if f.delivery == nil && (f.unconfirmed || keep && (f.finishing || !f.stream && f.plan.Len() > 0 && f.provable())) { // a stream starts over anyway
			f.target.GiveBack(f.plan.There())
			f.left = f.target.Keep()
		} else {
			f.output().Discard()
		}
	}
	f.closeTarget()
}

// closeTarget gives the target back. What could not be removed in its directory costs no
// file, but somebody has to see to it.
func (f *File) closeTarget() {
	if f.delivery == nil {
		if err := f.target.Unremoved(); err != nil {
			f.e.warn("something is left on the disk", f.t, err)
		}
	}
	f.output().Close()
	f.target, f.delivery = nil, nil
}
