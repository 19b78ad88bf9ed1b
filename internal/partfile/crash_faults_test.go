package partfile_test

import (
	"context"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/journal"
	"github.com/littledl/littledl/internal/partfile"
)

// onDisk is a directory of a disk, as a process of its own has it open.
func onDisk(s *crashfs.FS, h crashfs.Hook) *partfile.Dir {
	if h == nil {
		h = func(crashfs.Op) error { return nil }
	}
	return partfile.NewDir(crashfs.Tap(s.Disk(), h))
}

// noted writes a part with a journal that tells of all of it.
func noted(t *testing.T, p *partfile.Part, text string) *partfile.Part {
	t.Helper()
	if !p.Resumable() {
		require.NoError(t, p.Log(journal.Head{Size: int64(len(text)), ETag: `"1"`}))
	}
	note(t, p, text)
	return p
}

func note(t *testing.T, p *partfile.Part, text string) {
	t.Helper()
	_, err := p.WriteAt([]byte(text), 0)
	require.NoError(t, err)
	r := p.Record()
	require.NoError(t, r.Wrote(0, []byte(text)))
	require.NoError(t, r.Flush())
}

func created(t *testing.T, d *partfile.Dir) *partfile.Part {
	t.Helper()
	p, err := d.Create(modelName, modelKey)
	require.NoError(t, err)
	return p
}

func resumed(t *testing.T, d *partfile.Dir) (*partfile.Part, journal.Log) {
	t.Helper()
	p, log, err := d.Resume(modelName, modelKey, true)
	require.NoError(t, err)
	require.NotNil(t, p)
	return p, log
}

// TestFailedSyncIsNotForgotten is 87 of the catalogue: after a sync has failed the next
// one succeeds, and nobody may believe it.
func TestFailedSyncIsNotForgotten(t *testing.T) {
	for name, sync := range map[string]func(p *partfile.Part) error{
		"while it is written": func(p *partfile.Part) error { return p.SyncAfter(1) },
		"at the end":          func(p *partfile.Part) error { return p.Seal(time.Time{}, partfile.Mark{}, true) },
	} {
		t.Run(name, func(t *testing.T) {
			s := crashfs.New(crashfs.Traits{})
			p := noted(t, created(t, onDisk(s, nil)), "text")
			s.FailSync(syscall.EIO)
			err := sync(p)
			require.ErrorIs(t, err, partfile.ErrUnsynced)
			require.ErrorIs(t, err, syscall.EIO)
			note(t, p, "more")
			require.ErrorIs(t, p.SyncAfter(1), partfile.ErrUnsynced)
			require.ErrorIs(t, p.Seal(time.Time{}, partfile.Mark{}, true), partfile.ErrUnsynced)
			require.ErrorIs(t, p.Publish(modelName, false), partfile.ErrUnsynced)
			_, ok := p.Kept()
			require.False(t, ok)
			require.Empty(t, s.List(), "no other process may go on from it either")
			require.Zero(t, s.OpenFiles())
		})
	}
}

// TestShortage: what a process lacks for the moment is no reason to throw a part away.
func TestShortage(t *testing.T) {
	for _, short := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC, syscall.ENOMEM} {
		s := crashfs.New(crashfs.Traits{})
		noted(t, created(t, onDisk(s, nil)), "text").Kept()
		d := onDisk(s, func(op crashfs.Op) error {
			if op.Kind == crashfs.Open && op.Name == modelName+"."+modelKey+partfile.JournalSuffix {
				return short
			}
			return nil
		})
		_, _, err := d.Resume(modelName, modelKey, true)
		require.ErrorIs(t, err, short)
		_, log := resumed(t, onDisk(s, nil))
		require.Len(t, log.Extents, 1)
	}
}

// TestSpareNameIsFound: a process that ends while it replaces a file has linked its
// part twice. The next one goes on from it all the same.
func TestSpareNameIsFound(t *testing.T) {
	s := crashfs.New(crashfs.Traits{})
	s.Put(modelName, []byte("theirs"))
	p := noted(t, created(t, onDisk(s, func(op crashfs.Op) error {
		if op.Kind == crashfs.Rename {
			s.Die()
		}
		return nil
	})), "text")
	require.ErrorIs(t, p.Publish(modelName, true), crashfs.ErrCrashed)
	require.Len(t, s.List(), 4)
	p, log := resumed(t, onDisk(s.Killed(), nil))
	require.Len(t, log.Extents, 1)
	p.Discard()

	s = s.Killed()
	onDisk(s, nil).Tidy(modelName, modelKey, true)
	require.Equal(t, []string{modelName}, s.List())
}

// TestPartsOfOneKey: of several parts with one key a name gets its own; another's in
// use is no reason to fail.
func TestPartsOfOneKey(t *testing.T) {
	s := crashfs.New(crashfs.Traits{})
	d := onDisk(s, nil)
	for _, name := range []string{"a (1).bin", "a.bin", "a (2).bin"} {
		p, err := d.Create(name, modelKey)
		require.NoError(t, err)
		noted(t, p, name).Kept()
	}
	d = onDisk(s, nil)
	for _, name := range []string{"a.bin", "a (1).bin", "a (2).bin"} {
		p, _, err := d.Resume(name, modelKey, true)
		require.NoError(t, err)
		got := make([]byte, len(name))
		_, err = p.ReadAt(got, 0)
		require.NoError(t, err)
		require.Equal(t, name, string(got))
	}
	p, _, err := d.Resume("b.bin", modelKey, true)
	require.NoError(t, err)
	require.Nil(t, p, "all in use")
	q, err := d.Create("c.bin", modelKey)
	require.NoError(t, err)
	noted(t, q, "of c.bin").Kept()
	p, _, err = onDisk(s, nil).Resume("b.bin", modelKey, false)
	require.NoError(t, err)
	require.Nil(t, p, "another's")
	p, _, err = onDisk(s, nil).Resume("b.bin", modelKey, true)
	require.NoError(t, err)
	require.NotNil(t, p)
	_, _, err = d.Resume("a.bin", modelKey, true)
	require.ErrorIs(t, err, partfile.ErrLocked)
}

