package partfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// lacking are disks that cannot do one thing after the other, and how a part gets its
// name there.
func lacking() map[string]*changed {
	no := errors.ErrUnsupported
	noLink := func(File, string, string) error { return no }
	noRename := func(string, string) error { return no }
	byName := &changed{}
	byName.link = func(f File, name, to string) error {
		if name == "" {
			return no
		}
		return byName.Disk.Link(f, name, to)
	}
	return map[string]*changed{
		"link by descriptor": {},
		"link by name":       byName,
		"rename new":         {link: noLink},
		"placeholder":        {link: noLink, renameNew: noRename},
	}
}

// alsoElsewhere runs a test as on this system, and as on one where files are closed
// before they are renamed.
func alsoElsewhere(t *testing.T, test func(t *testing.T)) {
	here := closesFirst
	defer func() { closesFirst = here }()
	for _, first := range []bool{false, true} {
		if here && !first {
			continue // this system is that one
		}
		closesFirst = first
		t.Run(map[bool]string{false: "open", true: "closed first"}[first], test)
	}
}

// TestFallbacks: whatever a file system lacks, a part gets its name without replacing
// anything, or replaces a file, and nothing else is left.
func TestFallbacks(t *testing.T) {
	alsoElsewhere(t, func(t *testing.T) {
		for name := range lacking() {
			for _, journals := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					path := t.TempDir()
					d := onDisk(t, path, lacking()[name])
					p, err := d.Create("a.bin", "k")
					require.NoError(t, err)
					if journals {
						require.NoError(t, p.Log(head))
					}
					require.NoError(t, os.WriteFile(filepath.Join(path, "a.bin"), []byte("theirs"), 0o600))
					fill(t, p, "ours")
					err = p.Publish("a.bin", false)
					if name == "rename new" && errors.Is(err, errors.ErrUnsupported) {
						t.Skip("not on this system")
					}
					require.ErrorIs(t, err, fs.ErrExist)
					require.NoError(t, p.Publish("b.bin", false), "another name may be tried")
					holds(t, path, map[string]string{"a.bin": "theirs", "b.bin": "ours"})

					p, err = d.Create("a.bin", "k")
					require.NoError(t, err)
					if journals {
						require.NoError(t, p.Log(head))
					}
					fill(t, p, "new")
					require.NoError(t, os.Mkdir(filepath.Join(path, "dir"), 0o700))
					require.ErrorContains(t, p.Publish("dir", true), "not a regular file")
					require.NoError(t, os.Remove(filepath.Join(path, "dir")))
					require.NoError(t, p.Publish("a.bin", true))
					holds(t, path, map[string]string{"a.bin": "new", "b.bin": "ours"})
				})
			}
		}
	})
}

// TestSwappedPart: another file that stands in the part's place by now does not get the
// name, whatever the file system lacks, and stays where it is.
func TestSwappedPart(t *testing.T) {
	alsoElsewhere(t, func(t *testing.T) {
		for name := range lacking() {
			for how, replace := range map[string]bool{"": false, ", replacing": true} {
				for with, journals := range map[string]bool{"": false, ", with a journal": true} {
					t.Run(name+how+with, func(t *testing.T) {
						path := t.TempDir()
						d := onDisk(t, path, lacking()[name])
						p, err := d.Create("a.bin", "k")
						require.NoError(t, err)
						if journals {
							require.NoError(t, p.Log(head))
						}
						fill(t, p, "ours")
						part := filepath.Join(path, "a.bin.k.ldpart")
						require.NoError(t, os.Rename(part, filepath.Join(path, "elsewhere")))
						require.NoError(t, os.WriteFile(part, []byte("evil"), 0o600))
						err = p.Publish("a.bin", replace)
						published, _ := os.ReadFile(filepath.Join(path, "a.bin"))
						if err == nil {
							require.Equal(t, "ours", string(published))
						} else {
							require.ErrorIs(t, err, ErrLocked)
							require.Nil(t, published)
						}
						p.Discard()
						theirs, err := os.ReadFile(part)
						require.NoError(t, err)
						require.Equal(t, "evil", string(theirs))
					})
				}
			}
		}
	})
}

