package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestAddedForAnotherDirectory: a copy of what is untouched, in the same Start; else the
// server is asked, and what it has now is the file.
func TestAddedForAnotherDirectory(t *testing.T) {
	for _, m := range accidents {
		for _, hash := range []bool{false, true} {
			for _, later := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/hash %v/later %v", m.name, hash, later), func(t *testing.T) {
					inBoth(t, func(b *bed) { b.addElsewhere(m, hash, later) })
				})
			}
		}
	}
}

func (b *bed) addElsewhere(m accident, hash, later bool) {
	f := b.srv.File("a.bin", faultserver.Size(100*kib))
	opts := hashIf(hash && m.at == nil, f)
	other := b.TempDir()
	d := b.another()
	first, again := b.queue(d, f, opts...), ""
	happen := func() {
		m.happen(b, snapshot(b, d, first).Path())
		f.Set(m.at...)
		b.srv.ResetRecords()
		again = b.queue(d, f, append(opts, littledl.WithSavePath(other))...)
	}
	b.inOrAfter(d, later, first, happen)
	require.NoError(b, b.run(d))
	copied := !later && m.file == nil
	if copied || !hash {
		require.Equal(b, copied, len(b.srv.Requests()) == 0, "%v", requests(b.srv))
	}
	if copied {
		require.Equal(b, holds(b, b.dir), holds(b, other))
		return
	}
	require.Equal(b, filepath.Join(other, "a.bin"), snapshot(b, d, again).Path())
	require.Contains(b, holds(b, other)["a.bin"], f.Sum())
}

// TestCopyInItsTurn: what happens to the file before a copy's turn comes is not copied,
// though the copy was asked for before.
func TestCopyInItsTurn(t *testing.T) {
	for _, m := range accidents[:5] {
		t.Run(m.name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.files = 1
				f, between := b.srv.File("a.bin", faultserver.Size(100*kib)), b.srv.File("b.bin", faultserver.Size(4*mib))
				d := b.another()
				first := b.queue(d, f)
				renamed := b.queue(d, f, littledl.WithFilename("copy.bin"), littledl.WithPriority(3))
				moved := b.queue(d, f, littledl.WithSavePath(b.dir+"/sub"), littledl.WithPriority(2))
				b.queue(d, between, littledl.WithPriority(1))
				whenDone(d, first, func() { m.happen(b, snapshot(b, d, first).Path()) })
				require.NoError(b, b.run(d))
				want := 1
				if m.file != nil {
					want = 2
				}
				require.Len(b, b.srv.GETs("a.bin"), want, "once for both")
				for _, id := range []string{renamed, moved} {
					require.True(b, snapshot(b, d, id).IsCompleted())
				}
				have := holds(b, b.dir)
				require.Contains(b, have["copy.bin"], f.Sum())
				require.Contains(b, have["sub/a.bin"], f.Sum())
			})
		})
	}
}

// TestCopiesAreKept: a batch that makes a copy makes none when it is run again, under any
// policy that keeps what is there.
func TestCopiesAreKept(t *testing.T) {
	for name, overwrite := range policies {
		for _, hash := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/", hash), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					b.conf.Overwrite = overwrite
					f := b.srv.File("a.bin", faultserver.Size(100*kib))
					opts := hashIf(hash, f)
					var before map[string]string
					for range 2 {
						d := b.another()
						b.queue(d, f, opts...)
						b.queue(d, f, append(opts, littledl.WithFilename("sub/copy.bin"))...)
						b.queue(d, f, append(opts, littledl.WithSavePath(b.dir+"/other"))...)
						require.NoError(b, b.run(d))
						have := holds(b, b.dir)
						require.Len(b, have, 3)
						require.True(b, before == nil || fmt.Sprint(before) == fmt.Sprint(have))
						before = have
						p := d.GetProgress()
						require.Equal(b, p.TotalBytes, p.DownloadedBytes)
					}
					if overwrite != littledl.OverwriteReplace {
						require.Len(b, b.srv.GETs(), 1)
					}
				})
			})
		}
	}
}

// TestCopyOverOtherContent follows the policy as any other file does.
func TestCopyOverOtherContent(t *testing.T) {
	for name, overwrite := range policies {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite = overwrite
				f := b.srv.File("a.bin", faultserver.Size(100*kib))
				require.NoError(b, os.WriteFile(filepath.Join(b.dir, "copy.bin"), []byte("theirs"), 0o600))
				theirs := holds(b, b.dir)["copy.bin"]
				d := b.another()
				b.queue(d, f)
				id := b.queue(d, f, littledl.WithFilename("copy.bin"))
				err := b.run(d)
				require.Len(b, b.srv.GETs(), 1)
				have := holds(b, b.dir)
				switch overwrite {
				case littledl.OverwriteRename:
					require.NoError(b, err)
					require.Contains(b, have["copy (1).bin"], f.Sum())
					require.Equal(b, theirs, have["copy.bin"])
				case littledl.OverwriteReplace:
					require.NoError(b, err)
					require.Contains(b, have["copy.bin"], f.Sum())
				case littledl.OverwriteSkip:
					require.NoError(b, err)
					require.True(b, snapshot(b, d, id).Reused)
					require.Equal(b, theirs, have["copy.bin"])
				case littledl.OverwriteError:
					require.ErrorIs(b, err, littledl.ErrFileExists)
					require.Equal(b, theirs, have["copy.bin"])
				}
			})
		})
	}
}

