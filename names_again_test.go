package littledl_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// both runs a test twice: what is added later is added in the completion callback of the
// first task, or after its Start.
func inEitherStart(t *testing.T, test func(b *bed, d *littledl.BatchDownloader, after func(id string, do func()) error)) {
	for _, later := range []bool{false, true} {
		t.Run(fmt.Sprintf("later %v", later), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				d := b.another()
				test(b, d, func(id string, do func()) error {
					if !later {
						whenDone(d, id, do)
						return b.run(d)
					}
					first := b.run(d)
					do()
					if err := b.run(d); err != nil {
						return err
					}
					return first
				})
			})
		})
	}
}

// TestNameIsFreeAgain: a name belongs to a task until that has ended; who comes later may
// have it, however it is made and written.
func TestNameIsFreeAgain(t *testing.T) {
	disposition := faultserver.Behave(faultserver.Disposition("attachment; filename=a.bin"))
	for name, again := range map[string]struct {
		url  string
		opts []faultserver.FileOption
		as   []littledl.URLOption
		want string
	}{
		"the same URL":                {url: "a.bin", want: "a.bin"},
		"another URL":                 {url: "x/a.bin", want: "a.bin"},
		"another URL in capitals":     {url: "x/A.BIN", want: "A.BIN"},
		"another URL's answer":        {url: "x/b.bin", opts: []faultserver.FileOption{disposition}, want: "a.bin"},
		"the same URL by name":        {url: "a.bin", as: []littledl.URLOption{littledl.WithFilename("a.bin")}, want: "a.bin"},
		"another URL by name":         {url: "x/c.bin", as: []littledl.URLOption{littledl.WithFilename("x/../a.bin")}, want: "a.bin"},
		"another URL in other guises": {url: "x/c.bin", as: []littledl.URLOption{littledl.WithFilename("A.bin")}, want: "A.bin"},
	} {
		t.Run(name, func(t *testing.T) {
			inEitherStart(t, func(b *bed, d *littledl.BatchDownloader, after func(string, func()) error) {
				first := b.queue(d, b.srv.File("a.bin", faultserver.Size(1000)))
				id := ""
				require.NoError(b, after(first, func() {
					if err := os.Remove(snapshot(b, d, first).Path()); err != nil {
						b.Error(err)
					}
					id = b.queue(d, b.srv.File(again.url, append(again.opts, faultserver.Size(1000))...), again.as...)
				}))
				require.Equal(b, again.want, snapshot(b, d, id).Filename)
				require.Len(b, holds(b, b.dir), 1)
			})
		})
	}
}

// TestNameOfTheAnswerIsFreeAgain: a name that only the server knows is counted anew, too.
func TestNameOfTheAnswerIsFreeAgain(t *testing.T) {
	inEitherStart(t, func(b *bed, d *littledl.BatchDownloader, after func(string, func()) error) {
		f := b.srv.File("get", faultserver.Size(1000), faultserver.Behave(faultserver.Disposition("attachment; filename=a.bin")))
		g := b.srv.File("more", faultserver.Size(1000), faultserver.Behave(faultserver.Disposition("attachment; filename=a.bin")))
		first := b.queue(d, f)
		var ids []string
		require.NoError(b, after(first, func() {
			if err := os.Remove(snapshot(b, d, first).Path()); err != nil {
				b.Error(err)
			}
			ids = []string{b.queue(d, f), b.queue(d, g)}
		}))
		names := []string{snapshot(b, d, ids[0]).Filename, snapshot(b, d, ids[1]).Filename}
		require.ElementsMatch(b, []string{"a.bin", "a (1).bin"}, names, "two that are under way at once do not share it")
	})
}

// TestNameIsHeld for those that were added before its task ended, though nothing has it on
// the disk any more.
func TestNameIsHeld(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.files = 1
		d := b.another()
		first := b.queue(d, b.srv.File("0/a.bin", faultserver.Size(1000)))
		held := b.queue(d, b.srv.File("1/a.bin", faultserver.Size(2*mib)))
		answer := b.queue(d, b.srv.File("get", faultserver.Size(3000), faultserver.Behave(faultserver.Disposition("attachment; filename=a.bin"))))
		late := ""
		whenDone(d, first, func() {
			if err := os.Remove(snapshot(b, d, first).Path()); err != nil {
				b.Error(err)
			}
			late = b.queue(d, b.srv.File("3/a.bin", faultserver.Size(4000)))
		})
		require.NoError(b, b.run(d))
		require.Equal(b, "a (1).bin", snapshot(b, d, held).Filename)
		require.Equal(b, "a (2).bin", snapshot(b, d, answer).Filename)
		require.Equal(b, "a.bin", snapshot(b, d, late).Filename)
	})
}

