package littledl_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/littledl/littledl"
	. "github.com/littledl/littledl/internal/faultserver"
)

// What must hold of every story.

// watch looks at the batch while it runs: progress only grows, and no name has a file
// that is not complete.
func (st *story) watch() {
	if p := st.d.GetProgress().Progress(); p < st.floor || p > 100 {
		st.failf("progress went from %v to %v", st.floor, p)
	} else {
		st.floor = p
	}
	for _, task := range st.d.GetAllTasks() {
		if task.FileSize >= 0 && task.Downloaded > task.FileSize {
			st.failf("%s has %d of %d bytes", task.TaskID, task.Downloaded, task.FileSize)
		}
	}
	for path, e := range st.finals() {
		key := fmt.Sprint(path, e.Size(), e.ModTime())
		if st.seen[key] {
			continue
		}
		st.seen[key] = true
		if err := st.anybodys(path); err != nil {
			st.failf("%s is nobody's file: %v", path, err)
		}
	}
}

// anybodys tells whether a file is right for at least one task, or was there before.
func (st *story) anybodys(path string) (err error) {
	for i := range st.files {
		cut := st.is(i)&cuts != 0 && st.files[i].hash == 0
		if err = same(path, append(st.script.versions(i), st.plantedContent(i), st.version(i, 1)), cut); err == nil {
			return nil
		}
	}
	return err
}

// finals are the files in the directory but for parts.
func (st *story) finals() map[string]fs.FileInfo {
	all := map[string]fs.FileInfo{}
	_ = filepath.WalkDir(st.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !isPart(path) {
			if info, err := e.Info(); err == nil {
				all[path] = info
			}
		}
		return nil
	})
	return all
}

func isPart(path string) bool {
	return strings.HasSuffix(path, ".ldpart") || strings.HasSuffix(path, ".ldjournal")
}

// complete counts what is told.
func (st *story) complete(task littledl.FileTask) {
	st.told[task.TaskID]++
	if !task.IsCompleted() && !task.IsFailed() && task.Status != littledl.StatusCancelled {
		st.failf("%s is told of while %s", task.TaskID, task.Status)
	}
}

// checkEnd is what holds when a Start has returned; open are the tasks that had not
// completed before.
func (st *story) checkEnd(err error, open map[string]bool) {
	var failed []*littledl.FileError
	var downloaded int64
	duplicates := false
	for _, task := range st.d.GetAllTasks() {
		downloaded += task.Downloaded
		duplicates = duplicates || st.files[st.fileOf[task.TaskID]].duplicate
		if want := map[bool]int{true: 1}[open[task.TaskID]]; st.told[task.TaskID] != want {
			st.failf("%s was told of %d times", task.TaskID, st.told[task.TaskID])
		}
		if task.IsCompleted() {
			st.checkCompleted(task)
			continue
		}
		var fe *littledl.FileError
		if !errors.As(task.Err, &fe) || fe.TaskID != task.TaskID || fe.Op == "" {
			st.failf("%s is %s with the error %v", task.TaskID, task.Status, task.Err)
			continue
		}
		failed = append(failed, fe)
		st.checkFailed(task)
	}
	var batch *littledl.BatchError
	switch {
	case err == nil && len(failed) > 0:
		st.failf("no error, but %d files failed: %v", len(failed), failed[0])
	case err != nil && (!errors.As(err, &batch) || len(batch.Failed) != len(failed)):
		st.failf("%d files failed, but the error is %v", len(failed), err)
	}
	if p := st.d.GetProgress(); !duplicates && p.DownloadedBytes != downloaded {
		st.failf("%d bytes downloaded in all, %d by the tasks", p.DownloadedBytes, downloaded)
	}
	st.checkDirectory(len(failed) > 0)
	st.checkLimits()
	for _, leak := range st.srv.Leaks("http://a.test", "Authorization", "X-Api-Key") {
		st.failf("the header for a.test went to %s", leak.Origin)
	}
	for _, fd := range openBelow(st.dir) {
		st.failf("%s is left open", fd)
	}
}

