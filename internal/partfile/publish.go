package partfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// How a complete part becomes the file.

// label is what a file is given with its name.
type label struct {
	mtime   time.Time // zero: as it is
	timed   bool      // it has that, as far as the system tells
	mark    Mark
	durable bool // it, and its name, must survive a power cut, too
}

// Seal readies the part for Publish: modification time (zero: as it is), the mark, where
// files here can have one and it says anything, and, when durable, both and the bytes on
// the disk. The name follows in Publish then. A time that the disk does not take is not
// worth a file.
func (p *Part) Seal(mtime time.Time, mark Mark, durable bool) error {
	p.label = label{mtime: mtime, mark: mark, durable: durable}
	if !mtime.IsZero() && p.lost == nil {
		p.label.timed = p.f.SetTime(mtime) == nil
	}
	if !mark.IsZero() && p.lost == nil {
		p.mark(mark)
	}
	if durable {
		_ = p.sync(p.f, "file")
	}
	return p.lost
}

// mark attaches a mark, which goes with the time as the disk holds it. Without one the file
// is only fetched and compared the next time.
func (p *Part) mark(m Mark) {
	if p.dir.unmarkable.Load() {
		return
	}
	mtime := p.label.mtime
	if !p.label.timed || !plainTime(mtime) || !p.dir.holds(mtime).Load() {
		info, err := p.f.Stat()
		if err != nil {
			return
		}
		mtime = info.ModTime()
	}
	if err := p.f.SetMark(m.encode(mtime)); err != nil && unsupported(err) {
		p.dir.unmarkable.Store(true) // nor will the next be
	}
}

// plainTime reports a time that a file system holds as it is if it does so with any as even, or as
// odd: a whole second, of the years that all of them know.
func plainTime(t time.Time) bool {
	return t.Nanosecond() == 0 && t.Unix() > 0 && t.Unix() <= math.MaxInt32
}

// holds is whether files have such a plain time; some systems know no odd seconds.
func (d *Dir) holds(t time.Time) *atomic.Bool { return &d.exact[t.Unix()&1] }

// learnTimes learns from a published file whether the time that it was given is the one it has.
func (p *Part) learnTimes() {
	if t := p.label.mtime; plainTime(t) && !p.dir.holds(t).Load() && p.closed.ModTime().Equal(t) {
		p.dir.holds(t).Store(true)
	}
}

// closesFirst: an open file keeps its name on Windows. Tests turn it on elsewhere.
var closesFirst = runtime.GOOS == "windows"

// Publish gives the part its final name and closes it. Without replace a name
// that is taken is fs.ErrExist; then, and after ErrBusy, Publish may be called again.
// A part that another process has taken over is ErrLocked.
func (p *Part) Publish(name string, replace bool) error {
	if p.lost != nil {
		return p.lost
	}
	if err := p.owned(); err != nil {
		return err
	}
	p.settleRights(name, replace)
	nameless := p.name == ""
	if closesFirst {
		if err := p.close(); err != nil {
			return err
		}
	}
	var err error
	if replace {
		err = p.replace(name)
	} else {
		err = p.link(name)
	}
	if err = p.unlessGiven(err, name); err != nil {
		return err
	}
	if p.label.durable { // before its other name goes: a power cut may keep what came last
		err = p.dir.Sync()
	}
	p.unname()
	cerr := p.close()
	if size := p.end.Load(); cerr == nil && nameless && p.closed.Size() != size {
		cerr = fmt.Errorf("%w: %d bytes of %d are there", ErrUnsynced, p.closed.Size(), size)
	}
	if cerr != nil {
		p.removeIfStill(name)
		return cerr
	}
	p.learnTimes()
	return err
}

// Published is what the file was when Publish had given it its name.
func (p *Part) Published() Identity {
	id, _ := IdentityOf(p.closed)
	return id
}

// replace renames over a file or a link, never over anything else.
func (p *Part) replace(name string) error {
	disk := p.dir.disk
	info, err := disk.Lstat(name)
	if err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return &fs.PathError{Op: "replace", Path: name, Err: errors.New("not a regular file")}
	}
	// Linked by descriptor first: it is this file that gets the name, whatever has
	// become of the part's own. The name it is linked to is one that Resume knows.
	for range 3 { // somebody may take ours for one that was left behind
		from := p.dir.spareFor(p.name, name)
		if err = p.unlessGiven(disk.Link(p.f, "", from), from); err != nil {
			break
		}
		if err = p.unlessGiven(disk.Rename(from, name), name); err == nil {
			return nil
		}
		if gone := errors.Is(err, fs.ErrNotExist); !gone {
			return errors.Join(err, p.dir.remove(from))
		}
	}
	if p.name == "" {
		if err := p.takeName(err); err != nil {
			return err
		}
	}
	return p.byName(disk.Rename, name)
}

