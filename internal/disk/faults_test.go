package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/replay"
)

// story is how a file is fetched by one process.
type story struct {
	policy disk.Policy
	traits crashfs.Traits
	text   string
	single bool
	digest bool
	theirs string // has the name at first; "": nothing
}

func drawStory(r *rand.Rand) story {
	odds := func(n int) bool { return r.IntN(n) == 0 }
	s := story{
		policy: disk.Policy{Overwrite: []disk.Overwrite{disk.Rename, disk.Rename, disk.Replace}[r.IntN(3)], Durable: odds(2), Resume: !odds(4)},
		traits: crashfs.Traits{NoNameless: odds(3), NoLinkOpen: odds(4), NoLink: odds(5), NoRenameNew: odds(2)},
		text:   strings.Repeat("the bytes ", 1+r.IntN(1000)), single: odds(3), digest: odds(2),
	}
	if odds(2) {
		s.theirs = strings.Repeat("THEIRS AND", len(s.text)/10) // of the same size
	}
	return s
}

// fetch does it all, as a transfer does, and leaves what it can where something fails.
func (s story) fetch(b *bed, r *rand.Rand) (err error) {
	t := disk.NewTarget(b.dirs, &b.policy, disk.Want{Dir: "d", Name: wanted, URL: origin}, b.names())
	defer func() {
		if err != nil {
			if t.State() == disk.Open || t.State() == disk.Sealed {
				t.Keep()
			}
		}
		t.Close()
	}()
	var want digest.Sum
	if s.digest {
		want = sumOf(s.text)
	}
	v := httprange.Pin{Size: int64(len(s.text)), ETag: `"e"`}
	mark := disk.MarkOf(origin, v)
	left, err := t.Adopt(want)
	if err != nil {
		return err
	}
	a := disk.Answer{Name: wanted, Size: v.Size, Proof: proves("")}
	if existing, err := t.Settle(a); existing || err != nil {
		return errors.Join(err, errors.New("nothing was proven"))
	}
	if left == nil {
		if err := t.Create(s.single); err != nil {
			return err
		}
	} else if _, err := t.Prove(b.Context(), left.Extents, make([]byte, 1000)); err != nil {
		return err
	}
	if !s.single {
		if err := t.BeginLog(v, 0, want); err != nil && !errors.Is(err, disk.ErrNoJournal) {
			return err
		}
	}
	if err := t.Preallocate(v.Size, v.Size); err != nil {
		return err
	}
	notes := t.Record()
	for off := 0; off < len(s.text); {
		n := min(len(s.text)-off, 1+r.IntN(4000))
		data := []byte(s.text[off : off+n])
		if _, err := t.WriteAt(data, int64(off)); err != nil {
			return err
		}
		if err := notes.Wrote(int64(off), data); err != nil {
			return err
		}
		if err := notes.Flush(); err != nil {
			return err
		}
		off += n
	}
	if err := t.Verify(b.Context(), v.Size, true, want, nil); err != nil {
		return err
	}
	return t.Publish(b.Context(), disk.Label{ModTime: day, Mark: mark})
}

// complete requires that everything is in its place after a fetch; what could not be removed
// may be left.
func (s story) complete(b *bed, told string, removed bool) {
	b.Helper()
	for i, name := range b.fs.List() {
		content := string(b.fs.Content(name))
		switch {
		case content == s.text, !removed && partfile.IsOurs(name):
		case content == s.theirs && name == wanted && s.policy.Overwrite == disk.Rename:
		default:
			require.Fail(b, told, "%s of %v", name, b.fs.List()[i:])
		}
	}
	name := wanted
	if s.theirs != "" && s.policy.Overwrite == disk.Rename {
		name = "a (1).bin"
		require.Equal(b, s.theirs, string(b.fs.Content(wanted)), told)
	}
	require.Equal(b, s.text, string(b.fs.Content(name)), told)
	require.Zero(b, b.fs.OpenFiles(), told)
}

// TestFaultsAndCrashes: whatever operation of the disk fails, or is the last before a kill
// or a power cut, nobody's file is harmed, no name shows anything but a whole file, a
// failure says that it is the disk's, and the next process has the file.
func TestFaultsAndCrashes(t *testing.T) {
	seed := replay.Seed(t)
	for i := range uint64(30) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { tell(t, rand.New(rand.NewPCG(seed, i))) })
		})
	}
}

func tell(t *testing.T, r *rand.Rand) {
	s := drawStory(r)
	begin := func() *bed {
		fs := crashfs.New(s.traits)
		if s.theirs != "" {
			fs.Put(wanted, []byte(s.theirs))
		}
		b := newBed(t, fs)
		b.policy = s.policy
		return b
	}
	b, ops := begin(), 0
	b.hook = func(crashfs.Op) error { ops++; return nil }
	writes := r.Uint64()
	require.NoError(t, s.fetch(b, rand.New(rand.NewPCG(writes, 0))))
	s.complete(b, fmt.Sprintf("%+v", s.traits), true)

	for at := range ops {
		for _, fault := range []error{syscall.EIO, syscall.ENOSPC, syscall.EMFILE, crashfs.ErrCrashed} {
			b, n, told := begin(), 0, ""
			b.hook = func(op crashfs.Op) error {
				if n++; n != at+1 {
					return nil
				}
				if op.Kind == crashfs.Close && fault != crashfs.ErrCrashed {
					return nil // it closes in any case
				}
				told = fmt.Sprintf("%v at %s %s", fault, op.Kind, op.Name)
				if fault == crashfs.ErrCrashed {
					b.fs.Die()
				}
				return fault
			}
			err := s.fetch(b, rand.New(rand.NewPCG(writes, 0)))
			told = fmt.Sprintf("%s, %+v %+v", told, s.policy, s.traits)
			after := []*crashfs.FS{b.fs}
			if fault == crashfs.ErrCrashed {
				after = []*crashfs.FS{b.fs.Killed(), b.fs.Cut(), b.fs.CutAt(r), b.fs.CutAt(r)}
			} else if err == nil {
				s.complete(b, told, !strings.Contains(told, "at remove"))
				continue
			} else {
				class := fail.Of(err, fail.Facts{}).Class
				require.Contains(t, []fail.Class{fail.Local, fail.Shortage}, class, "%s: %v", told, err)
			}
			for i, fs := range after {
				s.again(b, fs, i > 0, fmt.Sprintf("%s: %v", told, err), r)
			}
		}
	}
}

// again is the next process.
func (s story) again(b *bed, fs *crashfs.FS, cut bool, told string, r *rand.Rand) {
	b.Helper()
	b.mount(fs)
	if fs.Has(wanted) && (!cut || s.policy.Durable) { // else what was not synced is anything
		// Where nothing better can be had an empty file holds the name for a moment.
		require.Contains(b, []string{s.theirs, s.text, ""}, string(fs.Content(wanted)), "%s: no file at all", told)
	}
	require.NoError(b, s.fetch(b, r), told)
	have := map[string]int{}
	for _, name := range fs.List() {
		have[string(fs.Content(name))]++
	}
	require.GreaterOrEqual(b, have[s.text], 1, told)
}
