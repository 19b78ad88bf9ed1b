package disk_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/safename"
)

const wanted = "a.bin"

var (
	day = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	pin = httprange.Pin{Size: 9, ETag: `"e"`, LastModified: "Fri, 01 Jan 1999 00:00:00 GMT"}
)

// bed is a directory in memory, for the files of one batch.
type bed struct {
	*testing.T
	fs     *crashfs.FS
	dirs   *disk.Dirs
	policy disk.Policy
	owners owners
	hook   crashfs.Hook
}

func newBed(t *testing.T, fs *crashfs.FS) *bed {
	b := &bed{T: t, policy: disk.Policy{Resume: true, Reuse: true}}
	b.mount(fs)
	return b
}

// mount begins a process that has a directory as another has left it.
func (b *bed) mount(fs *crashfs.FS) {
	b.fs, b.owners.of = fs, map[string]int{}
	b.hook = func(crashfs.Op) error { return nil }
	b.dirs = disk.NewDirs(func(string, string) (*partfile.Dir, error) {
		return partfile.NewDir(crashfs.Tap(fs.Disk(), func(op crashfs.Op) error { return b.hook(op) })), nil
	})
	b.Cleanup(b.dirs.CloseAll)
}

// owners are the names of a batch.
type owners struct {
	mu sync.Mutex
	of map[string]int
}

// names are those of one file; what is promised to others is in owners with a minus.
type names struct {
	*owners
	me    int
	mated bool // others are after the same name
}

func (b *bed) names() *names { return &names{&b.owners, 1, false} }

func (n *names) Free(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.of[name] == 0 || n.of[name] == n.me
}

func (n *names) Unowned(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.of[name] <= 0 || n.of[name] == n.me
}

func (n *names) Take(name string) bool { return n.Free(name) && n.Reserve(name) }

func (n *names) Reserve(name string) bool {
	if !n.Unowned(name) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for was, owner := range n.of {
		if owner == n.me {
			delete(n.of, was)
		}
	}
	n.of[name] = n.me
	return true
}

func (n *names) Claim(name string, from int) (string, int) {
	for ; ; from++ {
		if c := safename.Numbered(name, from); n.Free(c) {
			return c, from
		}
	}
}

func (n *names) Uncontested(string) bool { return !n.mated }

func link(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

var origin = link("http://a.test/dir/a.bin?sig=1")

// target is a file of the batch, which is opened.
func (b *bed) target() *disk.Target {
	b.Helper()
	return b.targetOf(disk.Want{Dir: "d", Name: wanted, URL: origin})
}

func (b *bed) targetOf(w disk.Want) *disk.Target {
	b.Helper()
	t := disk.NewTarget(b.dirs, &b.policy, w, b.names())
	_, err := t.Dir()
	require.NoError(b, err)
	return t
}

// other is not proven to be anything.
func (b *bed) answer(size int64) disk.Answer {
	return disk.Answer{Name: wanted, Size: size, Proof: proves("")}
}

// open is a target that takes bytes.
func (b *bed) open(single bool) *disk.Target {
	b.Helper()
	t := b.target()
	existing, err := t.Settle(b.answer(9))
	require.NoError(b, err)
	require.False(b, existing)
	require.NoError(b, t.Create(single))
	return t
}

// whole is one that has all of them.
func (b *bed) whole(single bool, text string) *disk.Target {
	b.Helper()
	t := b.open(single)
	b.write(t, text)
	return t
}

func (b *bed) write(t *disk.Target, text string) {
	b.Helper()
	n, err := t.WriteAt([]byte(text), 0)
	require.NoError(b, err)
	require.Equal(b, len(text), n)
}

// shows requires that nothing but these files is there, and nothing open.
func (b *bed) shows(files map[string]string) {
	b.Helper()
	have := map[string]string{}
	for _, name := range b.fs.List() {
		have[name] = string(b.fs.Content(name))
	}
	require.Equal(b, files, have)
	require.Zero(b, b.fs.OpenFiles())
}

func sumOf(text string) digest.Sum {
	s := digest.Sum{Algorithm: "sha256"}
	h := s.New()
	h.Write([]byte(text))
	s.Bytes = string(h.Sum(nil))
	return s
}

func label() disk.Label {
	return disk.Label{ModTime: day, Mark: disk.MarkOf(origin, pin)}
}

func publish(t *disk.Target) error { return t.Publish(context.Background(), label()) }
