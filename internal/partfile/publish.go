package partfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// How a complete part becomes the file.

// Seal readies the part for Publish: modification time (zero: as it is), the mark, where
// files here can have one and it says anything, and, when durable, both and the bytes on
// the disk. The name follows in Publish then.
func (p *Part) Seal(mtime time.Time, mark Mark, durable bool) error {
	p.durable = durable
	if !mtime.IsZero() && p.lost == nil {
		if err := p.f.SetTime(mtime); err != nil && !unsupported(err) { // not every file system has times to set
			return fmt.Errorf("set the modification time: %w", err)
		}
	}
	if !mark.IsZero() && p.lost == nil {
		p.mark(mtime, mark)
	}
	if durable {
		_ = p.sync(p.f, "file")
	}
	return p.lost
}

// mark attaches a mark. Without one the file is only fetched and compared the next time.
func (p *Part) mark(mtime time.Time, m Mark) {
	if p.dir.unmarkable.Load() {
		return
	}
	if mtime.IsZero() {
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
	if err != nil {
		return err
	}
	if p.durable { // before its other name goes: a power cut may keep what came last
		err = p.dir.Sync()
	}
	p.unname()
	p.seen = nil // a new name changes a file's change time
	if cerr := p.close(); cerr != nil {
		p.removeIfStill(name)
		return cerr
	}
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
		if err = disk.Link(p.f, "", from); err != nil {
			break
		}
		if err = disk.Rename(from, name); err == nil {
			return nil
		}
		if gone := errors.Is(err, fs.ErrNotExist); !gone {
			return errors.Join(err, disk.Remove(from))
		}
	}
	if p.name == "" {
		return err
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
	for key, parts := range d.left {
		if old := partName(name, key, 0, Suffix); strings.HasPrefix(key, newKey) && slices.Contains(parts, old) {
			_ = d.clear(spareName(old))
		}
	}
	return spareName(partName(name, fmt.Sprintf("%s%x", newKey, newNonce()), 0, Suffix))
}

// newKey begins the keys of spare names that belong to no part with a name.
const newKey = "new"

// link goes by the open file where the system can: whatever has the part's name by now,
// the bytes that were checked are the ones that get the new name.
func (p *Part) link(name string) error {
	disk := p.dir.disk
	err := disk.Link(p.f, "", name)
	if err == nil || p.name == "" || errors.Is(err, fs.ErrExist) {
		return err
	}
	err = p.byName(func(part, name string) error { return disk.Link(p.f, part, name) }, name)
	if err == nil {
		return p.notTheirs(name)
	}
	if !unsupported(err) {
		return err
	}
	// No hard links here (FAT, some network mounts).
	if err = p.byName(disk.RenameNew, name); err == nil || !unsupported(err) {
		return err
	}
	// Hold the name with an empty file, then rename over it.
	hold, err := disk.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	hold.Close()
	if err := p.byName(disk.Rename, name); err != nil {
		return errors.Join(err, disk.Remove(name))
	}
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
		_ = p.dir.disk.Remove(name)
		return ErrLocked
	}
	return nil
}
