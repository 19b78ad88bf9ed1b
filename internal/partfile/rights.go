package partfile

import (
	"io/fs"
	"os"
)

// Who may read and write a file. One that takes the place of another has the rights and the
// owner that the other had; one that is made of another's bytes has no more rights than that.
// None is made executable. What a file system refuses of this is not worth a file: such
// volumes have rights of their own.

// needed are the rights that the owner of a part needs until it is published.
const needed fs.FileMode = 0o600

// Narrow leaves the part no more rights than another file has: until it replaces that, or for
// ever.
func (p *Part) Narrow(like fs.FileInfo, ever bool) {
	info, err := p.f.Stat()
	if err != nil {
		return
	}
	p.yet |= ^p.allowed(like, info) & 0o777 &^ needed
	if ever {
		p.never |= ^p.allowed(like, info) & 0o777
	}
	p.narrow()
}

// Give says which rights the part is to have when it is published. Others it has not before
// either.
func (p *Part) Give(mode fs.FileMode) {
	p.given = &mode
	if p.yet |= ^mode & 0o777 &^ needed; p.name != "" {
		p.narrow()
	}
}

// SetMode gives a file that is there rights, if it still is the one that was looked at, and looks
// at it again.
func (d *Dir) SetMode(name string, looked fs.FileInfo, mode fs.FileMode) fs.FileInfo {
	if looked.Mode().Perm() == mode {
		return looked
	}
	f, info, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return looked
	}
	defer f.Close()
	if !d.disk.Same(info, looked) || f.SetMode(mode) != nil {
		return looked
	}
	if info, err = f.Stat(); err != nil {
		return looked
	}
	return info
}

// narrow takes from the part what it must not have yet.
func (p *Part) narrow() {
	if p.yet == 0 {
		return
	}
	if info, err := p.f.Stat(); err == nil {
		setMode(p.f, info, info.Mode().Perm()&^p.yet)
	}
}

// allowed are the rights of another file that one may have in its place. Where it is of another
// group those of that group go: its own has the rights that others had.
func (p *Part) allowed(like, info fs.FileInfo) fs.FileMode {
	mode := like.Mode().Perm() & 0o666
	if !p.dir.disk.SameGroup(like, info) {
		mode &^= 0o070 &^ (mode << 3)
	}
	return mode
}

// settleRights gives the part the rights that it is to have under its name, before it has that:
// those of the file that it replaces, if there is one.
func (p *Part) settleRights(name string, replace bool) {
	var over fs.FileInfo
	if replace && p.closed == nil {
		if there, err := p.dir.disk.Lstat(name); err == nil && there.Mode().IsRegular() {
			over = there
			_ = p.f.SetOwner(over)
		}
	}
	if p.closed != nil || over == nil && p.never == 0 && p.given == nil {
		return
	}
	info, err := p.f.Stat()
	if err != nil {
		return
	}
	if p.given != nil {
		setMode(p.f, info, *p.given)
		return
	}
	mode := info.Mode().Perm()
	if over != nil {
		mode = p.allowed(over, info)
	}
	setMode(p.f, info, mode&^p.never)
}

// sameRights gives a file that stands in for the part its owner and its rights.
func (p *Part) sameRights(f File) {
	was, err := p.f.Stat()
	if err != nil {
		return
	}
	_ = f.SetOwner(was)
	if info, err := f.Stat(); err == nil {
		mode := p.allowed(was, info)
		if p.given != nil {
			mode = *p.given
		}
		setMode(f, info, mode)
	}
}

func setMode(f File, info fs.FileInfo, mode fs.FileMode) {
	if info.Mode().Perm() != mode {
		_ = f.SetMode(mode)
	}
}