// TestNumberIsFreeAgain: a numbered name is given again as any other.
func TestNumberIsFreeAgain(t *testing.T) {
	inBoth(t, func(b *bed) {
		d := b.another()
		b.queue(d, b.srv.File("0/a.bin", faultserver.Size(6*mib)))
		second := b.queue(d, b.srv.File("1/a.bin", faultserver.Size(1000)))
		b.queue(d, b.srv.File("2/a.bin", faultserver.Size(5*mib)))
		var late []string
		whenDone(d, second, func() {
			if err := os.Remove(snapshot(b, d, second).Path()); err != nil {
				b.Error(err)
			}
			late = append(late, b.queue(d, b.srv.Lookup("1/a.bin")), b.queue(d, b.srv.File("3/a.bin", faultserver.Size(4000))))
		})
		require.NoError(b, b.run(d))
		require.Equal(b, "a (1).bin", snapshot(b, d, late[0]).Filename)
		require.Equal(b, "a (3).bin", snapshot(b, d, late[1]).Filename)
	})
}

// TestGivenNameInUse: until the task that has a name has ended, nobody else can be given
// it, the same URL neither.
func TestGivenNameInUse(t *testing.T) {
	inEitherStart(t, func(b *bed, d *littledl.BatchDownloader, after func(string, func()) error) {
		f, g := b.srv.File("a", faultserver.Size(1000)), b.srv.File("b", faultserver.Size(2000))
		given := littledl.WithFilename("same.bin")
		first := b.queue(d, f, given)
		for _, other := range []*faultserver.File{f, g} {
			_, err := d.AddURL(other.URL(), littledl.WithSavePath(b.dir), given)
			require.ErrorIs(b, err, littledl.ErrDuplicateTarget)
		}
		second := ""
		require.NoError(b, after(first, func() {
			second = b.queue(d, g, given)
			if _, err := d.AddURL(f.URL(), littledl.WithSavePath(b.dir), given); err == nil {
				b.Error("two have one name")
			}
		}))
		require.Equal(b, "same (1).bin", snapshot(b, d, second).Filename, "nothing is replaced")
	})
}

// TestNumbersInTheirOrder: those that have been added to one name have their numbers in
// that order when they are tried again, and none of them replaces another's file.
func TestNumbersInTheirOrder(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteReplace
		b.files = 1
		b.opts = []littledl.Option{littledl.WithSmallFilePriority(false)}
		d := b.another()
		var ids []string
		sizes := []int64{1001, 1002, 2 * mib, 3 * mib}
		for i, size := range sizes {
			ids = append(ids, b.queue(d, b.srv.File(fmt.Sprint(i, "/a.bin"), faultserver.Size(size))))
		}
		whenDone(d, ids[1], func() { _ = d.Cancel() })
		_ = b.run(d)
		require.False(b, snapshot(b, d, ids[3]).IsCompleted())
		require.NoError(b, b.run(d))
		have := holds(b, b.dir)
		for i, name := range []string{"a.bin", "a (1).bin", "a (2).bin", "a (3).bin"} {
			require.Equal(b, name, snapshot(b, d, ids[i]).Filename)
			require.Contains(b, have[name], fmt.Sprint(sizes[i], " bytes"))
		}
	})
}

// TestNumberedVersionIsKept: a file that has its number among several of one name, and has
// been changed since, is found under the number that this came to.
func TestNumberedVersionIsKept(t *testing.T) {
	inBoth(t, func(b *bed) {
		f, g := b.srv.File("0/a.bin", faultserver.Size(1000)), b.srv.File("1/a.bin", faultserver.Size(2000))
		for version := range 3 {
			d := b.another()
			b.queue(d, f)
			id := b.queue(d, g)
			b.srv.ResetRecords()
			require.NoError(b, b.run(d))
			switch version {
			case 0:
				require.Equal(b, "a (1).bin", snapshot(b, d, id).Filename)
				g.Set(faultserver.Version(2))
			case 1:
				require.Equal(b, "a (2).bin", snapshot(b, d, id).Filename)
			case 2:
				require.Equal(b, "a (2).bin", snapshot(b, d, id).Filename)
				require.Empty(b, b.srv.GETs())
			}
		}
		require.Len(b, holds(b, b.dir), 3)
	})
}

// TestManyOfOneName: a queue of tasks that have one name by their URLs is added in no more
// time than any other.
func TestManyOfOneName(t *testing.T) {
	const many = 20_000
	inBubble(t, func(b *bed) {
		d := b.another()
		began := processorTime()
		for i := range many {
			_, err := d.AddURL(fmt.Sprint("http://files.test/", i, "/download"), littledl.WithSavePath(b.dir), littledl.WithHeader(http.Header{"X": {"1"}}))
			require.NoError(b, err)
		}
		require.Less(b, processorTime()-began, 5*time.Second)
		_, err := d.AddURL("http://files.test/x", littledl.WithSavePath(b.dir), littledl.WithFilename(filepath.Base("download")))
		require.NoError(b, err, "a name that is given counts for more than one that follows from a URL")
	})
}
