package crashfs

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/partfile"
)

func create(t *testing.T, d partfile.Disk, name, text string) partfile.File {
	t.Helper()
	f, err := d.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	require.NoError(t, err)
	write(t, f, text, 0)
	return f
}

func write(t *testing.T, f partfile.File, text string, off int64) {
	t.Helper()
	_, err := f.WriteAt([]byte(text), off)
	require.NoError(t, err)
}

// TestCut: a name needs its directory synced, content its file.
func TestCut(t *testing.T) {
	s := New(Traits{})
	d := s.Disk()
	f := create(t, d, "a", "old")
	require.Empty(t, s.Cut().List())
	require.Equal(t, []string{"a"}, s.Killed().List())
	require.NoError(t, f.Sync())
	require.Empty(t, s.Cut().List(), "a file's sync says nothing of its name")
	require.NoError(t, d.Sync())
	write(t, f, "new and longer", 0)
	require.NoError(t, d.Rename("a", "b"))
	after := s.Cut()
	require.Equal(t, []string{"a"}, after.List())
	require.Equal(t, "old", string(after.Content("a")))
	require.NoError(t, d.Sync())
	require.Equal(t, "old", string(s.Cut().Content("b")), "the name before the data")
	require.NoError(t, f.Sync())
	require.Equal(t, "new and longer", string(s.Cut().Content("b")))
	require.Equal(t, "new and longer", string(s.Killed().Content("b")))
}

// TestCutAt: everything that may happen does, and nothing else.
func TestCutAt(t *testing.T) {
	s := New(Traits{})
	d := s.Disk()
	f := create(t, d, "a", "")
	require.NoError(t, d.Sync())
	full := make([]byte, 3*pageSize)
	for i := range full {
		full[i] = 1
	}
	write(t, f, string(full), 0)
	require.NoError(t, d.Link(f, "a", "b"))
	seen := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		after := s.CutAt(r)
		got := after.Content("a")
		pages, torn := 0, false
		for at := 0; at < len(got); at += pageSize {
			ones := 0
			for _, c := range got[at:min(at+pageSize, len(got))] {
				ones += int(c)
			}
			pages += ones / pageSize
			torn = torn || ones > 0 && ones < pageSize
			require.Zero(t, ones%sectorSize)
		}
		seen["empty"] = seen["empty"] || len(got) == 0
		seen["whole"] = seen["whole"] || pages == 3
		seen["holes"] = seen["holes"] || len(got) == len(full) && pages == 0
		seen["torn"] = seen["torn"] || torn
		seen["both names"] = seen["both names"] || len(after.List()) == 2
		seen["one name"] = seen["one name"] || len(after.List()) == 1
	}
	require.Len(t, seen, 6)
	require.NotContains(t, seen, false)
	for what, happened := range seen {
		require.True(t, happened, what)
	}
}

// TestFailedSync: what the disk has refused once no later sync brings there, unless it
// is written again.
func TestFailedSync(t *testing.T) {
	s := New(Traits{})
	d := s.Disk()
	f := create(t, d, "a", "lost")
	require.NoError(t, d.Sync())
	s.FailSync(syscall.EIO)
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	require.NoError(t, f.Sync())
	require.Equal(t, "lost", string(s.Content("a")), "as long as the system runs it shows it")
	require.Equal(t, "\x00\x00\x00\x00", string(s.Cut().Content("a")))
	write(t, f, "kept", 0)
	require.NoError(t, f.Sync())
	require.Equal(t, "kept", string(s.Cut().Content("a")))
}

// TestDie: the handles and locks of a dead process are of no use to it, and in nobody's
// way.
func TestDie(t *testing.T) {
	s := New(Traits{})
	d := s.Disk()
	f := create(t, d, "a", "text")
	require.NoError(t, f.Lock())
	g, err := d.Open("a", os.O_RDWR, 0)
	require.NoError(t, err)
	require.ErrorIs(t, g.Lock(), partfile.ErrLocked)
	s.Die()
	_, err = f.WriteAt([]byte("x"), 0)
	require.ErrorIs(t, err, ErrCrashed)
	require.ErrorIs(t, d.Remove("a"), ErrCrashed)
	next := s.Killed()
	h, err := next.Disk().Open("a", os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, h.Lock())
	require.Equal(t, "text", string(next.Content("a")))
}

// TestNames: no operation on names does more than those of an operating system.
func TestNames(t *testing.T) {
	s := New(Traits{})
	d := s.Disk()
	f := create(t, d, "a", "text")
	_, err := d.Open("a", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0)
	require.ErrorIs(t, err, fs.ErrExist)
	require.NoError(t, d.Link(f, "a", "b"))
	require.ErrorIs(t, d.Link(f, "a", "b"), fs.ErrExist)
	require.ErrorIs(t, d.RenameNew("a", "b"), fs.ErrExist)
	require.NoError(t, d.Rename("a", "b"))
	require.Equal(t, []string{"a", "b"}, s.List(), "two names of one file stay two")
	require.NoError(t, d.Remove("a"))
	require.NoError(t, d.Remove("b"))
	require.ErrorIs(t, d.Remove("b"), fs.ErrNotExist)
	require.ErrorIs(t, d.Link(f, "a", "b"), fs.ErrNotExist, "a file that was removed gets no name again")
	n, err := d.Nameless()
	require.NoError(t, err)
	require.Empty(t, s.List())
	require.NoError(t, d.Link(n, "", "c"))
	require.Equal(t, []string{"c"}, s.List())
	d = New(Traits{NoLink: true, NoRenameNew: true}).Disk()
	f = create(t, d, "a", "text")
	require.ErrorIs(t, d.Link(f, "a", "b"), syscall.ENOTSUP)
	require.ErrorIs(t, d.RenameNew("a", "b"), syscall.ENOTSUP)
	_, err = d.Nameless()
	require.ErrorIs(t, err, syscall.ENOTSUP)
}

// TestTap: it sees everything, and can fail it or make a lie of it.
func TestTap(t *testing.T) {
	var seen []Kind
	var answer error
	s := New(Traits{})
	d := Tap(s.Disk(), func(op Op) error {
		seen = append(seen, op.Kind)
		return answer
	})
	f := create(t, d, "a", "text")
	require.NoError(t, f.Sync())
	require.Equal(t, []Kind{Create, Write, Sync}, seen)
	answer = syscall.ENOSPC
	n, err := f.WriteAt([]byte("more"), 0)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Zero(t, n)
	answer = ErrSkip
	write(t, f, "more", 0)
	require.Equal(t, "text", string(s.Content("a")))
}