// TestAnotherFilesJournal is 90 of the catalogue: the journal of another part, or of an
// earlier one under the same name, tells nothing about this one.
func TestAnotherFilesJournal(t *testing.T) {
	s := crashfs.New(crashfs.Traits{})
	d := onDisk(s, nil)
	noted(t, created(t, d), "the old version").Kept()
	old := s.Content(modelName + "." + modelKey + partfile.JournalSuffix)
	p := created(t, d) // throws the old part away; the process ends before it has a journal of its own
	_, err := p.WriteAt([]byte("the new version"), 0)
	require.NoError(t, err)
	require.Equal(t, old, s.Content(modelName+"."+modelKey+partfile.JournalSuffix))
	p, log := resumed(t, onDisk(s.Killed(), nil))
	require.Len(t, log.Extents, 1)
	ok, err := p.Matches(context.Background(), log.Extents[0], make([]byte, 100))
	require.NoError(t, err)
	require.False(t, ok)
}

// TestLocksLie is 95 of the catalogue where locks are of no use: whoever comes last
// owns the part, and who had it before stops, without a wrong byte under the final name
// and without taking anything away.
func TestLocksLie(t *testing.T) {
	lie := func(op crashfs.Op) error {
		if op.Kind == crashfs.Lock {
			return crashfs.ErrSkip
		}
		return nil
	}
	for i, traits := range []crashfs.Traits{
		{}, {NoNameless: true}, {NoLinkOpen: true}, {NoLink: true}, {NoLink: true, NoRenameNew: true},
	} {
		for _, replace := range []bool{false, true} {
			t.Run(strconv.Itoa(i)+" replace "+strconv.FormatBool(replace), func(t *testing.T) {
				t.Run("resumed", func(t *testing.T) {
					s := crashfs.New(traits)
					loser := noted(t, created(t, onDisk(s, lie)), "whole")
					winner, _ := resumed(t, onDisk(s, lie))
					losesTo(t, s, loser, winner, replace)
				})
				t.Run("begun anew", func(t *testing.T) {
					s := crashfs.New(traits)
					early := onDisk(s, lie) // had looked at the directory before
					loser := noted(t, created(t, onDisk(s, lie)), "whole")
					losesTo(t, s, loser, noted(t, created(t, early), "who"), replace)
				})
				t.Run("without a journal", func(t *testing.T) {
					s := crashfs.New(traits)
					loser := created(t, onDisk(s, lie))
					_, err := loser.WriteAt([]byte("whole"), 0)
					require.NoError(t, err)
					losesTo(t, s, loser, noted(t, created(t, onDisk(s, lie)), "who"), replace)
				})
				for nth := 1; nth < 4; nth++ {
					t.Run("at the last moment "+strconv.Itoa(nth), func(t *testing.T) {
						if traits.NoLink || traits.NoLinkOpen && replace {
							t.Skip("a part that can only be renamed goes by its name, whoever has it")
						}
						takenWhileNamed(t, crashfs.New(traits), nth, replace, lie)
					})
				}
			})
		}
	}
}

// takenWhileNamed lets somebody take a part over before the nth operation that gives it
// its final name. Whether that is too late or not, the name never shows his.
func takenWhileNamed(t *testing.T, s *crashfs.FS, nth int, replace bool, lie crashfs.Hook) {
	t.Helper()
	naming := 0
	loser := created(t, onDisk(s, func(op crashfs.Op) error {
		if op.Kind == crashfs.Link || op.Kind == crashfs.Rename {
			if naming++; naming == nth {
				noted(t, created(t, onDisk(s, lie)), "who")
			}
		}
		return lie(op)
	}))
	_, err := loser.WriteAt([]byte("whole"), 0)
	require.NoError(t, err)
	err = loser.Publish(modelName, replace)
	if naming < nth {
		require.NoError(t, err)
	}
	if err != nil {
		require.ErrorIs(t, err, partfile.ErrLocked)
		require.NotContains(t, s.List(), modelName)
		return
	}
	require.Equal(t, "whole", string(s.Content(modelName)))
}

// losesTo lets the loser try everything, and the winner end.
func losesTo(t *testing.T, s *crashfs.FS, loser, winner *partfile.Part, replace bool) {
	t.Helper()
	if winner != nil && loser.Resumable() {
		r := loser.Record()
		require.NoError(t, r.Wrote(0, []byte("whole")))
		require.ErrorIs(t, r.Flush(), partfile.ErrLocked, "it stops soon")
	}
	require.Error(t, loser.Publish(modelName, replace))
	require.NotContains(t, s.List(), modelName)
	if winner == nil {
		return
	}
	before := s.List()
	loser.Discard()
	require.Equal(t, before, s.List(), "what is there is the winner's")
	require.NoError(t, winner.Empty()) // the server has another version
	_, _ = loser.WriteAt([]byte("wrong"), 0)
	noted(t, winner, "right")
	require.NoError(t, winner.Publish(modelName, replace))
	require.Equal(t, []string{modelName}, s.List())
	require.Equal(t, "right", string(s.Content(modelName)))
}
