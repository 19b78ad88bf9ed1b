package littledl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// 181: under OverwriteReplace a server that calls its file as one that is there does not
// replace that, be it large or small, of the same size, or come while it is fetched. What is
// stored beside it is known the next time.
func TestServersNameReplacesNothing(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{20 * kib, 8 * mib} {
		for name, theirs := range map[string]string{
			"181 another size": "all:\n", "181 its size": string(make([]byte, size)), "181 while it is fetched": "",
		} {
			for _, hash := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", size/kib, " ", hash), func(t *testing.T) {
					inBoth(t, func(b *bed) {
						b.conf.Overwrite = littledl.OverwriteReplace
						f := b.srv.File("data.csv", Size(size), Behave(Disposition("attachment; filename=Makefile"), Slow(20*mib)))
						if theirs == "" {
							at := filepath.Join(b.dir, "Makefile")
							b.theirs[at] = "all:\n"
							time.AfterFunc(100*time.Millisecond, func() { _ = os.WriteFile(at, []byte("all:\n"), 0o600) })
							f.Behave(Disposition("attachment; filename=Makefile"), Slow(size))
						} else {
							b.plant("Makefile", theirs)
						}
						for range 2 {
							b.d = nil
							id := b.add(f, hashIf(hash, f)...)
							b.d.SetProgressCallback(nil) // it would take theirs for the file
							require.NoError(b, b.d.Start(b.Context()))
							require.Equal(b, "Makefile (1)", b.task(id).Filename)
							b.assertFiles(nil)
						}
						require.Len(b, holds(b, b.dir), 2, "it was kept")
					})
				})
			}
		}
	}
}

// 181: its own name, by the URL or the caller, is another matter, whatever else the server says.
func TestOwnNameReplaces(t *testing.T) {
	for name, c := range map[string]struct {
		opts []littledl.URLOption
		does Behaviour
	}{
		"181 by URL":          {does: Good()},
		"181 told the same":   {does: Disposition("attachment; filename=data.csv")},
		"181 by WithFilename": {opts: []littledl.URLOption{littledl.WithFilename("data.csv")}, does: Disposition("attachment; filename=Makefile")},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.Overwrite = littledl.OverwriteReplace
				b.plant("Makefile", "all:\n")
				require.NoError(b, os.WriteFile(filepath.Join(b.dir, "data.csv"), []byte("of yesterday"), 0o600))
				id := b.add(b.srv.File("data.csv", Behave(c.does)), c.opts...)
				b.d.SetProgressCallback(nil) // the old one is not to be looked at
				require.NoError(b, b.d.Start(b.Context()))
				require.Equal(b, "data.csv", b.task(id).Filename)
				b.assertFiles(nil)
				require.Len(b, holds(b, b.dir), 2)
			})
		})
	}
}

// 181: a number makes it no more its own: what a server calls as the URL would be numbered.
func TestServersNumberReplacesNothing(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteReplace
		b.plant("data (1).csv", "theirs")
		id := b.add(b.srv.File("data.csv", Behave(Disposition(`attachment; filename="data (1).csv"`))))
		require.NoError(b, b.start())
		require.Equal(b, "data (1) (1).csv", b.task(id).Filename)
	})
}

// 181: what is gone on from in another Start has no more rights than before.
func TestServersNameAfterAPause(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteReplace
		f := b.srv.File("data.csv", Size(8*mib), Behave(Disposition("attachment; filename=Makefile"), Slow(mib)))
		b.add(f)
		b.d.SetProgressCallback(nil)
		time.AfterFunc(time.Second, func() { b.d.Cancel() })
		require.ErrorIs(b, b.start(), littledl.ErrCancelled)
		b.plant("Makefile", "all:\n")
		require.NoError(b, b.d.Start(b.Context()))
		b.assertFiles(nil)
		require.Len(b, holds(b, b.dir), 2)
	})
}

// 181: a server that knows the size and the date of what is there under any name does not have
// that taken for its file, though times are trusted.
func TestServersNameIsNotTrusted(t *testing.T) {
	for _, name := range []string{"Makefile", "data.csv"} {
		t.Run("181 "+name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.TrustModTime = true
				f := b.srv.File("data.csv", Size(20*kib), Behave(Disposition("attachment; filename="+name)))
				theirs := Generate("theirs", 1, 20*kib)
				at := b.plant(name, string(Bytes(theirs)))
				modified := f.Representation().LastModified
				require.NoError(b, os.Chtimes(at, modified, modified))
				id := b.add(f)
				if name == "data.csv" {
					b.want[id] = []Content{theirs}
				}
				require.NoError(b, b.start())
				require.Equal(b, name == "data.csv", b.task(id).Reused)
			})
		})
	}
}

// 182: names that nobody sees, or that do something when a folder is looked at, are none. What
// has another is called by its URL.
func TestNamesThatAct(t *testing.T) {
	for name, c := range map[string][2]string{
		"182 zero width": {"\u200b\u200d\ufeff", "data.csv"}, "182 filler": {"\u3164", "data.csv"}, "182 blank braille": {"\u2800.\u2800", "data.csv"},
		"182 inside": {"in\u200bvoice\u202efdp.exe", "invoicefdp.exe"}, "182 desktop.ini": {"Desktop.INI", "Desktop_.INI"}, "182 autorun.inf": {"autorun.inf", "autorun_.inf"},
		"182 a theme": {"x.theme", "x.theme_"}, "182 a launcher": {"x.desktop", "x.desktop_"}, "182 a class": {"x.{645FF040-5081-101B-9F08-00AA002F954E}", "x.{645FF040-5081-101B-9F08-00AA002F954E}_"},
		"182 lnk": {"a.lnk", "a.lnk_"}, "182 url": {"a.URL", "a.URL_"}, "182 scf": {"@a.scf", "@a.scf_"},
	} {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				id := b.add(b.srv.File("data.csv", Behave(Disposition(`attachment; filename="`+c[0]+`"`))))
				require.NoError(b, b.start())
				require.Equal(b, c[1], b.task(id).Filename)
			})
		})
	}
}
