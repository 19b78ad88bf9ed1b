package disk_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl/internal/crashfs"
	"github.com/littledl/littledl/internal/disk"
	"github.com/littledl/littledl/internal/fail"
)

// proves says of one name that it is the file.
func proves(name string) disk.Prover {
	return prover(func(n string, _ fs.FileInfo) bool { return n == name })
}

type prover func(string, fs.FileInfo) bool

func (p prover) Same(name string, info fs.FileInfo) bool { return p(name, info) }

// TestSettle: what becomes of a file that finds something under its name.
func TestSettle(t *testing.T) {
	const other, same = "other one", "the bytes" // of one size
	type want struct {
		name     string // "" for ErrFileExists
		existing bool
	}
	for _, c := range []struct {
		policy disk.Overwrite
		there  string
		proven bool
		want   want // and once the bytes are there
		then   string
	}{
		{disk.Rename, "", false, want{wanted, false}, wanted},
		{disk.Rename, other, false, want{"a (1).bin", false}, "a (1).bin"},
		{disk.Rename, "short", false, want{"a (1).bin", false}, "a (1).bin"},
		{disk.Rename, same, false, want{"a (1).bin", false}, wanted},
		{disk.Rename, same, true, want{wanted, true}, ""},
		{disk.Replace, other, false, want{wanted, false}, wanted},
		{disk.Replace, same, true, want{wanted, false}, wanted},
		{disk.Skip, other, false, want{wanted, true}, ""},
		{disk.Refuse, "", false, want{wanted, false}, wanted},
		{disk.Refuse, "short", false, want{}, ""},
		{disk.Refuse, other, false, want{wanted, false}, "-"},
		{disk.Refuse, same, false, want{wanted, false}, wanted},
		{disk.Refuse, same, true, want{wanted, true}, ""},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			b := newBed(t, crashfs.New(crashfs.Traits{}))
			b.policy.Overwrite = c.policy
			before := map[string]string{}
			if c.there != "" {
				b.fs.Put(wanted, []byte(c.there))
				before[wanted] = c.there
			}
			f := b.target()
			a := b.answer(9)
			if c.proven {
				a.Proof = proves(wanted)
			}
			existing, err := f.Settle(a)
			if c.want.name == "" {
				require.ErrorIs(t, err, fail.ErrFileExists)
				e := fail.Of(err, fail.Facts{})
				require.Equal(t, [2]any{fail.Local, "name"}, [2]any{e.Class, e.Op})
				f.Close()
				b.shows(before)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, want{f.Name(), existing})
			require.Equal(t, map[string]int{c.want.name: 1}, b.owners.of)
			if existing {
				require.NoError(t, f.KeepExisting())
				require.EqualValues(t, len(c.there), f.Published().Size())
				f.Close()
				b.shows(before)
				return
			}
			require.NoError(t, f.Create(true))
			b.write(f, same)
			err = publish(f)
			if c.then == "-" {
				require.ErrorIs(t, err, fail.ErrFileExists)
				require.ErrorContains(t, err, "other content")
				f.Discard()
				f.Close()
				b.shows(before)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.then, f.Name())
			require.Equal(t, map[string]int{c.then: 1}, b.owners.of)
			f.Close()
			before[c.then] = same
			b.shows(before)
		})
	}
}

// TestSettleUnlooked: where nothing is to be reused, nothing is compared either.
func TestSettleUnlooked(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.fs.Put(wanted, []byte("the bytes"))
	b.policy.Reuse = false
	f := b.target()
	_, err := f.Settle(disk.Answer{Name: wanted, Size: 9})
	require.NoError(t, err)
	require.NoError(t, f.Create(true))
	b.write(f, "the bytes")
	require.NoError(t, publish(f))
	f.Close()
	b.shows(map[string]string{wanted: "the bytes", "a (1).bin": "the bytes"})
}

// TestSettleSure: where the digest has told, nothing is compared byte by byte.
func TestSettleSure(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.policy.Overwrite = disk.Refuse
	b.fs.Put(wanted, []byte("the bytes"))
	a := b.answer(9)
	a.Sure = true
	_, err := b.target().Settle(a)
	require.ErrorIs(t, err, fail.ErrFileExists, "it is not fetched for that")
}

