//go:build unix

package littledl_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultdisk"
	. "github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/replay"
)

// What is there already is kept where it is proven to be of this URL and of the version
// that the server has; where nothing is proven it is fetched and compared.

// lookalikes are files of one name, size and time, each with content of its own.
func (b *bed) lookalikes(n int, more ...FileOption) (files []*File) {
	for i := range n {
		files = append(files, b.srv.File(fmt.Sprintf("v%d/data.bin", i), append([]FileOption{Size(20 * kib), LastModified(stamped)}, more...)...))
	}
	return files
}

// fetch downloads the files with a downloader of its own and returns how many GETs that took.
func (b *bed) fetch(files ...*File) int {
	b.Helper()
	before := b.again()
	for _, f := range files {
		b.add(f)
	}
	require.NoError(b, b.start())
	return len(b.srv.GETs()) - before
}

// TestOtherURLProvesNothing: a file of another URL is not kept for its size and time.
func TestOtherURLProvesNothing(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.lookalikes(2)
		require.Equal(b, 1, b.fetch(f[0]))
		require.Equal(b, "data.bin", b.task("task-1").Filename)
		b.theirs[filepath.Join(b.dir, "data.bin")] = string(Bytes(f[0].Content()))
		require.Equal(b, 1, b.fetch(f[1]))
		require.Equal(b, "data (1).bin", b.task("task-1").Filename)
	})
}

// undated tells no Last-Modified.
func undated() Behaviour {
	return Do(func(req *Request, next Handler) *Response {
		req.Rep.LastModified = time.Time{}
		return next(req)
	})
}

// TestTwiceInAnyOrder: of files of one name each is found again, whatever the order, and
// no body is fetched.
func TestTwiceInAnyOrder(t *testing.T) {
	seed := replay.Seed(t)
	for what, manners := range map[string]Behaviour{
		"both validators": Good(), "no Last-Modified": undated(), "no ETag": LastModOnly(),
		"by Content-Disposition": Disposition(`attachment; filename="report.csv"`),
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.lookalikes(40, Behave(manners))
				require.Equal(b, 40, b.fetch(f...))
				rand.New(rand.NewPCG(seed, 0)).Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
				require.Zero(b, b.fetch(f...))
				for _, task := range b.d.GetAllTasks() {
					require.True(b, task.Reused)
				}
			})
		})
	}
}

// TestThousandsOfOneName: as many files of one name as there may be cost a second batch
// neither a body nor the time to look at each for each.
func TestThousandsOfOneName(t *testing.T) {
	n := 4000
	if underRace {
		n = 400
	}
	batchBubble(t, func(b *batch) {
		b.net.Shape(nil)
		b.option(littledl.WithMaxConcurrentFiles(16))
		run := func() (asked int) {
			before := len(b.srv.GETs())
			b.d = nil
			for i := range n {
				b.add(b.srv.File(fmt.Sprintf("get/%d", i), Size(100), LastModified(stamped), Behave(Disposition(`attachment; filename="report.csv"`))))
			}
			require.NoError(b, b.start())
			return len(b.srv.GETs()) - before
		}
		require.Equal(b, n, run())
		require.Zero(b, run())
		require.Len(b, b.list(), n)
	})
}

// TestNothingProven: where files can have no marks, or the server tells no validators, what
// is there is compared, and no copy is left of what is the same, in any order.
func TestNothingProven(t *testing.T) {
	for what, c := range map[string]struct {
		faults  []faultdisk.Fault
		manners Behaviour
	}{
		"no attributes": {[]faultdisk.Fault{
			{Op: faultdisk.SetMark, Err: syscall.EOPNOTSUPP}, {Op: faultdisk.GetMark, Err: syscall.EOPNOTSUPP},
		}, Good()},
		"no room for them": {[]faultdisk.Fault{{Op: faultdisk.SetMark, Err: syscall.ENOSPC}}, Good()},
		"no validators":    {nil, NoValidators()},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.onDisk(c.faults...)
				f := b.lookalikes(5, Behave(c.manners))
				require.Equal(b, 5, b.fetch(f...))
				f[0], f[3] = f[3], f[0]
				f = append(f, b.srv.File("v9/data.bin", Size(20*kib), LastModified(stamped)))
				require.Equal(b, 6, b.fetch(f...))
			})
		})
	}
}

