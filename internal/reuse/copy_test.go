package reuse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/digest"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
	"github.com/littledl/littledl/internal/httprange"
	"github.com/littledl/littledl/internal/reuse"
)

// copy looks for a target's content everywhere, and makes use of what is found.
func (b *bed) copy(t *disk.Target, s reuse.Search) (found bool, err error) {
	f := b.finder(t)
	if s.Found, found = f.Find(b.Context(), b.dirs, s, true); !found {
		return false, nil
	}
	return f.Copy(b.Context(), b.dirs, s)
}

// TestCopy: content that is at hand becomes the file, wherever it is.
func TestCopy(t *testing.T) {
	for what, c := range map[string]struct {
		there  []string // files with the content
		others []string // files of the same size
		policy disk.Overwrite
		given  bool
		from   int
		name   string // "" for nothing found, "-" for ErrFileExists
		copied bool
	}{
		"nothing of it":          {others: []string{wanted, "s/x"}},
		"under another name":     {there: []string{"x"}, others: []string{"y", "s/x"}, name: wanted, copied: true},
		"below":                  {there: []string{"s/t/x"}, name: wanted, copied: true},
		"the file itself":        {there: []string{wanted}, name: wanted},
		"numbered":               {there: []string{"a (7).bin"}, others: []string{wanted}, name: "a (7).bin"},
		"numbered, but given":    {there: []string{"a (7).bin"}, given: true, name: wanted, copied: true},
		"the name is taken":      {there: []string{"x"}, others: []string{wanted}, name: "a (1).bin", copied: true},
		"of others come before":  {there: []string{"x"}, from: 3, name: "a (3).bin", copied: true},
		"replaced":               {there: []string{"x"}, others: []string{wanted}, policy: disk.Replace, name: wanted, copied: true},
		"itself, to be replaced": {there: []string{wanted}, policy: disk.Replace, name: wanted, copied: true},
		"refused":                {there: []string{"x"}, others: []string{wanted}, policy: disk.Refuse, name: "-"},
		"not refused":            {there: []string{"x"}, policy: disk.Refuse, name: wanted, copied: true},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t)
			b.policy.Overwrite = c.policy
			for _, name := range c.there {
				b.plant(name, "the bytes", origin, pin)
			}
			for _, name := range c.others {
				b.plant(name, "other one", nil, pin)
			}
			after := b.files()
			before, _ := os.Stat(filepath.Join(b.path, c.name))
			target := b.target(disk.Want{Given: c.given})
			found, err := b.copy(target, reuse.Search{Digest: sumOf("the bytes"), Size: 9, Name: wanted, From: func() int { return c.from }})
			switch c.name {
			case "":
				require.NoError(t, err)
				require.False(t, found)
			case "-":
				require.ErrorIs(t, err, fail.ErrFileExists)
				target.Discard()
			default:
				require.NoError(t, err)
				require.True(t, found)
				require.Equal(t, c.name, target.Name())
				require.Equal(t, [2]int64{1, 9}, [2]int64{b.stats.Hits.Load(), b.stats.Saved.Load()})
				after[c.name] = "the bytes"
				info, err := os.Stat(filepath.Join(b.path, c.name))
				require.NoError(t, err)
				require.Equal(t, c.copied, !os.SameFile(before, info))
				require.True(t, info.ModTime().Equal(day))
				dir, err := target.Dir()
				require.NoError(t, err)
				require.Equal(t, disk.MarkOf(origin, pin), dir.MarkOf(c.name), "the copy is from there, too")
			}
			require.GreaterOrEqual(t, b.stats.Checks.Load(), b.stats.Hits.Load())
			target.Close()
			require.Equal(t, after, b.files())
		})
	}
}

// TestCopyDropsWhatWasFetched of a version before this one.
func TestCopyDropsWhatWasFetched(t *testing.T) {
	b := newBed(t)
	b.plant("x", "the bytes", nil, pin)
	target := b.target(disk.Want{})
	target.Claim(wanted, 0)
	require.NoError(t, target.Create(false))
	require.NoError(t, target.BeginLog(pin, 0, digest.Sum{}))
	found, err := b.copy(target, reuse.Search{Digest: sumOf("the bytes"), Size: 9, Name: wanted, From: func() int { return 0 }})
	require.NoError(t, err)
	require.True(t, found)
	target.Close()
	require.Equal(t, map[string]string{wanted: "the bytes", "x": "the bytes"}, b.files())
}

// TestMakeOfChanging: what is written to meanwhile, or is no longer what its digest says, is
// not published.
func TestMakeOfChanging(t *testing.T) {
	for what, c := range map[string]struct {
		want   digest.Sum
		before string // is written to it before the copy is begun
		write  string // while it is made
		err    error
	}{
		"unchanged":            {sumOf("the bytes"), "", "", nil},
		"no digest":            {digest.Sum{}, "", "", nil},
		"it changed since":     {digest.Sum{}, "the bites", "", reuse.ErrChanged},
		"it grows":             {digest.Sum{}, "", "the bytes and more", reuse.ErrChanged},
		"it has other content": {sumOf("the bites"), "", "", reuse.ErrChanged},
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t)
			b.plant("x", "the bytes", nil, httprange.Pin{})
			in := &meddled{b.openFile("x"), func() {
				if c.write != "" {
					require.NoError(t, os.WriteFile(filepath.Join(b.path, "x"), []byte(c.write), 0o600))
				}
			}}
			target := b.target(disk.Want{})
			target.Claim(wanted, 0)
			looked, err := in.Stat()
			require.NoError(t, err)
			if c.before != "" {
				require.NoError(t, os.WriteFile(filepath.Join(b.path, "x"), []byte(c.before), 0o600))
			}
			err = reuse.Make(t.Context(), target, in, looked, c.want)
			require.ErrorIs(t, err, c.err)
			_, there := b.files()[wanted]
			require.Equal(t, c.err == nil, there)
			if c.err == nil {
				require.NoError(t, err)
			} else {
				require.Equal(t, disk.Absent, target.State())
			}
			target.Close()
		})
	}
}

// TestFindReadsLittle: for one digest few files are read, however often it is looked for; what
// is known is not read again. First come those that are called alike.
func TestFindReadsLittle(t *testing.T) {
	b := newBed(t)
	for i := range 20 {
		b.plant(fmt.Sprintf("%02d", i), "other one", nil, pin)
	}
	find := func(text string) bool {
		_, found := b.finder(b.target(disk.Want{})).Find(t.Context(), b.dirs, reuse.Search{Digest: sumOf(text), Size: 9, Name: wanted}, true)
		return found
	}
	for range 3 {
		require.False(t, find("the bytes"))
	}
	known := 0
	for i := range 20 {
		if _, ok := b.index.Known(b.openFile(fmt.Sprintf("%02d", i)), "sha256"); ok {
			known++
		}
	}
	require.Equal(t, 4, known)
	require.True(t, find("other one"))

	b.plant("zz/"+wanted, "the bites", nil, pin)
	b.index.Add(b.path, "zz/"+wanted, 9)
	require.True(t, find("the bites"), "it is called as the target is")
}