// spareFor is a free name for a part on its way over a file. A process that ended there
// has left it: a named part's is always the same, nameless ones have one each.
func (d *Dir) spareFor(part, name string) string {
	if part != "" {
		_ = d.clear(spareName(part))
		return spareName(part)
	}
	d.clearSpares(name)
	return newSpare(name)
}

// clearSpares removes the spare names of nameless parts that were left behind.
func (d *Dir) clearSpares(name string) {
	for key, parts := range d.left {
		if old := partName(name, key, 0, Suffix); strings.HasPrefix(key, newKey) && slices.Contains(parts, old) {
			_ = d.clear(spareName(old))
		}
	}
}

// newSpare is a spare name that nothing has.
func newSpare(name string) string {
	return spareName(partName(name, fmt.Sprintf("%s%x", newKey, newNonce()), 0, Suffix))
}

// newKey begins the keys of spare names that belong to no part with a name.
const newKey = "new"

// link goes by the open file where the system can: whatever has the part's name by now,
// the bytes that were checked are the ones that get the new name. Systems that do not do that
// say so in many words; each of them leads to the next way.
func (p *Part) link(name string) error {
	disk := p.dir.disk
	err := disk.Link(p.f, "", name)
	if err == nil || settles(err) {
		return err
	}
	if p.name == "" {
		if err := p.takeName(err); err != nil {
			return err
		}
	}
	err = p.byName(func(part, name string) error { return disk.Link(p.f, part, name) }, name)
	if err == nil {
		return p.notTheirs(name)
	}
	if settles(err) {
		return err
	}
	// No hard links here (FAT, Android, some network mounts).
	if err = p.byName(disk.RenameNew, name); err == nil || settles(err) {
		return err
	}
	// Hold the name with an empty file, then rename over it.
	hold, err := disk.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	hold.Close()
	if err := p.byName(disk.Rename, name); err != nil {
		return errors.Join(err, p.dir.remove(name))
	}
	return nil
}

// unlessGiven is nil where the part has got a name, though it was said that it has not: the
// word of it can be lost on a network.
func (p *Part) unlessGiven(err error, name string) error {
	if err != nil && !errors.Is(err, ErrLocked) && p.still(name) == nil {
		return nil
	}
	return err
}

// settles reports that no other way to the name would end otherwise: somebody has it, or the
// part, or there is no room.
func settles(err error) bool {
	return errors.Is(err, fs.ErrExist) || errors.Is(err, ErrLocked) || IsFull(err) || errors.Is(err, ErrBusy) && !unsupported(err)
}

// takeName makes a part that has no name one that has, by a copy: a file without a name
// cannot be given one here, for a reason that settles nothing.
func (p *Part) takeName(because error) error {
	if settles(because) {
		return because
	}
	p.dir.nameless.Store(false) // nor will the next be
	named, err := p.dir.Create(p.wanted, p.key.Key())
	if err != nil {
		return err
	}
	p.sameRights(named.f)
	size, err := p.Size()
	if err == nil {
		var n int64
		if n, err = named.ReadFrom(io.NewSectionReader(p.f, 0, size)); err == nil && n != size {
			err = io.ErrUnexpectedEOF
		}
	}
	if err == nil {
		err = named.Seal(p.label.mtime, p.label.mark, p.label.durable)
	}
	if err != nil {
		named.Discard()
		return fmt.Errorf("copy the file to one that has a name: %w", err)
	}
	_ = p.f.Close() // nothing of it is wanted any more
	p.f, p.name, p.claimed, p.journalName = named.f, named.name, named.claimed, named.journalName
	return nil
}

// byName does something with the part's name, which must lead to the part.
func (p *Part) byName(do func(part, name string) error, name string) error {
	if err := p.still(p.name); err != nil {
		return err
	}
	return do(p.name, name)
}

// notTheirs makes sure that it was this part that got the final name by its own, which
// somebody else may have had in that very moment where locks lie: his must not keep it.
func (p *Part) notTheirs(name string) error {
	if p.still(p.name) == nil {
		return nil
	}
	theirs, err := p.dir.disk.Lstat(p.name)
	if err != nil {
		return nil
	}
	if final, err := p.dir.disk.Lstat(name); err == nil && p.dir.disk.Same(theirs, final) {
		_ = p.dir.remove(name)
		return ErrLocked
	}
	return nil
}
