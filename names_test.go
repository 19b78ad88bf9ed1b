package littledl_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
)

// TestNameOrder: the caller's name, else the server's, else the URL's.
func TestNameOrder(t *testing.T) {
	batchBubble(t, func(b *batch) {
		served := func(name, disposition string) *faultserver.File {
			return b.srv.File(name, faultserver.Size(100), faultserver.Behave(faultserver.Disposition(disposition)))
		}
		b.add(served("x/1.bin", "attachment; filename=server1.bin"), littledl.WithFilename("mine.bin"))
		b.add(served("x/2.bin", "attachment; filename=server2.bin"))
		b.add(served("x/3.bin", `attachment; filename="plain.bin"; filename*=UTF-8''na%C3%AFve.bin`))
		b.add(b.srv.File("x/a%20b c.bin", faultserver.Size(100)))
		b.add(b.srv.File("x/dir/", faultserver.Size(100)))
		b.add(served("x/4.bin", "attachment; filename=../../.evil.sh"))
		b.add(served("x/5.bin", "garbage; ==="))
		redirected := b.srv.File("x/latest", faultserver.Size(100), faultserver.Behave(faultserver.Redirect(1, 302)))
		b.add(redirected)
		_, err := b.get().AddURL(b.srv.File("x/6.bin", faultserver.Size(100)).URL()+"?token=a/b", littledl.WithSavePath(b.dir))
		require.NoError(b, err)
		require.NoError(b, b.start())
		var names []string
		for _, task := range b.get().GetAllTasks() {
			names = append(names, task.Filename)
			require.Equal(b, filepath.Join(b.dir, task.Filename), task.Path())
		}
		require.Equal(b, []string{"mine.bin", "server2.bin", "naïve.bin", "a%20b c.bin", "dir", "evil.sh", "5.bin", "latest", "6.bin"}, names)
	})
}

// TestServersNamesAreSafe: whatever a server or a URL says, the file is a plain one in
// its directory.
func TestServersNamesAreSafe(t *testing.T) {
	batchBubble(t, func(b *batch) {
		for i, name := range []string{
			"../../../etc/passwd", "/etc/passwd", `..\..\evil`, `C:\Windows\x`, "CON", "aux.txt", "trailing. ", ".bashrc", "-rf",
			"a\x00b", "..", ".", "", strings.Repeat("é", 300) + ".bin", "\x1b[2J", "x.ldpart", "a:stream", "\u202egpj.exe",
		} {
			path := fmt.Sprintf("n%d", i)
			b.add(b.srv.File(path, faultserver.Size(10), faultserver.Behave(
				faultserver.Disposition("attachment; filename*=UTF-8''"+url.PathEscape(name)))))
		}
		for _, path := range []string{"%2e%2e%2fevil", "..%5c..%5cevil", "%00", "NUL", "%2Fetc%2Fpasswd", "...", strings.Repeat("a", 400)} {
			_, err := b.get().AddURL(b.srv.Origin()+"/x/"+path, littledl.WithSavePath(b.dir))
			require.NoError(b, err)
		}
		b.srv.Behave(faultserver.Do(func(r *faultserver.Request, next faultserver.Handler) *faultserver.Response {
			if strings.HasPrefix(r.URL.Path, "/x/") {
				return faultserver.Reply(200, "text/plain", "text")
			}
			return next(r)
		}))
		require.NoError(b, b.start())
		require.Len(b, b.list(), 25)
		for _, task := range b.get().GetAllTasks() {
			name := task.Filename
			require.Equal(b, filepath.Base(name), name)
			require.LessOrEqual(b, len(name), 255)
			require.NotContains(b, ".-", name[:1], "%q", name)
			require.False(b, strings.HasSuffix(name, ".ldpart") || strings.ContainsAny(name, "\x00\x1b\\:\u202e"), "%q", name)
		}
		entries, err := os.ReadDir(filepath.Dir(b.dir))
		require.NoError(b, err)
		require.Len(b, entries, 1, "nothing beside the directory")
	})
}

// TestCollisions: two files of one name get two names, in the order they were added,
// however the answers come.
func TestCollisions(t *testing.T) {
	batchBubble(t, func(b *batch) {
		for i := range 4 {
			b.file(fmt.Sprintf("dir%d/a.tar.gz", i), int64(100+i), faultserver.Delay(time.Duration(4-i)*time.Second))
		}
		b.add(b.srv.File("dir4/A.TAR.GZ", faultserver.Size(99))) // one file where case does not matter
		for i := range 2 {
			b.file(fmt.Sprintf("by%d", i), int64(200+i), faultserver.Disposition("attachment; filename=a.tar.gz"))
		}
		require.NoError(b, b.start())
		var names []string
		for _, task := range b.get().GetAllTasks()[:5] {
			names = append(names, task.Filename)
		}
		require.Equal(b, []string{"a.tar.gz", "a (1).tar.gz", "a (2).tar.gz", "a (3).tar.gz", "A (4).TAR.GZ"}, names)
		require.Len(b, b.list(), 7, "and those that the server named so have others")
	})
}

