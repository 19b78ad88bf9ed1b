package partfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/span"
)

const (
	modelName = "a.bin"
	modelKey  = "0123abcd"
)

var modelTime = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)

// setting is what a story of crashes has from its beginning to its end.
type setting struct {
	size    int
	conns   int
	durable bool
	replace bool // what has the name is replaced
	old     bool // the user's file has the name
	plain   bool // one answer holds the file: no journal, and no name where it can do without
	changes bool // the server changes the file halfway
	traits  crashfs.Traits
	whole   map[int][]byte // the contents, by version
}

func drawSetting(r *rand.Rand) setting {
	odds := func(n int) bool { return r.IntN(n) == 0 }
	return setting{
		size: 1 + r.IntN(30_000), conns: 1 + r.IntN(4), durable: odds(2), replace: odds(3), old: odds(3),
		plain: odds(6), changes: odds(5), whole: map[int][]byte{},
		traits: crashfs.Traits{NoNameless: odds(3), NoLinkOpen: odds(4), NoLink: odds(5), NoRenameNew: odds(2)},
	}
}

func (s setting) String() string {
	s.whole = nil
	type plain setting
	return fmt.Sprintf("%+v", plain(s))
}

// placeholder: the name is held by an empty file until the file is renamed to it, where
// nothing better can be had.
func (s setting) placeholder() bool { return s.traits.NoLink && s.traits.NoRenameNew && !s.replace }

// content is a version of the file at the server. It has a stretch of zeros, which are
// as good as any other bytes.
func (s setting) content(version int) []byte {
	if b := s.whole[version]; b != nil {
		return b
	}
	b := make([]byte, s.size+version%7)
	rand.NewChaCha8([32]byte{byte(version), byte(version >> 8)}).Read(b)
	clear(b[len(b)/3 : len(b)/3+len(b)/10])
	s.whole[version] = b
	return b
}

// theirs is the user's own file.
func (s setting) theirs() []byte { return bytes.Repeat([]byte("theirs"), s.size/6+1) }

// model is a downloader over partfile alone, without a network and without goroutines:
// the same seed does the same.
type model struct {
	setting
	t       *testing.T
	r       *rand.Rand
	fs      *crashfs.FS
	version int  // what the server has
	cut     bool // the power was cut before
	before  func(crashfs.Op)

	part    *partfile.Part
	done    span.Set
	noted   span.Set // is in the journal for sure
	synced  span.Set // was, at the last sync
	fresh   bool     // something was noted since
	named   bool     // has begun to get its name
	adopted span.Set
	fetched int64
}

// run downloads the file, going on from what is there.
func (m *model) run() {
	d := partfile.NewDir(crashfs.Tap(m.fs.Disk(), m.hook))
	defer d.Close()
	if m.kept(d) {
		d.Tidy(modelName, modelKey, true)
		return
	}
	m.adopt(d)
	if m.part == nil {
		m.create(d)
	}
	m.fetch()
	m.publish(d)
}

func (m *model) hook(op crashfs.Op) error {
	if op.Kind != crashfs.Open {
		m.before(op)
	}
	return nil
}

func (m *model) no(err error) {
	m.t.Helper()
	require.NoError(m.t, err)
}

// kept finds the complete file under its name, as by its digest.
func (m *model) kept(d *partfile.Dir) bool {
	for n := 0; !m.replace && n < 9; n++ {
		info, err := d.Stat(numbered(n))
		if err != nil || info.Size() != int64(len(m.content(m.version))) || !bytes.Equal(m.fs.Content(numbered(n)), m.content(m.version)) {
			continue
		}
		if m.durable {
			m.no(d.SyncFile(numbered(n)))
		}
		return true
	}
	return false
}

func numbered(n int) string {
	if n == 0 {
		return modelName
	}
	return fmt.Sprintf("a (%d).bin", n)
}

func (m *model) head() journal.Head {
	return journal.Head{Size: int64(len(m.content(m.version))), ETag: fmt.Sprintf(`"v%d"`, m.version)}
}