// TestSettleLookedBefore: what was found to be free a moment ago is not looked at again.
func TestSettleLookedBefore(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	f := b.target()
	require.Nil(t, f.Look(wanted))
	b.fs.Put(wanted, []byte("other one"))
	require.Equal(t, wanted, b.settled(f))
	require.NoError(t, f.Create(true))
	b.write(f, "the bytes")
	require.NoError(t, publish(f))
	f.Close()
	b.shows(map[string]string{wanted: "other one", "a (1).bin": "the bytes"})
}

// TestSettleUsedName: what another file of the batch has left is not taken for absent.
func TestSettleUsedName(t *testing.T) {
	for _, second := range []bool{true, false} {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		f := b.targetOf(disk.Want{Dir: "d", Name: wanted, URL: origin, NameUsed: second})
		b.fs.Put(wanted, []byte("other one"))
		require.Equal(t, !second, f.Look(wanted) == nil)
		require.Equal(t, !second, b.settled(f) == wanted)
	}
}

func (b *bed) settled(f *disk.Target) string {
	b.Helper()
	existing, err := f.Settle(b.answer(9))
	require.NoError(b, err)
	require.False(b, existing)
	return f.Name()
}

// TestSettleAmongOthers: names of the batch's other files are not looked at, but those that
// nobody has, or is only about to get, are, whatever the number to begin with.
func TestSettleAmongOthers(t *testing.T) {
	b := newBed(t, crashfs.New(crashfs.Traits{}))
	b.owners.of[wanted] = 2
	b.fs.Put(wanted, []byte("the bytes")) // complete, and the other's
	b.fs.Put("a (1).bin", []byte("the bytes"))
	b.owners.of["a (1).bin"] = -4
	b.owners.of["a (2).bin"] = 3
	b.fs.Put("a (2).bin", []byte("the bytes"))
	f := b.target()
	a := b.answer(9)
	a.From = 2
	a.Proof = prover(func(name string, _ fs.FileInfo) bool {
		require.NotEqual(t, "a (2).bin", name)
		return false
	})
	_, err := f.Settle(a)
	require.NoError(t, err)
	require.Equal(t, "a (3).bin", f.Name())
	require.NoError(t, f.Create(true))
	b.write(f, "the bytes")
	require.NoError(t, publish(f))
	require.Equal(t, "a (1).bin", f.Name(), "it has the bytes, whoever was promised the name")
	require.Equal(t, map[string]int{wanted: 2, "a (1).bin": 1, "a (2).bin": 3}, b.owners.of)
}

// TestSettleAnothersFile: what is marked as another URL's is not compared.
func TestSettleAnothersFile(t *testing.T) {
	for raw, candidate := range map[string]bool{
		"http://a.test/dir/a.bin?sig=2": true, // the same but for the signature
		"http://mirror.test/a.bin":      true, // a backup
		"http://b.test/a.bin":           false,
	} {
		b := newBed(t, crashfs.New(crashfs.Traits{}))
		f := b.whole(true, "the bytes")
		require.NoError(t, f.Publish(t.Context(), disk.Label{Mark: disk.MarkOf(link(raw), pin)}))
		f.Close()
		b.dirs.CloseAll()

		f = b.targetOf(disk.Want{Dir: "d", Name: wanted, URL: origin, Backups: nil})
		if raw == "http://mirror.test/a.bin" {
			f = b.targetOf(disk.Want{Dir: "d", Name: wanted, URL: origin, Backups: append(f.Want().Backups, link(raw))})
		}
		require.Equal(t, candidate, len(f.Marked(b.Context())) == 1, raw)
		_, err := f.Settle(b.answer(9))
		require.NoError(t, err)
		require.NoError(t, f.Create(true))
		b.write(f, "the bytes")
		require.NoError(t, publish(f))
		require.Equal(t, candidate, f.Name() == wanted, raw)
	}
}
