package reuse_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/partfile"
	"github.com/littledl/littledl/internal/reuse"
	"github.com/littledl/littledl/internal/safename"
)

const wanted = "a.bin"

var (
	origin = &url.URL{Scheme: "http", Host: "a.test", Path: "/a.bin"}
	other  = &url.URL{Scheme: "http", Host: "b.test", Path: "/a.bin"}
	pin    = httprange.Pin{Size: 9, ETag: `"e"`, LastModified: "Fri, 01 Jan 1999 00:00:00 GMT"}
	day    = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
)

func sumOf(text string) digest.Sum {
	s := digest.Sum{Algorithm: "sha256"}
	h := s.New()
	h.Write([]byte(text))
	s.Bytes = string(h.Sum(nil))
	return s
}

// bed is a save directory.
type bed struct {
	*testing.T
	path   string
	dirs   *disk.Dirs
	policy disk.Policy
	owned  map[string]bool // names of other files of the batch
	index  *reuse.Index
	stats  reuse.Stats
	trust  bool
}

func newBed(t *testing.T) *bed {
	b := &bed{T: t, path: t.TempDir(), dirs: disk.NewDirs(partfile.OpenDir), owned: map[string]bool{}, index: reuse.NewIndex(), policy: disk.Policy{Reuse: true}}
	t.Cleanup(b.dirs.CloseAll)
	return b
}

func (b *bed) Unowned(name string) bool { return !b.owned[name] }
func (b *bed) Free(name string) bool    { return !b.owned[name] }
func (b *bed) Take(name string) bool    { return !b.owned[name] }
func (b *bed) Reserve(name string) bool { return !b.owned[name] }
func (b *bed) Uncontested(string) bool  { return true }
func (b *bed) Claim(name string, from int) (string, int) {
	for ; ; from++ {
		if c := safename.Numbered(name, from); b.Free(c) {
			return c, from
		}
	}
}

// plant makes a file with its time, and from a URL where one is given.
func (b *bed) plant(name, text string, from *url.URL, v httprange.Pin) {
	b.Helper()
	path := filepath.Join(b.path, filepath.FromSlash(name))
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(b, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(b, os.Chtimes(path, day, day))
	if from == nil {
		return
	}
	d, err := partfile.OpenDir(filepath.Dir(path), "")
	require.NoError(b, err)
	defer d.Close()
	info, err := d.Stat(filepath.Base(path))
	require.NoError(b, err)
	m := disk.MarkOf(from, v)
	d.Stamp(filepath.Base(path), info, m)
	require.Equal(b, m, d.MarkOf(filepath.Base(path)), "marks work here")
}

func (b *bed) target(w disk.Want) *disk.Target {
	b.Helper()
	w.Dir, w.URL = b.path, origin
	if w.Name == "" {
		w.Name = wanted
	}
	t := disk.NewTarget(b.dirs, &b.policy, w, b)
	_, err := t.Dir()
	require.NoError(b, err)
	return t
}

func (b *bed) finder(t *disk.Target) *reuse.Finder {
	f := reuse.NewFinder(b.index, &b.stats, t, b.trust)
	return &f
}

func (b *bed) counts() [3]int64 {
	return [3]int64{b.stats.Checks.Load(), b.stats.Hits.Load(), b.stats.Saved.Load()}
}

func (b *bed) files() map[string]string {
	b.Helper()
	files := map[string]string{}
	require.NoError(b, filepath.WalkDir(b.path, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(b.path, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	}))
	return files
}

func mute() (reuse.Told, bool) { return reuse.Told{}, false }

// tells is a source that says what it has.
func tells(v httprange.Pin, d digest.Sum, name string) func() (reuse.Told, bool) {
	return func() (reuse.Told, bool) {
		return reuse.Told{Version: reuse.Version{URL: origin, Pin: v, Told: d}, Name: name}, true
	}
}
