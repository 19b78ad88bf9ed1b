package littledl_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// repetition is what adding a URL again came to.
type repetition struct {
	asked  []string
	err    string
	name   string
	reused bool
	files  map[string]string
}

func (b *bed) repeated(d *littledl.BatchDownloader, id string) repetition {
	b.Helper()
	require.NotEmpty(b, id)
	task := snapshot(b, d, id)
	r := repetition{asked: requests(b.srv), name: task.Filename, reused: task.Reused, files: holds(b, task.SavePath)}
	if task.Err != nil {
		r.err = strings.ReplaceAll(strings.ReplaceAll(task.Err.Error(), task.TaskID, "task"), task.SavePath, "dir")
	}
	return r
}

// TestAddedAgain: what was fetched stands for the same URL only in the same Start and as
// long as it is untouched. Else the task does what a fresh downloader does in the same
// directory.
func TestAddedAgain(t *testing.T) {
	for policy, overwrite := range policies {
		for _, m := range accidents {
			for _, hash := range []bool{false, true} {
				for _, named := range []bool{false, true} {
					for _, later := range []bool{false, true} {
						t.Run(fmt.Sprintf("%s/%s/hash %v/named %v/later %v", policy, m.name, hash, named, later), func(t *testing.T) {
							inBoth(t, func(b *bed) {
								b.conf.Overwrite = overwrite
								b.addAgain(m, hash, named, later)
							})
						})
					}
				}
			}
		}
	}
}

// TestAddedAgainOtherwiseServed: the same where the server tells no time, or another name.
func TestAddedAgainOtherwiseServed(t *testing.T) {
	for name, served := range map[string]faultserver.FileOption{
		"no time":      faultserver.LastModified(time.Time{}),
		"another name": faultserver.Behave(faultserver.Disposition("attachment; filename=other.bin")),
	} {
		for _, m := range accidents {
			for _, hash := range []bool{false, true} {
				for _, later := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/hash %v/later %v", name, m.name, hash, later), func(t *testing.T) {
						inBoth(t, func(b *bed) { b.addAgain(m, hash, false, later, served) })
					})
				}
			}
		}
	}
}

func (b *bed) addAgain(m accident, hash, named, later bool, served ...faultserver.FileOption) {
	f := b.srv.File("a.bin", append(served, faultserver.Size(100*kib))...)
	opts := hashIf(hash, f)
	if named {
		opts = append(opts, littledl.WithFilename("sub/given.bin"))
	}
	beside := b.TempDir() // where a fresh downloader finds the same
	d := b.another()
	b.queue(d, f, append(opts, littledl.WithSavePath(beside))...)
	require.NoError(b, b.run(d))

	d = b.another()
	first, again := b.queue(d, f, opts...), ""
	happen := func() {
		m.happen(b, snapshot(b, d, first).Path())
		f.Set(append(served, m.at...)...)
		b.srv.ResetRecords()
		again = b.queue(d, f, opts...)
	}
	b.inOrAfter(d, later, first, happen)
	_ = b.run(d)
	got := b.repeated(d, again)
	require.True(b, snapshot(b, d, first).IsCompleted())
	if !later && m.file == nil {
		require.Empty(b, got.asked, "it is there")
		require.Empty(b, got.err)
		require.Equal(b, snapshot(b, d, first).Path(), snapshot(b, d, again).Path())
		require.Len(b, got.files, 1)
		return
	}

	fresh := b.another()
	rel, err := filepath.Rel(b.dir, snapshot(b, d, first).Path())
	require.NoError(b, err)
	m.happen(b, filepath.Join(beside, rel))
	if m.hidden { // the fresh one cannot know; who has completed the file does
		dir, err := partfile.OpenDir(filepath.Join(beside, filepath.Dir(rel)), "")
		require.NoError(b, err)
		dir.Unmark(filepath.Base(rel))
		require.NoError(b, dir.Close())
	}
	b.srv.ResetRecords()
	id := b.queue(fresh, f, append(opts, littledl.WithSavePath(beside))...)
	_ = b.run(fresh)
	require.Equal(b, b.repeated(fresh, id), got)
}

// TestAddedTwiceAgain: of several that find the file gone one fetches it, and the others
// have it from that one.
func TestAddedTwiceAgain(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", faultserver.Size(100*kib))
		d := b.another()
		first, again := b.queue(d, f), []string{}
		whenDone(d, first, func() {
			require.NoError(b, os.Remove(snapshot(b, d, first).Path()))
			b.srv.ResetRecords()
			for range 3 {
				again = append(again, b.queue(d, f))
			}
			again = append(again, b.queue(d, f, littledl.WithFilename("copy.bin"), littledl.WithPriority(1)))
		})
		require.NoError(b, b.run(d))
		require.Len(b, b.srv.GETs(), 1)
		for _, id := range again {
			require.True(b, snapshot(b, d, id).IsCompleted())
		}
		have := holds(b, b.dir)
		require.Len(b, have, 2)
		require.Contains(b, have["a.bin"], f.Sum())
		require.Contains(b, have["copy.bin"], f.Sum())
	})
}