// TestPublishFails: an error that another way would not spare is final: the part stays,
// and may be published when it has passed.
func TestPublishFails(t *testing.T) {
	alsoElsewhere(t, func(t *testing.T) {
		for name := range lacking() {
			for how, replace := range map[string]bool{"": false, ", replacing": true} {
				t.Run(name+how, func(t *testing.T) {
					path := t.TempDir()
					c := lacking()[name]
					broken := true
					d := onDisk(t, path, c)
					c.rename = func(name, to string) error {
						if broken {
							return io.ErrClosedPipe
						}
						return c.Disk.Rename(name, to)
					}
					c.renameNew = failing(&broken, c.renameNew, c.Disk.RenameNew)
					if name == "link by descriptor" || name == "link by name" {
						link := c.link
						c.link = func(f File, part, to string) error {
							switch {
							case broken && !replace:
								return io.ErrClosedPipe
							case link != nil:
								return link(f, part, to)
							}
							return c.Disk.Link(f, part, to)
						}
					}
					p := logged(t, d, "a.bin", "k")
					err := p.Publish("a.bin", replace)
					if name == "rename new" && errors.Is(err, errors.ErrUnsupported) {
						t.Skip("not on this system")
					}
					require.ErrorIs(t, err, io.ErrClosedPipe)
					require.ElementsMatch(t, []string{"a.bin.k.ldpart", "a.bin.k.ldjournal"}, names(t, path))

					k, ok := p.Kept()
					require.True(t, ok)
					broken = false
					p, err = d.Reopen(k)
					require.NoError(t, err)
					require.True(t, p.Resumable())
					require.NoError(t, p.Publish("a.bin", replace))
					holds(t, path, map[string]string{"a.bin": "half"})
				})
			}
		}
	})
}

// failing is an operation that fails while it is broken.
func failing(broken *bool, op, real func(name, to string) error) func(name, to string) error {
	if op != nil {
		return op
	}
	return func(name, to string) error {
		if *broken {
			return io.ErrClosedPipe
		}
		return real(name, to)
	}
}

// TestBusy: after ErrBusy the same part can be published again.
func TestBusy(t *testing.T) {
	alsoElsewhere(t, func(t *testing.T) {
		for _, replace := range []bool{false, true} {
			path := t.TempDir()
			c := &changed{}
			times := 3
			busy := func() error {
				if times--; times >= 0 {
					return ErrBusy
				}
				return nil
			}
			d := onDisk(t, path, c)
			c.link = func(f File, name, to string) error {
				if !replace {
					if err := busy(); err != nil {
						return err
					}
				}
				return c.Disk.Link(f, name, to)
			}
			c.rename = func(name, to string) error {
				if err := busy(); err != nil {
					return err
				}
				return c.Disk.Rename(name, to)
			}
			p := logged(t, d, "a.bin", "k")
			err := p.Publish("a.bin", replace)
			for n := 0; n < 5 && err != nil; n++ {
				require.ErrorIs(t, err, ErrBusy)
				err = p.Publish("a.bin", replace)
			}
			require.NoError(t, err)
			holds(t, path, map[string]string{"a.bin": "half"})
		}
	})
}

// TestCloseFails: a failed close is a failed write. Nothing under the name may be wrong
// then, and what a journal does not vouch for is not left.
func TestCloseFails(t *testing.T) {
	lying := func() *changed {
		return &changed{file: func(name string, f *changedFile) {
			if filepath.Ext(name) != JournalSuffix {
				f.close = func() error { return io.ErrClosedPipe }
			}
		}}
	}
	alsoElsewhere(t, func(t *testing.T) {
		for kind, create := range kinds {
			for how, replace := range map[string]bool{"": false, ", replacing": true} {
				t.Run(kind+how, func(t *testing.T) {
					if closesFirst && kind == "nameless" {
						t.Skip("there are none")
					}
					path := t.TempDir()
					p, err := create(onDisk(t, path, lying()), "a.bin", "k")
					require.NoError(t, err)
					err = fill(t, p, "whole").Publish("a.bin", replace)
					require.ErrorIs(t, err, ErrUnsynced)
					require.ErrorIs(t, err, io.ErrClosedPipe)
					p.Discard()
					holds(t, path, map[string]string{})
				})
			}
		}
	})
	t.Run("kept", func(t *testing.T) {
		path := t.TempDir()
		d := onDisk(t, path, lying())
		p, err := d.Create("a.bin", "k")
		require.NoError(t, err)
		_, ok := fill(t, p, "half").Kept()
		require.False(t, ok)
		holds(t, path, map[string]string{})
		_, ok = logged(t, d, "a.bin", "k").Kept()
		require.False(t, ok)
		require.Len(t, names(t, path), 2, "checksums will tell what is true of it")
	})
}
