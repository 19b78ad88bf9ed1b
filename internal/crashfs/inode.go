package crashfs

import (
	"maps"
	"math/rand/v2"
	"time"
)

const (
	pageSize   = 4096
	sectorSize = 512
)

// page is never changed once it is in an image, so that copies of a disk can share it.
type page [pageSize]byte

// image is the content of a file, as processes see it or as it is on the platter.
type image struct {
	pages map[int64]*page // by number; missing ones are zeros
	size  int64
	mtime time.Time
	mark  []byte // never changed once it is in an image
}

// inode is a file, under whatever names.
type inode struct {
	id     int
	now    image
	disk   image
	dirty  map[int64]bool // pages that differ, perhaps
	lost   map[int64]bool // those that the system gave up on when a sync failed
	sizes  []int64        // what its length was since it was last synced
	locked *file
	orphan bool // made without a name, and never had one
}

func newInode(id int, orphan bool) *inode {
	return &inode{
		id: id, orphan: orphan, now: image{pages: map[int64]*page{}}, disk: image{pages: map[int64]*page{}},
		dirty: map[int64]bool{}, lost: map[int64]bool{},
	}
}

func (in *inode) clone() *inode {
	c := *in
	c.now.pages, c.disk.pages = maps.Clone(in.now.pages), maps.Clone(in.disk.pages)
	c.dirty, c.lost = maps.Clone(in.dirty), maps.Clone(in.lost)
	c.sizes = append([]int64(nil), in.sizes...)
	c.locked = nil
	return &c
}

func (in *inode) write(b []byte, off int64, at time.Time) {
	for done := 0; done < len(b); {
		n, from := (off+int64(done))/pageSize, (off+int64(done))%pageSize
		p := new(page)
		if old := in.now.pages[n]; old != nil && (from > 0 || len(b)-done < pageSize) {
			*p = *old
		}
		done += copy(p[from:], b[done:])
		in.put(n, p)
	}
	if end := off + int64(len(b)); end > in.now.size {
		in.resize(end)
	}
	in.now.mtime = at
}

// put changes a page; nil makes it zeros.
func (in *inode) put(n int64, p *page) {
	if p == nil {
		delete(in.now.pages, n)
	} else {
		in.now.pages[n] = p
	}
	in.dirty[n] = true
	delete(in.lost, n)
}

func (in *inode) resize(size int64) {
	in.sizes = append(in.sizes, in.now.size)
	in.now.size = size
}

func (in *inode) truncate(size int64, at time.Time) {
	for n, p := range in.now.pages {
		switch {
		case n*pageSize >= size:
			in.put(n, nil)
		case (n+1)*pageSize > size:
			cut := *p
			clear(cut[size-n*pageSize:])
			in.put(n, &cut)
		}
	}
	in.resize(size)
	in.now.mtime = at
}

func (in *inode) read(b []byte, off int64) int {
	b = b[:max(0, min(int64(len(b)), in.now.size-off))]
	for done := 0; done < len(b); {
		n, from := (off+int64(done))/pageSize, (off+int64(done))%pageSize
		p := in.now.pages[n]
		if p == nil {
			p = &zeros
		}
		done += copy(b[done:], p[from:])
	}
	return len(b)
}

var zeros page

// sync brings everything to the platter but the pages that were given up on.
func (in *inode) sync() {
	for n := range in.dirty {
		in.settle(n, in.now.pages[n])
	}
	clear(in.dirty)
	in.disk.size, in.disk.mtime, in.disk.mark, in.sizes = in.now.size, in.now.mtime, in.now.mark, nil
}

// failSync is what becomes of dirty pages when the disk refuses them: the system
// forgets that they are dirty, and the next sync succeeds.
func (in *inode) failSync() {
	maps.Copy(in.lost, in.dirty)
	clear(in.dirty)
}

// settle gives the platter a page.
func (in *inode) settle(n int64, p *page) {
	if p == nil {
		delete(in.disk.pages, n)
	} else {
		in.disk.pages[n] = p
	}
}

// cut leaves what the platter has; with r, also any part of what was under way to it.
func (in *inode) cut(r *rand.Rand) {
	if r != nil {
		in.survive(r)
	}
	in.now = image{maps.Clone(in.disk.pages), in.disk.size, in.disk.mtime, in.disk.mark}
	for n, p := range in.now.pages { // behind the end there is nothing
		if n*pageSize >= in.now.size {
			delete(in.now.pages, n)
		} else if (n+1)*pageSize > in.now.size {
			end := *p
			clear(end[in.now.size-n*pageSize:])
			in.now.pages[n] = &end
		}
	}
	in.disk.pages = maps.Clone(in.now.pages)
	in.dirty, in.lost, in.sizes = map[int64]bool{}, map[int64]bool{}, nil
}

// survive lets a part of what was not synced reach the platter: each file has luck of
// its own, so that there are disks that have nearly all of one and nothing of another.
func (in *inode) survive(r *rand.Rand) {
	luck := r.Float64()
	for _, n := range sortedKeys(in.dirty) {
		switch x := r.Float64(); {
		case x < 0.1:
			in.settle(n, torn(in.disk.pages[n], in.now.pages[n], r))
		case r.Float64() < luck:
			in.settle(n, in.now.pages[n])
		}
	}
	if lengths := append(in.sizes, in.now.size, in.now.size); r.Float64() < luck {
		in.disk.size = lengths[r.IntN(len(lengths))]
	}
	if r.Float64() < luck {
		in.disk.mtime = in.now.mtime
	}
	if r.Float64() < luck {
		in.disk.mark = in.now.mark
	}
}

// torn has some sectors of the one and some of the other page.
func torn(old, new *page, r *rand.Rand) *page {
	mixed := zeros
	if old != nil {
		mixed = *old
	}
	if new == nil {
		new = &zeros
	}
	for at := 0; at < pageSize; at += sectorSize {
		if r.IntN(2) == 0 {
			copy(mixed[at:at+sectorSize], new[at:])
		}
	}
	return &mixed
}