// TestSubdirectories: a caller's name may lead below the directory, and through no link out
// of it.
func TestSubdirectories(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.add(b.srv.File("a"), littledl.WithFilename("x/y/a.bin"))
		b.add(b.srv.File("b"), littledl.WithFilename("x/./z/../b.bin"))
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, []string{"x"}, b.list())
		b.same(filepath.Join(b.dir, "x", "y", "a.bin"), b.srv.Content("a"))
		b.same(filepath.Join(b.dir, "x", "b.bin"), b.srv.Content("b"))
	})
	batchBubble(t, func(b *batch) { // a link leads nowhere
		elsewhere := b.TempDir()
		require.NoError(b, os.Symlink(elsewhere, filepath.Join(b.dir, "x")))
		id := b.add(b.srv.File("a"), littledl.WithFilename("x/a.bin"))
		require.Error(b, b.get().Start(b.Context()))
		require.Equal(b, "write", opOf(b.task(id).Err))
		entries, err := os.ReadDir(elsewhere)
		require.NoError(b, err)
		require.Empty(b, entries)
	})
}

// TestManyDirectories: each is closed again.
func TestManyDirectories(t *testing.T) {
	batchBubble(t, func(b *batch) {
		for i := range 30 {
			b.add(b.srv.File(fmt.Sprint(i), faultserver.Size(100)), littledl.WithSavePath(filepath.Join(b.dir, fmt.Sprint(i), "sub")))
		}
		require.NoError(b, b.get().Start(b.Context()))
		require.Empty(b, b.openFiles(), "before a collection closes what was forgotten")
		require.Len(b, b.list(), 30)
		for i := range 30 {
			b.same(filepath.Join(b.dir, fmt.Sprint(i), "sub", fmt.Sprint(i)), b.srv.Content(fmt.Sprint(i)))
		}
	})
}

// TestDuplicateTarget: a name that was given belongs to one task of its directory.
func TestDuplicateTarget(t *testing.T) {
	batchBubble(t, func(b *batch) {
		b.add(b.srv.File("a", faultserver.Size(10)), littledl.WithFilename("same.bin"))
		for _, name := range []string{"same.bin", "SAME.bin", "x/../same.bin"} {
			_, err := b.get().AddURL(b.srv.URL("b"), littledl.WithSavePath(b.dir), littledl.WithFilename(name))
			require.ErrorIs(b, err, littledl.ErrDuplicateTarget, name)
		}
		b.add(b.srv.File("b", faultserver.Size(20)), littledl.WithFilename("sub/same.bin"))
		b.add(b.srv.File("x/same.bin", faultserver.Size(30)))
		require.NoError(b, b.get().Start(b.Context()))
		require.Equal(b, []string{"same (1).bin", "same.bin", "sub"}, b.list(), "a reserved name is kept free")
	})
}

// TestSpellingsOfADirectory: two tasks of one batch do not get one file, however the
// directory is written, nor do two get one name that was given.
func TestSpellingsOfADirectory(t *testing.T) {
	for _, policy := range []littledl.OverwritePolicy{littledl.OverwriteRename, littledl.OverwriteReplace} {
		batchBubble(t, func(b *batch) {
			b.conf.Overwrite = policy
			here, err := os.Getwd()
			require.NoError(b, err)
			relative, err := filepath.Rel(here, b.dir)
			require.NoError(b, err)
			parent, base := filepath.Split(b.dir)
			for i, dir := range []string{b.dir, b.dir + "/", b.dir + "/.", relative, parent + "/" + base} {
				f := b.srv.File(fmt.Sprint(i, "/same.bin"), faultserver.Size(1000))
				_, err := b.get().AddURL(f.URL(), littledl.WithSavePath(dir))
				require.NoError(b, err)
				_, err = b.get().AddURL(f.URL()+"?", littledl.WithSavePath(dir), littledl.WithFilename("sub/given"))
				require.Equal(b, i > 0, errors.Is(err, littledl.ErrDuplicateTarget), "%v", err)
			}
			_, err = b.get().AddURL("http://files.test/x", littledl.WithSavePath(b.dir+"/sub"), littledl.WithFilename("given"))
			require.ErrorIs(b, err, littledl.ErrDuplicateTarget)
			_, err = b.get().AddURL("http://files.test/x", littledl.WithSavePath(b.dir), littledl.WithFilename("SUB/given"))
			require.ErrorIs(b, err, littledl.ErrDuplicateTarget, "one file on some systems")
			require.NoError(b, b.get().Start(b.Context()))
			paths := map[string]bool{}
			for _, task := range b.get().GetAllTasks() {
				abs, err := filepath.Abs(task.Path())
				require.NoError(b, err)
				paths[abs] = true
			}
			require.Len(b, paths, 6)
		})
	}
}

// TestSameNameTwice: two files of one name do not overwrite each other.
func TestSameNameTwice(t *testing.T) {
	inBubble(t, func(b *bed) {
		one, two := b.add(b.srv.File("x/a.bin")), b.add(b.srv.File("y/a.bin"))
		require.NoError(b, b.start())
		require.Equal(b, "a.bin", b.task(one).Filename)
		require.Equal(b, "a (1).bin", b.task(two).Filename)
	})
}