// adopt goes on from what another process has left, if it is of the same version.
func (m *model) adopt(d *partfile.Dir) {
	part, log, err := d.Resume(modelName, modelKey, true)
	m.no(err)
	if part == nil {
		return
	}
	if log.Head.ETag != m.head().ETag || len(log.Extents) == 0 {
		part.Discard()
		return
	}
	want := m.content(m.version)
	for _, e := range log.Extents {
		ok, err := part.Matches(context.Background(), e, make([]byte, 1000))
		m.no(err)
		if ok {
			got := make([]byte, e.Len)
			_, err := part.ReadAt(got, e.Off)
			m.no(err)
			require.Equal(m.t, want[e.Off:e.Off+e.Len], got, "what is adopted is right")
			m.adopted.Add(e.Off, e.Off+e.Len)
			m.done.Add(e.Off, e.Off+e.Len)
			m.noted.Add(e.Off, e.Off+e.Len)
		}
	}
	m.part = part
}

func (m *model) create(d *partfile.Dir) {
	var err error
	if m.plain {
		m.part, err = d.Nameless(modelName, modelKey)
		m.no(err)
		return
	}
	m.part, err = d.Create(modelName, modelKey)
	m.no(err)
	m.no(m.part.Log(m.head()))
}

// connection is one stretch on its way.
type connection struct {
	pos, end int64
	from     int64 // noted up to here
	notes    partfile.Recorder
}

func (c *connection) flush(m *model) {
	m.no(c.notes.Flush())
	if m.part.Resumable() && c.pos > c.from {
		m.fresh = true
		m.noted.Add(c.from, c.pos)
	}
	c.from = c.pos
}

// layOut cuts what is missing among the connections.
func (m *model) layOut() (conns []*connection) {
	for _, g := range m.done.Gaps(0, int64(len(m.content(m.version)))) {
		each := max((g.Hi-g.Lo)/int64(m.conns), 1)
		for lo := g.Lo; lo < g.Hi; lo += each {
			conns = append(conns, &connection{pos: lo, from: lo, end: min(lo+each, g.Hi), notes: m.part.Record()})
		}
	}
	return conns
}

func (m *model) fetch() {
	want, conns := m.content(m.version), m.layOut()
	changeAt := int64(-1)
	if m.changes {
		m.changes = false // once
		changeAt = int64(m.r.IntN(len(want)))
	}
	for len(conns) > 0 {
		i := m.r.IntN(len(conns))
		c := conns[i]
		n := min(c.end-c.pos, 1+m.r.Int64N(3000))
		data := want[c.pos : c.pos+n]
		_, err := m.part.WriteAt(data, c.pos)
		m.no(err)
		m.no(c.notes.Wrote(c.pos, data))
		c.pos += n
		m.fetched += n
		m.done.Add(c.pos-n, c.pos)
		if c.pos == c.end || m.r.IntN(4) == 0 {
			c.flush(m)
		}
		if c.pos == c.end {
			conns = append(conns[:i], conns[i+1:]...)
		}
		if m.r.IntN(10) == 0 {
			m.no(m.part.SyncAfter(1))
			if m.fresh && m.part.Resumable() {
				m.synced, m.fresh = clone(&m.noted), false
			}
		}
		if m.r.IntN(8) == 0 {
			m.fs.Background(m.r)
		}
		if changeAt >= 0 && m.done.Len() > changeAt {
			changeAt = -1
			m.startOver()
			want, conns = m.content(m.version), m.layOut()
		}
	}
}

func clone(s *span.Set) (c span.Set) {
	for _, r := range s.Ranges() {
		c.Add(r.Lo, r.Hi)
	}
	return c
}

// startOver: the server has another version now.
func (m *model) startOver() {
	m.version++
	m.done.Reset()
	m.noted.Reset()
	m.synced.Reset()
	m.fresh = false
	m.no(m.part.Empty())
	if !m.plain {
		m.no(m.part.Log(m.head()))
	}
}

func (m *model) publish(d *partfile.Dir) {
	want := int64(len(m.content(m.version)))
	size, err := m.part.Size()
	m.no(err)
	if size > want {
		m.no(m.part.Truncate(want))
		size = want
	}
	require.Equal(m.t, want, size)
	m.no(m.part.Seal(modelTime, partfile.Mark{}, m.durable))
	m.named = true
	for n := 0; ; n++ {
		err := m.part.Publish(numbered(n), m.replace)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		m.no(err)
		break
	}
}