// TestAddedBeforeItEnds: what was added twice before the first has ended is fetched once,
// in this Start and, asked for again, in a later one not at all.
func TestAddedBeforeItEnds(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", faultserver.Size(6*mib))
		d := b.another()
		first := b.queue(d, f)
		done := make(chan error, 1)
		go func() { done <- d.Start(b.Context()) }()
		time.Sleep(200 * time.Millisecond)
		require.False(b, snapshot(b, d, first).IsCompleted())
		second := b.queue(d, f)
		require.NoError(b, <-done)
		require.Equal(b, snapshot(b, d, first).Path(), snapshot(b, d, second).Path())
		require.Less(b, b.srv.BytesSent(), int64(7*mib))

		time.Sleep(time.Second) // the server sees that connections were given up
		b.srv.ResetRecords()
		third := b.queue(d, f)
		require.NoError(b, b.run(d))
		require.Equal(b, []string{"HEAD /a.bin"}, requests(b.srv))
		require.True(b, snapshot(b, d, third).Reused)
		require.Len(b, holds(b, b.dir), 1)
	})
}

// TestSizesOfDuplicates: what several tasks have from one transfer counts once, what they
// fetch for themselves, once more.
func TestSizesOfDuplicates(t *testing.T) {
	inBoth(t, func(b *bed) {
		f := b.srv.File("a.bin", faultserver.Size(100*kib))
		d := b.another()
		first := b.queue(d, f)
		whenDone(d, first, func() {
			b.queue(d, f)
			whenDone(d, b.queue(d, f), func() {
				require.EqualValues(b, 100*kib, d.GetProgress().TotalBytes)
				require.NoError(b, os.Remove(snapshot(b, d, first).Path()))
				b.queue(d, f)
				b.queue(d, f)
			})
		})
		require.NoError(b, b.run(d))
		p := d.GetProgress()
		require.EqualValues(b, 200*kib, p.TotalBytes)
		require.EqualValues(b, 200*kib, p.DownloadedBytes)
		require.EqualValues(b, 100, p.Progress())
		require.Zero(b, d.GetStats().PendingFiles)
	})
}

// TestSameURLTwice: fetched once, counted once; another name or directory is a copy.
func TestSameURLTwice(t *testing.T) {
	batchBubble(t, func(b *batch) {
		f := b.srv.File("a.bin", faultserver.Size(300<<10))
		other := filepath.Join(b.dir, "other")
		first := b.add(f)
		shared := b.add(f)
		renamed := b.add(f, littledl.WithFilename("renamed.bin"))
		moved := b.add(f, littledl.WithSavePath(other))
		apart := b.add(f, littledl.WithHeader(http.Header{"X-Variant": {"2"}}))
		calls := 0
		b.get().SetFileCompleteCallback(func(littledl.FileTask) { calls++ })
		require.NoError(b, b.get().Start(b.Context()))
		require.Len(b, b.srv.GETs(), 2, "with other headers it may be another file")
		require.Equal(b, b.task(first).Path(), b.task(shared).Path())
		require.Equal(b, []string{"a (1).bin", "a.bin", "other", "renamed.bin"}, b.list())
		for _, id := range []string{first, shared, renamed, moved, apart} {
			require.True(b, b.task(id).IsCompleted())
			b.same(b.task(id).Path(), f.Content())
			info, err := os.Stat(b.task(id).Path())
			require.NoError(b, err)
			require.True(b, info.ModTime().Equal(f.Representation().LastModified))
		}
		require.Equal(b, 5, calls)
		require.Equal(b, int64(600<<10), b.get().GetProgress().DownloadedBytes)
		require.Equal(b, int64(600<<10), b.get().GetProgress().TotalBytes)
	})
}

// TestUrgentDuplicate: the more urgent wish counts.
func TestUrgentDuplicate(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.option(littledl.WithMaxConcurrentFiles(1))
		b.add(b.srv.File("a"), littledl.WithPriority(2))
		b.add(b.srv.File("b"), littledl.WithPriority(3))
		b.add(b.srv.Lookup("b"), littledl.WithPriority(1))
		require.NoError(b, b.start())
		require.Equal(b, []string{"b", "a"}, batchPaths(b.srv.GETs()))
	})
}
