package partfile

import (
	"context"
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Mark says where the bytes of a file are from: of which source, and which version of
// what is there. It is kept in an extended attribute of the file, with the modification
// time that the file had, so that it goes with the file and says nothing of one that was
// written to since. The zero Mark says nothing.
type Mark struct {
	Source  [8]byte
	Version [16]byte // of that source: versions of two are never equal
}

// IsZero reports that a mark says nothing.
func (m Mark) IsZero() bool { return m == Mark{} }

const markLen = 8 + 16 + 8

func (m Mark) encode(mtime time.Time) []byte {
	b := append(make([]byte, 0, markLen), m.Source[:]...)
	b = append(b, m.Version[:]...)
	return binary.LittleEndian.AppendUint64(b, uint64(mtime.UnixNano()))
}

// decodeMark is the inverse of encode; zero where the mark is none of what is there now.
func decodeMark(b []byte, mtime time.Time) (m Mark) {
	if len(b) != markLen || int64(binary.LittleEndian.Uint64(b[24:])) != mtime.UnixNano() {
		return Mark{}
	}
	copy(m.Source[:], b)
	copy(m.Version[:], b[8:])
	return m
}

// ReadMark returns an open file's mark; zero where it has none that still holds.
func ReadMark(f File, info fs.FileInfo) Mark {
	b, err := f.Mark()
	if err != nil {
		return Mark{}
	}
	return decodeMark(b, info.ModTime())
}

// MarkOf returns the mark of what has a name; zero where it has none that still holds.
func (d *Dir) MarkOf(name string) Mark {
	if d.unmarkable.Load() {
		return Mark{}
	}
	f, info, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return Mark{}
	}
	defer f.Close()
	return d.markOf(f, info)
}

func (d *Dir) markOf(f File, info fs.FileInfo) Mark {
	b, err := f.Mark()
	if err != nil {
		if unsupported(err) {
			d.unmarkable.Store(true) // nor will the next have one
		}
		return Mark{}
	}
	return decodeMark(b, info.ModTime())
}

// SourceOf is the source that a file's mark names, also where the file was written to since.
func (d *Dir) SourceOf(name string) (id [8]byte, ok bool) {
	f, _, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return id, false
	}
	defer f.Close()
	b, err := f.Mark()
	return [8]byte(append(b, make([]byte, 8)...)), err == nil && len(b) == markLen
}

// Stamp gives a file that is there a mark, where it can have one and is still the one
// that was looked at.
func (d *Dir) Stamp(name string, looked fs.FileInfo, m Mark) {
	if m.IsZero() || d.unmarkable.Load() {
		return
	}
	f, info, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return
	}
	defer f.Close()
	if d.disk.Same(info, looked) && info.Size() == looked.Size() && info.ModTime().Equal(looked.ModTime()) {
		_ = f.SetMark(m.encode(info.ModTime()))
	}
}

// Unmark takes the mark from a file that is known to have been changed, though nothing that
// is kept with it shows that.
func (d *Dir) Unmark(name string) {
	f, _, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return
	}
	defer f.Close()
	if _, err := f.Mark(); err == nil {
		_ = f.SetMark(nil)
	}
}

// marks finds marked files by their source. It is read once, when it is first asked.
type marks struct {
	once sync.Once
	by   map[[8]byte][]string
	seen map[string]struct{} // names that were looked at, where others put files here
	read atomic.Int64        // when it was, in nanoseconds; 0: not yet
	took time.Duration       // to read it
}

// few is how many names a directory may have that those that are new are looked for each time.
const few = 1000

// Reread has the marks read again of what others have put here since: at once if it is known that
// they have, else as long as that takes little of the time.
func (d *Dir) Reread(known bool) {
	m := d.marks.Load()
	read := m.read.Load()
	if read != 0 && (known || len(m.seen) <= few || time.Now().UnixNano()-read > int64(20*m.took)) {
		d.marks.CompareAndSwap(m, &marks{by: m.by, seen: m.seen})
	}
}

// maxMarked bounds how many files of a directory are looked at for their marks.
const maxMarked = 100_000

// MayBeMarked reports that there may be marked files here: the price of asking for one is
// worth paying.
func (d *Dir) MayBeMarked() bool {
	return (d.names == nil || len(d.names) > 0 || d.shared.Load()) && !d.unmarkable.Load()
}

// From returns the names of the files that were marked as a source's when it was first
// asked, as far as those were read before ctx ended; what they are by now is for MarkOf to tell.
func (d *Dir) From(ctx context.Context, source [8]byte) []string {
	m := d.marks.Load()
	m.once.Do(func() {
		began := time.Now()
		m.by, m.seen = d.readMarks(ctx, maps.Clone(m.by), maps.Clone(m.seen))
		m.took = time.Since(began)
		m.read.Store(time.Now().UnixNano())
	})
	return m.by[source]
}

// readMarks adds what is to be known of names that were not seen before.
func (d *Dir) readMarks(ctx context.Context, by map[[8]byte][]string, seen map[string]struct{}) (map[[8]byte][]string, map[string]struct{}) {
	list, _ := d.disk.Names(maxMarked)
	if by == nil {
		by = map[[8]byte][]string{}
	}
	if d.shared.Load() && seen == nil {
		seen = map[string]struct{}{}
	}
	for _, name := range list {
		if ctx.Err() != nil {
			break
		}
		if _, known := seen[name]; known || IsOurs(name) {
			continue
		}
		if seen != nil {
			seen[name] = struct{}{}
		}
		if m := d.MarkOf(name); !m.IsZero() {
			by[m.Source] = append(slices.Clip(by[m.Source]), name)
		}
	}
	return by, seen
}
