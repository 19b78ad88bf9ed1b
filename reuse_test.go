package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestEnhContentAtHand: content whose hash is known and that is there already is not
// fetched: at the target, anywhere below the save directory.
func TestEnhContentAtHand(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"f", "f (1)", "other", "sub/deeper/f", "sub/other"} {
		for _, size := range []int64{mib, 8 * mib} {
			t.Run(fmt.Sprint(where, " ", size/mib), func(t *testing.T) {
				enhBubble(t, func(b *enhBed) {
					s := b.origin("a.test")
					f := s.File("f", faultserver.Size(size))
					b.plant(where, f.Content())
					if where == "f (1)" {
						b.plant("f", faultserver.Generate("other", 1, size))
					}
					id := b.add(f.URL(), f.Content(), enhHash(f.Content()))
					require.NoError(b, b.start())
					require.Less(b, b.read.Load(), int64(400*kib), "no more than was under way")
					task := b.task(id)
					require.True(b, task.Reused)
					require.True(b, task.LengthVerified)
					require.EqualValues(b, size, task.FileSize)
					want := map[string]int{"f": 1, "f (1)": 2}[where]
					if want == 0 {
						want = 2
						require.Equal(b, "f", task.Filename)
					}
					require.Len(b, b.list(), want)
					stats := b.get().GetFileReuseStats()
					require.Equal(b, 1, stats.Hits)
					require.Equal(b, stats.Checks, stats.Hits+stats.Misses)
					require.Equal(b, size, stats.BytesSaved)
					require.Equal(b, fmt.Sprint(size/mib, " MiB"), stats.BytesSavedFormatted)
					require.Equal(b, 1, b.get().GetStats().ReusedFiles)
				})
			})
		}
	}
}

// TestEnhImpostor: the same name, size and time are no proof.
func TestEnhImpostor(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		s := b.origin("a.test")
		f := s.File("f", faultserver.Size(8*mib))
		fake := faultserver.Generate("fake", 1, 8*mib)
		for _, name := range []string{"f", "sub/f"} {
			path := b.plant(name, fake)
			when := f.Representation().LastModified
			require.NoError(b, os.Chtimes(path, when, when))
		}
		id := b.add(f.URL(), f.Content(), enhHash(f.Content()))
		require.NoError(b, b.start())
		require.False(b, b.task(id).Reused)
		require.Equal(b, []string{"f", "f (1)", "sub/f"}, b.list())
		stats := b.get().GetFileReuseStats()
		require.Zero(b, stats.Hits)
		require.GreaterOrEqual(b, stats.Misses, 2)
		require.Zero(b, stats.BytesSaved)
		require.Equal(b, "0 B", stats.BytesSavedFormatted)
	})
}

// TestEnhServersDigest, where the caller gives none, is no reason to keep or copy what has not
// come from there: the file is fetched, and no second copy of it is left under its name.
func TestEnhServersDigest(t *testing.T) {
	for what, where := range map[string]string{"at the target": "f", "elsewhere": "sub/g"} {
		t.Run(what, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				s := b.origin("a.test")
				f := s.File("f", faultserver.Size(8*mib), faultserver.Behave(faultserver.ReprDigest(true)))
				path := b.plant(where, f.Content())
				require.NoError(b, os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)))
				id := b.add(f.URL(), f.Content())
				require.NoError(b, b.start())
				require.False(b, b.task(id).Reused)
				require.GreaterOrEqual(b, s.BytesSent(), int64(8*mib))
				if where == "f" {
					require.Equal(b, []string{"f"}, b.list(), "it is kept, not stored again")
				}
			})
		})
	}
}

// TestEnhServersDigestTellsMore than the validators of what has come from there, before a body
// is read.
func TestEnhServersDigestTellsMore(t *testing.T) {
	for _, right := range []bool{true, false} {
		enhBubble(t, func(b *enhBed) {
			s := b.origin("a.test")
			f := s.File("f", faultserver.Size(8*mib), faultserver.Behave(faultserver.ReprDigest(true)))
			b.add(f.URL(), f.Content())
			require.NoError(b, b.start())
			version := map[bool]int{true: 1, false: 2}[right]
			f.Set(faultserver.Version(version), faultserver.ETag(`"of today"`), faultserver.Behave(faultserver.ReprDigest(true)))
			b.d = nil
			b.read.Store(0)
			id := b.add(f.URL(), f.Content())
			require.NoError(b, b.start())
			require.Equal(b, right, b.task(id).Reused)
			require.Equal(b, right, b.read.Load() < 400*kib)
		})
	}
}

