package partfile_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/replay"
)

// Bytes that change on the disk.

// TestSpoilt is 90, 91 and 92 of the catalogue for the part file alone: after a crash
// somebody, or the disk, spoils the part, its journal or both.
func TestSpoilt(t *testing.T) {
	seed, stories := replay.Seed(t), uint64(4)
	if os.Getenv("LITTLEDL_CRASH") == "all" {
		stories = 200
	}
	for number, files := range map[string][]string{
		"90 journal":        {partfile.JournalSuffix},
		"91 part":           {partfile.Suffix},
		"92 one is gone":    nil,
		"90 and 91 at once": {partfile.JournalSuffix, partfile.Suffix},
	} {
		t.Run(number, func(t *testing.T) {
			for i := range stories {
				synctest.Test(t, func(t *testing.T) { tellSpoilt(t, seed+i, files) })
			}
		})
	}
}

func tellSpoilt(t *testing.T, seed uint64, files []string) {
	r := rand.New(rand.NewPCG(seed, 2))
	s := drawSetting(r)
	s.plain = false
	_, moments := undisturbed(t, s, r)
	for _, m := range moments {
		after := m.fs.Killed()
		if m.named { // the part may be the file
			continue
		}
		for _, suffix := range files {
			spoil(t, after, modelName+"."+modelKey+suffix, r)
		}
		if files == nil {
			_ = after.Disk().Remove(modelName + "." + modelKey + []string{partfile.Suffix, partfile.JournalSuffix}[r.IntN(2)])
		}
		next := &model{setting: s, t: t, r: r, fs: after, version: m.version, before: func(crashfs.Op) {}}
		next.changes = false
		next.run()
		finished(t, next)
	}
}

// spoil does something to a file that only a disk or a person would.
func spoil(t *testing.T, s *crashfs.FS, name string, r *rand.Rand) {
	d := s.Disk()
	f, err := d.Open(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	size := info.Size()
	at := r.Int64N(size + 1)
	switch r.IntN(6) {
	case 0:
		b := make([]byte, 1)
		_, _ = f.ReadAt(b, at)
		_, err = f.WriteAt([]byte{b[0] ^ 1<<r.IntN(8)}, at)
	case 1:
		err = f.Truncate(at)
	case 2:
		err = f.Truncate(size + 5000)
	case 3:
		_, err = f.WriteAt(make([]byte, size-at), at)
	case 4:
		_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, int(r.Int64N(200))), at)
	case 5: // another file in its place
		require.NoError(t, d.Remove(name))
		noise := make([]byte, size)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		s.Put(name, noise)
	}
	require.NoError(t, err)
}