// checkCompleted: the file is one version, all of it.
func (st *story) checkCompleted(task littledl.FileTask) {
	i := st.fileOf[task.TaskID]
	all := st.script.versions(i)
	if task.Reused && st.overwrite == littledl.OverwriteSkip {
		for j := range st.files { // the server may call it by another's name
			all = append(all, st.plantedContent(j), st.version(j, 1))
		}
	}
	if task.Reused && st.files[i].planted == sameContent && st.files[i].hash == 0 {
		all = append(all, st.version(i, 1))
	}
	cut := st.is(i)&cuts != 0 && !task.LengthVerified
	if err := same(task.Path(), all, cut); err != nil {
		st.failf("%s (%s) is wrong: %v", task.Filename, task.TaskID, err)
	}
	info, err := os.Stat(task.Path())
	if err == nil && (task.FileSize != info.Size() || task.Downloaded != info.Size()) {
		st.failf("%s has %d bytes; the task says %d, %d downloaded", task.Filename, info.Size(), task.FileSize, task.Downloaded)
	}
	if task.Err != nil || task.Progress() != 100 {
		st.failf("%s completed with %v at %v", task.TaskID, task.Err, task.Progress())
	}
}

// checkFailed: no secret is in the error.
func (st *story) checkFailed(task littledl.FileTask) {
	if strings.Contains(task.Err.Error(), secret) {
		st.failf("the error tells a secret: %v", task.Err)
	}
}

// checkDirectory: nothing is there but the files of completed tasks, what was there
// before, and parts of what has not completed.
func (st *story) checkDirectory(unfinished bool) {
	belongs := map[string]bool{}
	for _, task := range st.d.GetAllTasks() {
		if task.IsCompleted() {
			belongs[task.Path()] = true
		}
	}
	_ = filepath.WalkDir(st.dir, func(path string, e fs.DirEntry, err error) error {
		_, before := st.planted[path]
		switch {
		case err != nil, e.IsDir(), belongs[path], before:
		case isPart(path):
			if !unfinished {
				st.failf("%s is left behind", path)
			}
		default:
			st.failf("%s belongs to no completed task", path)
		}
		return nil
	})
	for path, size := range st.planted {
		if info, err := os.Stat(path); err != nil {
			st.failf("what was there before is gone: %v", err)
		} else if info.Size() != size && !belongs[path] {
			st.failf("%s was there before and is another now", path)
		}
	}
	for i, f := range st.files {
		for path := range st.planted {
			if f.planted == otherContent && st.overwrite != littledl.OverwriteReplace && strings.HasSuffix(path, fmt.Sprintf("%d.bin", i)) {
				if err := same(path, []Content{st.plantedContent(i)}, false); err != nil {
					st.failf("%s was there before and was written over: %v", path, err)
				}
			}
		}
	}
}

// checkLimits: the servers never saw more at once than they may.
func (st *story) checkLimits() {
	perFile, total := min(st.chunks, 16), st.total
	if st.enhanced {
		if total == 0 {
			total = 15
		}
		perFile = min(perFile, total)
	} else if total == 0 {
		total = st.atOnce * perFile
	}
	if n := st.srv.MaxInFlight(); n > total {
		st.failf("%d requests at once in all; %d are allowed", n, total)
	}
	for i, f := range st.files {
		var paths []string
		for j := range f.sources {
			paths = append(paths, fmt.Sprintf("s%d/f%d.bin", j, i))
		}
		if n := st.srv.MaxInFlight(paths...); n > perFile {
			st.failf("%d requests at once for f%d; %d are allowed", n, i, perFile)
		}
	}
	for j := range 1 + st.mirrors {
		var paths []string
		for i := range st.files {
			paths = append(paths, fmt.Sprintf("s%d/f%d.bin", j, i))
		}
		if n := st.srv.MaxInFlight(paths...); st.perHost > 0 && n > st.perHost {
			st.failf("%d requests at once for %s; %d are allowed", n, sources[j], st.perHost)
		}
	}
}

// same tells in what a file differs from all that it may hold; cut: or a beginning of it.
func same(path string, all []Content, cut bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	for _, want := range all {
		size := want.Size()
		if info.Size() != size && !(cut && info.Size() < size) {
			err = errors.Join(err, fmt.Errorf("%d bytes where %d are expected", info.Size(), size))
			continue
		}
		f, openErr := os.Open(path)
		if openErr != nil {
			return openErr
		}
		differs := Compare(f, section(want, info.Size()))
		f.Close()
		if differs == nil {
			return nil
		}
		err = errors.Join(err, differs)
	}
	return err
}

// round makes durations readable.
func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