// TestEnhServersDigestWrong is an error, and no file.
func TestEnhServersDigestWrong(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		s := b.origin("a.test")
		f := s.File("f", faultserver.Size(8*mib), faultserver.Behave(faultserver.ReprDigest(false)))
		b.add(f.URL(), nil)
		require.ErrorIs(b, b.start(), littledl.ErrHashMismatch)
		require.Empty(b, b.list())
	})
}

// TestEnhServersDigestChanges with the file.
func TestEnhServersDigestChanges(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		s := b.origin("a.test")
		f := s.File("f", faultserver.Size(12*mib), faultserver.Behave(faultserver.ReprDigest(true), faultserver.ETagChange(2)))
		b.add(f.URL(), faultserver.Generate("/f", 2, 12*mib))
		require.NoError(b, b.start())
	})
}

// TestEnhReuseOff: everything is fetched.
func TestEnhReuseOff(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithExistingFileReuse(false))
		s := b.origin("a.test")
		f := s.File("f", faultserver.Size(2*mib))
		b.plant("f", f.Content())
		id := b.add(f.URL(), f.Content(), enhHash(f.Content()))
		require.NoError(b, b.start())
		require.False(b, b.task(id).Reused)
		require.EqualValues(b, 2*mib, s.BytesSent())
		require.Zero(b, b.get().GetFileReuseStats().Checks)
	})
}

// TestEnhSameDigest: other URLs with the same digest are copies of the first, under
// their own names.
func TestEnhSameDigest(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		f := a.File("one", faultserver.Size(8*mib))
		g := c.File("two", faultserver.Size(8*mib), faultserver.Seed("one"))
		h := c.File("three", faultserver.Size(8*mib), faultserver.Seed("one"))
		b.add(f.URL(), f.Content(), enhHash(f.Content()))
		two := b.add(g.URL(), f.Content(), enhHash(f.Content()))
		three := b.add(h.URL(), f.Content(), enhHash(f.Content()), littledl.WithSavePath(filepath.Join(b.dir, "sub")))
		require.NoError(b, b.start())
		require.Empty(b, c.GETs())
		require.Equal(b, []string{"one", "sub/three", "two"}, b.list())
		require.Equal(b, "two", b.task(two).Filename)
		require.True(b, b.task(two).Reused)
		require.True(b, b.task(three).Reused)
		require.EqualValues(b, 16*mib, b.get().GetFileReuseStats().BytesSaved)
	})
}

// TestEnhSameDigestFirstFails: then the second URL is asked, and only that.
func TestEnhSameDigestFirstFails(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		a, c := b.origin("a.test"), b.origin("b.test")
		want := faultserver.Generate("/x", 1, 8*mib)
		gone := b.add(a.URL("gone"), nil, enhHash(want))
		for i := range 4 {
			f := c.File(fmt.Sprint(i), faultserver.Size(8*mib), faultserver.Seed("x"))
			b.add(f.URL(), want, enhHash(want))
		}
		require.ErrorContains(b, b.start(), "1 file did not complete")
		require.True(b, b.task(gone).IsFailed())
		require.Equal(b, []string{"0", "1", "2", "3"}, b.list())
		require.LessOrEqual(b, c.BytesSent(), int64(9*mib))
	})
}

// TestEnhCompletedInBatch: what has the digest that the caller gives for another file of this
// batch, in another directory, is copied.
func TestEnhCompletedInBatch(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		s := b.origin("a.test")
		f := s.File("one", faultserver.Size(8*mib))
		g := s.File("two", faultserver.Size(8*mib), faultserver.Seed("one"))
		b.add(f.URL(), f.Content(), littledl.WithSavePath(filepath.Join(b.dir, "a")))
		id := b.add(g.URL(), f.Content(), enhHash(f.Content()), littledl.WithSavePath(filepath.Join(b.dir, "b")))
		require.NoError(b, b.start())
		require.True(b, b.task(id).Reused)
		require.Equal(b, []string{"a/one", "b/two"}, b.list())
		require.Less(b, s.BytesSent("two"), int64(mib))
	})
}

// TestEnhManyTasksFewURLs: 1,000 tasks for 100 URLs cost about 100 requests.
func TestEnhManyTasksFewURLs(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		s := b.origin("a.test")
		for i := range 100 {
			s.File(fmt.Sprint(i), faultserver.Size(int64(10*kib+i)))
		}
		for i := range 1000 {
			f := s.Lookup(fmt.Sprint(i * 7 % 100))
			b.add(f.URL(), f.Content())
		}
		require.NoError(b, b.start())
		require.LessOrEqual(b, len(s.GETs()), 110)
		require.Len(b, b.list(), 100)
	})
}
