package faultdisk

import (
	"io/fs"
	"time"
)

// Squash has every file made belong to another user than the process's, as where root is
// squashed or a volume is mounted for somebody.
func (f *Faults) Squash() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.squashed = true
}

// Give has the files that are named belong to a user who is neither the process's nor the one
// whose files become here.
func (f *Faults) Give(theirs func(name string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.theirs = theirs
}

// Dates has files hold, of the times that they are given, what hold makes of them.
func (f *Faults) Dates(hold func(time.Time) time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = hold
}

func (f *Faults) isTheirs(info fs.FileInfo) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.theirs != nil && f.theirs(info.Name())
}

func (f *Faults) held(t time.Time) time.Time {
	f.mu.Lock()
	hold := f.hold
	f.mu.Unlock()
	if hold == nil {
		return t
	}
	return hold(t)
}

func (d *disk) Ours(info fs.FileInfo) bool {
	d.faults.mu.Lock()
	squashed := d.faults.squashed
	d.faults.mu.Unlock()
	return !squashed && !d.faults.isTheirs(info) && d.Disk.Ours(info)
}

func (d *disk) SameOwner(a, b fs.FileInfo) bool {
	return d.faults.isTheirs(a) == d.faults.isTheirs(b) && d.Disk.SameOwner(a, b)
}
