package littledl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

// finish turns a complete part into the file: its size on disk, its hash and its
// modification time are right before it gets its name. No worker runs.
func (f *file) finish() error {
	size := f.pin.Size
	if err := f.checkSize(size); err != nil {
		return err
	}
	if err := f.verify(size); err != nil {
		return err
	}
	if err := f.part.Seal(f.modified, f.r.d.set.cfg.Durable); err != nil {
		return &writeOpError{err}
	}
	if err := f.publish(); err != nil {
		return err
	}
	f.part = nil
	return nil
}

// checkSize compares the disk's word with ours. A stream that was begun again, or
// an earlier process, may have left a longer file.
func (f *file) checkSize(size int64) error {
	have, err := f.part.Size()
	if err == nil && have > size && (f.stream || f.adopted) {
		err, have = f.part.Truncate(size), size
	}
	if err != nil {
		return &writeOpError{err}
	}
	if have != size {
		return fmt.Errorf("%w: %d bytes on disk, %d expected", ErrSizeMismatch, have, size)
	}
	return nil
}

// publish gives the part its name. Somebody may have taken it in the meantime:
// what is there is never replaced unless the policy says so, and kept if it is the same.
func (f *file) publish() error {
	policy := f.r.d.set.cfg.Overwrite
	d, t := f.r.d, f.t
	name := t.name
	for nth := 1; ; nth++ {
		_, base := splitName(name)
		err := f.publishAs(base, policy == OverwriteReplace)
		if err == nil {
			f.named(name)
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return &writeOpError{err}
		}
		if f.appeared(base) {
			f.part.Discard()
			f.named(name)
			return f.keptSafe()
		}
		if policy == OverwriteError {
			return fmt.Errorf("%w: %s appeared while it was fetched", ErrFileExists, name)
		}
		d.mu.Lock()
		name, nth = d.names.claim(t, safename.Numbered(t.name, 0), nth)
		d.mu.Unlock()
	}
}

// busyMost is the last wait for a file that another program has open: 2.5 s in all.
const busyMost = 1280 * time.Millisecond

// publishAs has patience with programs that look at every new file.
func (f *file) publishAs(base string, replace bool) error {
	for d := 10 * time.Millisecond; ; d *= 2 {
		err := f.part.Publish(base, replace)
		if d > busyMost || !errors.Is(err, partfile.ErrBusy) {
			return err
		}
		if !sleep(f.r.ctx, d) {
			return context.Cause(f.r.ctx)
		}
	}
}

// provable reports whether a later Start can find out that the file is no longer the
// one it has a part of: by its digest, or by a strong validator.
func (f *file) provable() bool { return !f.opt.hash.IsZero() || f.pin != nil && f.pin.IfRange() != "" }

// appeared reports whether a file that came while this one was fetched is the same: two
// processes may want it at once.
func (f *file) appeared(base string) bool {
	if f.r.d.set.noReuse || f.pin == nil {
		return false
	}
	info, err := f.dir.Stat(base)
	return err == nil && info.Mode().IsRegular() && info.Size() == f.pin.Size && f.sameContent(base, info, *f.pin)
}

// abandon closes what a task that did not complete holds. Keep: a later Start, or
// another process, may go on from there; on a full disk too, since somebody may make
// room. After a failed sync or close nothing is kept.
func (f *file) abandon(keep bool) {
	if f.part != nil {
		if f.unconfirmed || keep && !f.stream && f.done.Len() > 0 && f.provable() { // a stream starts over anyway
			f.left, f.hasLeft = f.part.Kept()
		} else {
			f.part.Discard()
		}
		f.part = nil
	}
	f.r.dirs.close(f.dir)
	f.dir = nil
	f.mu.Lock() // snapshots look at where it comes from
	defer f.mu.Unlock()
	f.pins = nil
	if f.hasLeft {
		for _, s := range f.sources {
			f.pins = append(f.pins, s.pin)
		}
	} else {
		n := f.done.Len()
		f.done.Reset()
		f.saved = saved{lastFailure: f.lastFailure, owed: f.owed, modified: f.modified, sources: f.sources}
		f.t.downloaded.Add(-n)
		f.r.d.downloaded.Add(-n)
	}
	f.sources, f.parallel, f.lastError = nil, false, nil
	f.failures, f.changes, f.trouble = 0, 0, trouble{}
}