// TestComparedOnce: a file that was fetched and is the same as what is there is known by
// the next batch.
func TestComparedOnce(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", Size(20*kib))
		b.plant("a.bin", string(Bytes(f.Content())))
		for _, gets := range []int{1, 0} {
			require.Equal(b, gets, b.fetch(f))
			require.Equal(b, "a.bin", b.task("task-1").Filename)
		}
	})
}

// TestMarkEnds: a mark says nothing of a file that somebody has changed, nor of another
// version.
func TestMarkEnds(t *testing.T) {
	for what, change := range map[string]func(b *bed, path string){
		"written to": func(b *bed, path string) {
			b.plant("data.bin", string(make([]byte, 20*kib)))
		},
		"replaced": func(b *bed, path string) {
			require.NoError(b, os.Remove(path))
			b.plant("data.bin", string(make([]byte, 20*kib)))
			require.NoError(b, os.Chtimes(path, stamped, stamped))
		},
		"another version": func(b *bed, path string) {
			b.theirs[path] = string(Bytes(b.srv.Lookup("v0/data.bin").Content()))
			b.srv.Lookup("v0/data.bin").Set(Version(2), LastModified(stamped))
		},
	} {
		t.Run(what, func(t *testing.T) {
			inBoth(t, func(b *bed) {
				f := b.lookalikes(1)
				b.fetch(f...)
				change(b, b.task("task-1").Path())
				require.Equal(b, 1, b.fetch(f...))
				require.Equal(b, "data (1).bin", b.task("task-1").Filename)
			})
		})
	}
}

// TestErrorCompares: OverwriteError is about other content.
func TestErrorCompares(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.conf.Overwrite = littledl.OverwriteError
		f := b.srv.File("a.bin", Size(20*kib))
		b.plant("a.bin", string(Bytes(f.Content())))
		require.Equal(b, 1, b.fetch(f))
		require.Zero(b, b.fetch(f))
	})
}

// TestFreshSignature: a URL that is signed anew is the same one.
func TestFreshSignature(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", Size(20*kib))
		for i := range 2 {
			b.d = nil
			id, err := b.get().AddURL(fmt.Sprintf("%s?id=7&X-Amz-Signature=%d", f.URL(), i), littledl.WithSavePath(b.dir))
			require.NoError(b, err)
			require.NoError(b, b.start())
			require.Equal(b, i == 1, b.task(id).Reused)
		}
		require.Len(b, b.srv.GETs(), 1)
	})
}

// TestTrustModTime: size and time count where the caller says so, and only there.
func TestTrustModTime(t *testing.T) {
	for _, trust := range []bool{false, true} {
		t.Run(fmt.Sprint(trust), func(t *testing.T) {
			inBoth(t, func(b *bed) {
				b.conf.TrustModTime = trust
				f := b.srv.File("a.bin", Size(20*kib))
				at := b.plant("a.bin", string(make([]byte, 20*kib)))
				modified := f.Representation().LastModified
				require.NoError(b, os.Chtimes(at, modified, modified))
				id := b.add(f)
				if trust {
					b.want[id] = []Content{strings.NewReader(string(make([]byte, 20*kib)))}
				}
				require.NoError(b, b.start())
				require.Equal(b, trust, b.task(id).Reused)
			})
		})
	}
}

// TestMarkCopies: the copy that a second wish for one URL gets is as well known as the
// first file.
func TestMarkCopies(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", Size(20*kib))
		for range 2 {
			b.d = nil
			b.add(f)
			b.add(f, littledl.WithFilename("b.bin"))
			require.NoError(b, b.start())
		}
		require.Len(b, b.srv.GETs(), 1)
		require.Equal(b, []string{"a.bin", "b.bin"}, b.list())
	})
}

// TestNoHEADForNobody: where sizes are of no interest nobody is asked by HEAD, not for files that
// are there either: the first answer shows that they are the same.
func TestNoHEADForNobody(t *testing.T) {
	inBoth(t, func(b *bed) {
		b.option(littledl.WithSmallFilePriority(false))
		f := b.lookalikes(20)
		b.fetch(f...)
		asked := b.fetch(f...)
		require.Equal(b, 20, asked)
		require.Empty(b, b.srv.HEADs())
		finals, _ := b.listing()
		require.Len(b, finals, 20, "each was kept")
	})
}
