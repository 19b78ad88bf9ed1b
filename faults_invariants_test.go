package littledl_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/littledl/littledl"
	"github.com/littledl/littledl/internal/faultserver"
	"github.com/littledl/littledl/internal/partfile"
)

// completed lets connections that are being given up close, then counts them.
func (b *bed) completed(littledl.FileTask) {
	time.Sleep(time.Millisecond)
	b.drops = b.net.Dials("") - b.net.Open()
}

// watch looks at the batch while it runs: no name that is not complete, and
// progress that only grows.
func (b *bed) watch() {
	p := b.d.GetProgress().Progress()
	if p < b.floor || p > 100 {
		b.Errorf("progress went from %v to %v", b.floor, p)
	}
	b.floor = p
	for _, task := range b.d.GetAllTasks() {
		if task.Downloaded > task.FileSize && task.FileSize >= 0 {
			b.Errorf("%s has %d of %d bytes", task.TaskID, task.Downloaded, task.FileSize)
		}
		if _, theirs := b.theirs[task.Path()]; theirs || task.Filename == "" || b.whole[task.Path()] {
			continue
		}
		if info, err := os.Lstat(task.Path()); err == nil && info.Mode().IsRegular() {
			b.whole[task.Path()] = true
			if err := b.compare(task); err != nil {
				b.Errorf("%s is not complete: %v", task.Filename, err)
			}
		}
	}
}

// compare tells in what the file of a task differs from all that it may hold.
func (b *bed) compare(task littledl.FileTask) (err error) {
	for _, want := range b.want[task.TaskID] {
		f, openErr := os.Open(task.Path())
		if openErr != nil {
			return openErr
		}
		err = faultserver.Compare(f, want)
		f.Close()
		if err == nil {
			return nil
		}
	}
	return err
}

// assertInvariants checks what holds however a batch ends.
func (b *bed) assertInvariants(err error) {
	b.Helper()
	b.floor = 0 // a second Start begins anew
	failed := b.assertFiles(err)
	b.assertError(err, failed)
	b.assertSums(err)
	b.assertLimits()
	b.assertSecrets()
	if err == nil {
		b.assertLittleTwice(b.restarts)
	}
	require.LessOrEqual(b, b.took, b.deadline)
	require.Zero(b, b.net.Open(), "connections are left")
	require.Empty(b, b.openFiles(), "files are left open")
}

// assertFiles checks that the directory has the right file of each task that
// completed and, but for parts where one failed, no other; it returns the failures.
func (b *bed) assertFiles(err error) (failed []*littledl.FileError) {
	b.Helper()
	finals, parts := b.listing()
	done := map[string]bool{}
	for _, task := range b.d.GetAllTasks() {
		if !task.IsCompleted() {
			var fe *littledl.FileError
			require.ErrorAs(b, task.Err, &fe)
			require.Equal(b, task.TaskID, fe.TaskID)
			failed = append(failed, fe)
			continue
		}
		require.NoError(b, task.Err)
		require.NoError(b, b.compare(task), task.Filename)
		done[task.Path()] = true
	}
	for path, text := range b.theirs {
		have, err := os.ReadFile(path)
		require.NoError(b, err)
		require.Equal(b, len(text), len(have), path)
		require.True(b, text == string(have), "%s was changed", path)
		if !done[path] {
			finals = slices.DeleteFunc(finals, func(name string) bool { return name == path })
		}
	}
	for _, name := range finals {
		require.True(b, done[name], "%s belongs to no completed task", name)
	}
	require.Len(b, finals, len(done))
	if err == nil {
		require.Empty(b, parts)
	}
	return failed
}

// assertSums checks that the numbers agree.
func (b *bed) assertSums(err error) {
	b.Helper()
	var size, downloaded int64
	for _, task := range b.d.GetAllTasks() {
		downloaded += task.Downloaded
		if task.IsCompleted() {
			require.EqualValues(b, 100, task.Progress())
			require.Equal(b, task.FileSize, task.Downloaded)
			size += task.FileSize
		}
	}
	p := b.d.GetProgress()
	require.Equal(b, downloaded, p.DownloadedBytes)
	if err == nil {
		require.EqualValues(b, 100, p.Progress())
		require.Equal(b, size, p.DownloadedBytes)
		require.Equal(b, p.TotalFiles, p.CompletedFiles)
	}
}

// assertError checks that errors name their files and tell no secret.
func (b *bed) assertError(err error, failed []*littledl.FileError) {
	b.Helper()
	if len(failed) == 0 {
		require.NoError(b, err)
		return
	}
	var batch *littledl.BatchError
	require.ErrorAs(b, err, &batch)
	require.Equal(b, failed, batch.Failed)
	for _, fe := range failed {
		require.NotContains(b, fe.Error(), secret)
		require.NotContains(b, fe.URL, "?")
		require.NotEmpty(b, fe.Op)
		require.Contains(b, fe.Error(), fe.URL)
	}
}

// assertLimits checks what the server saw in flight.
func (b *bed) assertLimits() {
	b.Helper()
	for _, s := range b.servers {
		require.LessOrEqual(b, s.MaxInFlight(), b.connections())
		for _, r := range s.GETs() {
			require.LessOrEqual(b, s.MaxInFlight(r.Path), b.chunks, r.Path)
		}
	}
}

// assertSecrets checks that no header took what is secret to an origin that it was not
// given for, and that nobody was told where somebody came from.
func (b *bed) assertSecrets() {
	b.Helper()
	for _, s := range b.servers {
		for _, r := range s.Requests() {
			require.Empty(b, r.Header.Get("Referer"))
			if b.homes[r.Origin] {
				continue
			}
			_, password, _ := (&http.Request{Header: r.Header}).BasicAuth()
			require.NotEqual(b, secret, password, r.Origin)
			for k, v := range r.Header {
				require.NotContains(b, strings.Join(v, " "), secret, "%s at %s", k, r.Origin)
			}
		}
	}
}

// assertLittleTwice bounds what was sent more than once: 2 % of the files, 1 MiB for
// each dropped connection, and a whole file for each restart that the server forced.
func (b *bed) assertLittleTwice(restarts int) {
	b.Helper()
	size, drops, sent := b.d.GetProgress().DownloadedBytes, b.drops, int64(0)
	for _, s := range b.servers {
		sent += s.BytesSent()
		for _, r := range s.GETs() {
			if first, last := askedRange(r); r.Proto == "HTTP/2.0" && r.Sent < last-first+1 {
				drops++ // a stream, on a connection that goes on
			}
		}
	}
	most := size + size/50 + int64(drops)*mib + int64(restarts)*size
	require.LessOrEqual(b, sent, most, "%d bytes in files, %d dropped connections", size, drops)
}

// listing is what is in the directory: files under their names, and parts, which may
// have a journal each.
func (b *bed) listing() (finals, parts []string) {
	entries, err := os.ReadDir(b.dir)
	require.NoError(b, err)
	for _, e := range entries {
		name := filepath.Join(b.dir, e.Name())
		switch filepath.Ext(name) {
		case partfile.Suffix:
			parts = append(parts, name)
		case partfile.JournalSuffix:
			require.FileExists(b, strings.TrimSuffix(name, partfile.JournalSuffix)+partfile.Suffix)
		default:
			finals = append(finals, name)
		}
	}
	return finals, parts
}
