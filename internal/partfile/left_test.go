package partfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/journal"
)

func TestTidy(t *testing.T) {
	for name, c := range map[string]struct{ before, after []string }{
		"both":           {[]string{"a.bin.k.ldpart", "a.bin.k.ldjournal"}, nil},
		"part":           {[]string{"a.bin.k.ldpart"}, nil},
		"journal":        {[]string{"a.bin.k.ldjournal"}, nil},
		"of other names": {[]string{"b.bin.k.ldpart", "b.bin.k.ldjournal"}, nil},
		"of other jobs":  {[]string{"a.bin.k2.ldpart", "a.bin.k2.ldjournal", "a.bin.ldpart"}, []string{"a.bin.k2.ldpart", "a.bin.k2.ldjournal", "a.bin.ldpart"}},
		"of users":       {[]string{"a.bin", "a.bin.k", "k.ldpart.old", ".ldpart"}, []string{"a.bin", "a.bin.k", "k.ldpart.old", ".ldpart"}},
		"nothing":        {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			for _, n := range c.before {
				require.NoError(t, os.WriteFile(filepath.Join(path, n), nil, 0o600))
			}
			reopened(t, path).Tidy("a.bin", "k", true)
			require.ElementsMatch(t, c.after, names(t, path))
		})
	}
}

// TestReopenWithJournal: within one process a part goes on as it was, and a journal that
// somebody has touched meanwhile is not gone on with.
func TestReopenWithJournal(t *testing.T) {
	for name, c := range map[string]struct {
		touch func(log string) error
		ok    bool
	}{
		"untouched": {func(string) error { return nil }, true},
		"torn tail": {func(log string) error { return os.Truncate(log, fileSize(log)-1) }, true},
		"removed":   {os.Remove, false},
		"emptied":   {func(log string) error { return os.Truncate(log, 0) }, false},
		"linked":    {func(log string) error { return os.Link(log, log+"2") }, false},
		"owned by another": {func(log string) error {
			f, err := os.OpenFile(log, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt(journal.Nonce(12345), journal.NonceAt)
				f.Close()
			}
			return err
		}, false},
		"of another file": {func(log string) error { return os.WriteFile(log, journal.Begin(1, head), 0o600) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			k := leave(t, path, "a.bin", "k")
			log := filepath.Join(path, journalName(k.name))
			require.NoError(t, c.touch(log))
			before, _ := os.ReadFile(log)
			d := reopened(t, path)
			p, err := d.Reopen(k)
			if !c.ok {
				require.ErrorContains(t, err, "changed by somebody else")
				after, _ := os.ReadFile(log)
				require.Equal(t, before, after)
				return
			}
			require.NoError(t, err)
			require.True(t, p.Resumable())
			noted := len(logOf(t, path, journalName(k.name)).Extents)
			note(t, p, 0, "half")
			require.Len(t, logOf(t, path, journalName(k.name)).Extents, noted+1)
			require.NoError(t, p.Publish("a.bin", false))
			holds(t, path, map[string]string{"a.bin": "half"})
		})
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// TestRemoveWithJournal: what is kept and not wanted any more goes with its journal.
func TestRemoveWithJournal(t *testing.T) {
	path := t.TempDir()
	k := leave(t, path, "a.bin", "k")
	reopened(t, path).Remove(k)
	holds(t, path, map[string]string{})
}
