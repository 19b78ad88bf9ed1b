package littledl_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// badMirrors are what a mirror may have instead of a file of 12 MiB.
var badMirrors = map[string]struct {
	file []FileOption
	kept bool // it is of use, only less
}{
	"other size":  {file: []FileOption{enhOther("f", 11*mib)}},
	"404":         {file: []FileOption{Behave(Status(404))}},
	"page":        {file: []FileOption{Behave(HTML200())}},
	"gzip":        {file: []FileOption{Behave(Label("gzip"), NoRange())}},
	"no ranges":   {file: []FileOption{Behave(NoRange())}},
	"wrong place": {file: []FileOption{Behave(WrongRange(RangeFirst))}},
	"reset":       {file: []FileOption{Behave(RSTNow())}},
	"slow":        {file: []FileOption{Behave(Slow(50 * kib))}, kept: true},
	"busy":        {file: []FileOption{Behave(First(3, Status(503, RetryAfter("1"))))}, kept: true},
}

// 78: a mirror that is no good is left, and what the others have is the file: where it
// serves beside them, and where it is next in line.
func TestBadMirror(t *testing.T) {
	t.Parallel()
	for name, c := range badMirrors {
		t.Run("78 "+name+", beside others", func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"], b.rates["c.test:80"] = 2*mib, 2*mib
				a, bad, good := b.origin("a.test"), b.origin("b.test"), b.origin("c.test")
				f := a.File("f", Size(12*mib))
				good.File("f", Size(12*mib))
				bad.File("f", append([]FileOption{Size(12 * mib)}, c.file...)...)
				id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, bad, good)
				require.NoError(b, b.start())
				require.Less(b, b.took, 4*time.Second)
				switch {
				case c.kept:
					require.Empty(b, b.dropped(id))
				case name == "reset": // which may pass, so it is tried again
					require.NotContains(b, b.dropped(id), "a.test")
					require.Zero(b, b.task(id).Sources[1].Bytes)
				default:
					require.Equal(b, []string{"b.test"}, b.dropped(id))
					require.Zero(b, b.task(id).Sources[1].Bytes)
					require.LessOrEqual(b, len(bad.GETs()), 16, "no more than were under way at once, or may be tried")
				}
				require.Positive(b, b.task(id).Sources[2].Bytes)
				require.Less(b, a.BytesSent()+good.BytesSent(), int64(16*mib))
			})
		})
		if c.kept || name == "no ranges" {
			continue // it serves alone
		}
		t.Run("78 "+name+", next in line", func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				b.rates["a.test:80"] = 256 * kib
				a, bad, good := b.origin("a.test"), b.origin("b.test"), b.origin("c.test")
				f := a.File("f", Size(12*mib))
				good.File("f", Size(12*mib))
				bad.File("f", append([]FileOption{Size(12 * mib)}, c.file...)...)
				id := b.mirrored("f", f.Content(), nil, a, bad, good)
				time.AfterFunc(time.Second, a.Close)
				require.NoError(b, b.start())
				require.Less(b, b.took, 3*time.Second)
				require.Equal(b, []string{"a.test", "b.test"}, b.dropped(id))
				require.Greater(b, b.task(id).Sources[0].Bytes, int64(mib))
				require.Zero(b, b.task(id).Sources[1].Bytes)
				require.EqualValues(b, 12*mib, b.task(id).Sources[0].Bytes+b.task(id).Sources[2].Bytes, "nothing twice")
			})
		})
	}
}

// 78: an end that comes while a mirror is asked whether it has the same file costs
// nothing of what was fetched.
func TestEndWhileMirrorIsAsked(t *testing.T) {
	enhBubble(t, func(b *enhBed) {
		b.rates["a.test:80"] = 2 * mib
		a, silent := b.origin("a.test"), b.origin("b.test")
		f := a.File("f", Size(48*mib))
		silent.File("f", Size(48*mib), Behave(StallHeader()))
		id := b.mirrored("f", f.Content(), nil, a, silent)
		time.AfterFunc(time.Second, a.Close)
		time.AfterFunc(5*time.Second, func() { b.get().Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		require.NotEmpty(b, silent.GETs())
		require.Greater(b, b.task(id).Downloaded, int64(8*mib))
	})
}

// 79: one bit of one mirror's is wrong; the file comes right from the others, for no
// more than itself once again.
func TestMirrorFlipsABit(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]Behaviour{
		"each answer": LyingBody(BodyFlip), "one answer": First(1, LyingRange(BodyFlip)), "zeros": First(1, LyingRange(BodyZeros)),
	} {
		t.Run("79 "+name, func(t *testing.T) {
			enhBubble(t, func(b *enhBed) {
				a, bad, c := b.origin("a.test"), b.origin("b.test"), b.origin("c.test")
				f := a.File("f", Size(24*mib))
				c.File("f", Size(24*mib))
				bad.File("f", Size(24*mib), Behave(fault))
				id := b.mirrored("f", f.Content(), []littledl.URLOption{enhHash(f.Content())}, a, bad, c)
				require.NoError(b, b.start())
				require.Equal(b, []string{"b.test"}, b.dropped(id))
				require.Less(b, a.BytesSent()+bad.BytesSent()+c.BytesSent(), int64(56*mib))
			})
		})
	}
}

// 79: that a file had its digest once, or was of this batch, is not believed when its
// bytes are other ones: what a later task wants is fetched again.
func TestNoVerdictSurvivesTheBytes(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b *bed, path string){
		"other bytes, size and time the same": func(b *bed, path string) { flip(b, path, true) },
		"other bytes and time":                func(b *bed, path string) { flip(b, path, false) },
		"cut":                                 func(b *bed, path string) { require.NoError(b, os.Truncate(path, 100)) },
		"gone":                                func(b *bed, path string) { require.NoError(b, os.Remove(path)) },
	} {
		for _, hash := range []bool{true, false} {
			if !hash && name == "other bytes, size and time the same" {
				continue // who does that wants it so
			}
			t.Run(fmt.Sprint("79 ", name, ", hash ", hash), func(t *testing.T) {
				inBoth(t, func(b *bed) {
					f := b.srv.File("a.bin", Size(mib))
					opts := hashIf(hash, f)
					one := b.add(f, opts...)
					require.NoError(b, b.start())
					path := b.task(one).Path()
					spoil(b, path)
					three := b.add(f, append(opts, littledl.WithFilename("other.bin"))...)
					require.NoError(b, b.d.Start(b.Context()))
					require.NoError(b, b.compare(b.task(three)))
					require.Equal(b, "other.bin", b.task(three).Filename)
					require.EqualValues(b, 2*mib, b.d.GetProgress().DownloadedBytes)
				})
			})
		}
	}
}

// flip changes one bit of a file, so that the time shows it or not.
func flip(b *bed, path string, unseen bool) {
	info, err := os.Stat(path)
	require.NoError(b, err)
	flipBit(b.T, path, 5000)
	at := time.Now()
	if unseen {
		at = info.ModTime()
	}
	require.NoError(b, os.Chtimes(path, time.Time{}, at))
}
