package partfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/journal"
)

// TestThin: of the parts of one path, under other queries, that were left for a name, the newest
// stays beside the one that is begun, and whatever is in use.
func TestThin(t *testing.T) {
	path := t.TempDir()
	const family = "01234567"
	for i, name := range []string{"a.bin." + family + "aaaaaaaa", "a.bin." + family + "bbbbbbbb", "a.bin." + family + "cccccccc", "b.bin." + family + "dddddddd", "a.bin.76543210"} {
		for _, suffix := range []string{Suffix, JournalSuffix} {
			at := filepath.Join(path, name+suffix)
			require.NoError(t, os.WriteFile(at, nil, 0o600))
			require.NoError(t, os.Chtimes(at, time.Time{}, time.Unix(int64(i), 0)))
		}
	}
	d := reopened(t, path)
	p, err := d.Create("a.bin", family+"eeeeeeee")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"a.bin." + family + "eeeeeeee" + Suffix,
		"b.bin." + family + "dddddddd" + Suffix, "b.bin." + family + "dddddddd" + JournalSuffix, "a.bin.76543210" + Suffix, "a.bin.76543210" + JournalSuffix,
	}, names(t, path))
	p.Discard()
}

// TestResumeSibling: what is not proven is left as it is, and so is what proves to be wrong later.
func TestResumeSibling(t *testing.T) {
	path := t.TempDir()
	const own, other = "01234567aaaaaaaa", "01234567bbbbbbbb"
	leave(t, path, "a.bin", other)
	before := names(t, path)
	d := reopened(t, path)
	for _, may := range []bool{false, true} {
		asked := 0
		p, log, err := d.ResumeSibling("a.bin", own, func(_ journal.Log, named bool) bool {
			asked++
			require.True(t, named)
			return may
		})
		require.NoError(t, err)
		require.Equal(t, 1, asked)
		require.Equal(t, may, p != nil)
		if may {
			require.NotEmpty(t, log.Extents)
			p.Leave()
		}
		require.Equal(t, before, names(t, path))
	}
	p, _, err := d.ResumeSibling("a.bin", "76543210", func(journal.Log, bool) bool { return true })
	require.NoError(t, err)
	require.Nil(t, p)
	p, log, err := d.Resume("a.bin", other, false)
	require.NoError(t, err)
	require.NotNil(t, p, "it is as good as before")
	require.NotEmpty(t, log.Extents)
	p.Discard()
}

// TestInUse: a part that is gone on with for another name is no reason to fail for whoever wants
// its own.
func TestInUse(t *testing.T) {
	path := t.TempDir()
	leave(t, path, "a.bin", "k")
	d := reopened(t, path)
	p, _, err := d.Resume("b.bin", "k", true)
	require.NoError(t, err)
	require.NotNil(t, p)
	q, _, err := d.Resume("a.bin", "k", true)
	require.NoError(t, err)
	require.Nil(t, q)
	q, err = d.Create("a.bin", "k")
	require.NoError(t, err)
	require.NotEqual(t, p.name, q.name)
	d.Tidy("a.bin", "k", true)
	require.NoError(t, q.Publish("a.bin", false))
	require.NoError(t, p.Publish("b.bin", false))
	require.ElementsMatch(t, []string{"a.bin", "b.bin"}, names(t, path))
}
