package littledl_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// another is one more downloader of the kind that the test is about, without callbacks.
func (b *bed) another() *littledl.BatchDownloader {
	b.Helper()
	b.d = nil
	d := b.downloader()
	d.SetProgressCallback(nil)
	d.SetFileCompleteCallback(nil)
	return d
}

// queue adds a file of the server for the directory of the test, unless an option says
// another.
func (b *bed) queue(d *littledl.BatchDownloader, f *faultserver.File, opts ...littledl.URLOption) string {
	b.Helper()
	id, err := d.AddURL(f.URL(), append([]littledl.URLOption{littledl.WithSavePath(b.dir)}, opts...)...)
	if err != nil { // it may be a callback that adds, whose goroutine is not the test's
		b.Errorf("%v", err)
	}
	return id
}

// run is Start, after which everything has come to rest.
func (b *bed) run(d *littledl.BatchDownloader) error {
	b.Helper()
	err := d.Start(b.Context())
	synctest.Wait()
	return err
}

// whenDone has do called in the completion callback of a task, once.
func whenDone(d *littledl.BatchDownloader, id string, do func()) {
	called := false
	d.SetFileCompleteCallback(func(task littledl.FileTask) {
		if task.TaskID == id && !called {
			called = true
			time.Sleep(time.Millisecond) // the server has seen the end of its request, too
			do()
		}
	})
}

// inOrAfter has do called behind a Start of its own where it is to be later, else in the
// completion callback of a task in the next one.
func (b *bed) inOrAfter(d *littledl.BatchDownloader, later bool, id string, do func()) {
	b.Helper()
	if !later {
		whenDone(d, id, do)
		return
	}
	require.NoError(b, b.run(d))
	do()
}

func snapshot(t testing.TB, d *littledl.BatchDownloader, id string) littledl.FileTask {
	t.Helper()
	task, ok := d.GetTask(id)
	require.True(t, ok)
	return task
}

// requests are the requests that the server has had, in order; those that are repeated at
// once count as one.
func requests(s *faultserver.Server) []string {
	all := []string{}
	for _, r := range s.Requests() {
		all = append(all, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.Path, " ", r.Range)))
	}
	return slices.Compact(all)
}

// holds is what every file below a directory holds, by name.
func holds(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		have, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = fmt.Sprintf("%d bytes, %x", len(have), sha256.Sum256(have))
		return err
	}))
	return all
}

// accident is what happens to a file that a task has completed.
type accident struct {
	name   string
	file   func(t testing.TB, path string) // nil: nothing happens to it
	at     []faultserver.FileOption        // what changes at the server
	hidden bool                            // nothing but the time of the change shows it
}

var accidents = []accident{
	{name: "nothing"},
	{name: "deleted", file: func(t testing.TB, path string) { require.NoError(t, os.Remove(path)) }},
	{name: "truncated", file: func(t testing.TB, path string) { require.NoError(t, os.Truncate(path, 10)) }},
	{name: "damaged", file: damage, hidden: true},
	{name: "swapped", file: swap},
	{name: "changed on the server", at: []faultserver.FileOption{faultserver.Version(2)}},
	{name: "changed on the server, deleted", at: []faultserver.FileOption{faultserver.Version(2)}, file: func(t testing.TB, path string) { require.NoError(t, os.Remove(path)) }},
}

// damage changes a byte and nothing else that could be seen, but the time of the change.
func damage(t testing.TB, path string) {
	before, err := os.Stat(path)
	require.NoError(t, err)
	was, tells := partfile.IdentityOf(before)
	for changed := false; !changed; {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte("damage"), 5)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.NoError(t, os.Chtimes(path, before.ModTime(), before.ModTime()))
		after, err := os.Stat(path)
		require.NoError(t, err)
		is, _ := partfile.IdentityOf(after)
		changed = !tells || is != was // where the system's clock is coarse, it has not ticked yet
	}
}

// swap renames a file of the same size and time over another.
func swap(t testing.TB, path string) {
	before, err := os.Stat(path)
	require.NoError(t, err)
	other := path + ".other"
	require.NoError(t, os.WriteFile(other, make([]byte, before.Size()), 0o600))
	require.NoError(t, os.Chtimes(other, before.ModTime(), before.ModTime()))
	require.NoError(t, os.Rename(other, path))
}

// happen has it happen to a file on the disk.
func (m accident) happen(t testing.TB, path string) {
	t.Helper()
	if m.file != nil {
		m.file(t, path)
	}
}
