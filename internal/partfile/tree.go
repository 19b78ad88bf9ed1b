package partfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files that are none of ours, for reading. What is there may become something else between two
// looks at it: nothing is opened in a way that waits.

// OpenAny opens what a path leads to, wherever that is, if it is a regular file.
func OpenAny(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|largeFile|noBlock, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	return osFile{f}, nil
}

// Walk visits what is in a directory and, where visit says so, below what is there, at most so many
// names, until ctx ends. It follows no symbolic link.
func Walk(ctx context.Context, dir string, most int, visit func(name string, e fs.DirEntry) (below bool)) {
	root, err := os.OpenRoot(dir + inside)
	if err != nil {
		return
	}
	defer root.Close()
	_ = fs.WalkDir(tree{root.FS(), root, most}, ".", func(name string, e fs.DirEntry, err error) error {
		if most--; most < 0 || ctx.Err() != nil {
			return fs.SkipAll
		}
		if err == nil && !visit(name, e) && e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// tree is a root of which directories alone are opened, and of each so many names are read.
type tree struct {
	fs.FS
	root *os.Root
	most int
}

// ReadDir implements fs.ReadDirFS.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := t.root.OpenFile(filepath.FromSlash(name)+inside, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.ReadDir(t.most)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}