// TestKeptUnseenIsNotCopied: what OverwriteSkip leaves where it is, unlooked at, is good
// enough for that place alone.
func TestKeptUnseenIsNotCopied(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteSkip
		f := b.srv.File("a.bin", faultserver.Size(100*kib))
		require.NoError(b, os.WriteFile(filepath.Join(b.dir, "a.bin"), []byte("theirs"), 0o600))
		d := b.another()
		given := littledl.WithFilename("a.bin")
		b.queue(d, f, given)
		b.queue(d, f)
		elsewhere := []string{b.queue(d, f, littledl.WithSavePath(b.dir+"/1")), b.queue(d, f, littledl.WithSavePath(b.dir+"/2"))}
		require.NoError(b, b.run(d))
		for _, id := range elsewhere {
			b.fileHas(snapshot(b, d, id).Path(), f)
		}
		require.Len(b, b.srv.GETs(), 1)
	})
}

func (b *bed) fileHas(path string, f *faultserver.File) {
	b.Helper()
	have, err := os.ReadFile(path)
	require.NoError(b, err)
	require.Equal(b, faultserver.Bytes(f.Content()), have)
}

// TestCopyIsNamedAnew: the number that a file needed in its directory is not a copy's.
func TestCopyIsNamedAnew(t *testing.T) {
	inBoth(t, func(b *bed) {
		d := b.another()
		f := b.srv.File("1/a.bin", faultserver.Size(2000))
		g := b.srv.File("get", faultserver.Size(3000), faultserver.Behave(faultserver.Disposition("attachment; filename=a.bin")))
		b.queue(d, b.srv.File("0/a.bin", faultserver.Size(1000)))
		b.queue(d, f)
		b.queue(d, g)
		other := littledl.WithSavePath(b.dir + "/other")
		copied, named := b.queue(d, f, other), b.queue(d, g, other, littledl.WithFilename("g.bin"))
		require.NoError(b, b.run(d))
		require.Equal(b, "a.bin", snapshot(b, d, copied).Filename)
		require.Equal(b, "g.bin", snapshot(b, d, named).Filename)
		require.Len(b, b.srv.GETs(), 3)
	})
}

// TestSameDigestAddedAgain: a URL whose digest is that of a file that was fetched has a
// copy of it only as long as it is that file.
func TestSameDigestAddedAgain(t *testing.T) {
	for _, m := range accidents[:5] {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprint(m.name, "/", later), func(t *testing.T) {
				inBubble(t, func(b *bed) {
					b.enhanced = true
					f := b.srv.File("one.bin", faultserver.Size(100*kib))
					g := b.srv.File("two.bin", faultserver.Size(100*kib), faultserver.Seed("one.bin"))
					same := b.srv.File("mirror/one.bin", faultserver.Size(100*kib), faultserver.Seed("one.bin"))
					hash := littledl.WithHash("sha256", f.Sum())
					d := b.another()
					first := b.queue(d, f, hash)
					happen := func() {
						m.happen(b, snapshot(b, d, first).Path())
						b.srv.ResetRecords()
						b.queue(d, g, hash)
						b.queue(d, same, hash, littledl.WithSavePath(b.dir+"/sub"))
					}
					b.inOrAfter(d, later, first, happen)
					require.NoError(b, b.run(d))
					have := holds(b, b.dir)
					require.Contains(b, have["two.bin"], f.Sum())
					require.Contains(b, have["sub/one.bin"], f.Sum())
					if m.file == nil {
						require.Empty(b, b.srv.GETs(), "the digest says that it is the same")
					}
				})
			})
		}
	}
}

// TestThreeOfOneDigest: when the first cannot be had, the second is fetched and the third
// has it from there, under their own names.
func TestThreeOfOneDigest(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.enhanced = true
		want := faultserver.Generate("/x", 1, 100*kib)
		hash := littledl.WithHash("sha256", faultserver.Sum(want))
		d := b.another()
		gone := b.srv.File("gone/a.bin", faultserver.Behave(faultserver.Status(404)))
		f := b.srv.File("f/a.bin", faultserver.Size(100*kib), faultserver.Seed("x"))
		g := b.srv.File("g/a.bin", faultserver.Size(100*kib), faultserver.Seed("x"))
		b.queue(d, gone, hash)
		second, third := b.queue(d, f, hash), b.queue(d, g, hash)
		require.ErrorContains(b, b.run(d), "1 file did not complete")
		require.Empty(b, b.srv.GETs("g/a.bin"))
		require.Equal(b, filepath.Join(b.dir, "a.bin"), snapshot(b, d, second).Path(), "the first never had the name")
		require.Equal(b, snapshot(b, d, second).Path(), snapshot(b, d, third).Path())
		require.Len(b, holds(b, b.dir), 1)
	})
}
