//go:build !unix && !windows

package partfile

import (
	"errors"
	"io/fs"
	"os"
)

const (
	noBlock = 0
	inside  = ""
)

func links(fs.FileInfo) uint64 { return 1 }

func ownedByUs(fs.FileInfo) bool { return true }

func same(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

func sameOwner(_, _ fs.FileInfo) bool { return true }

func sameGroup(_, _ fs.FileInfo) bool { return true }

func chmod(*os.File, fs.FileMode) error { return nil } // the directory says who may do what

func chown(*os.File, fs.FileInfo) error { return nil }

// busy marks what may work in a moment: nothing here.
func busy(err error) error { return err }

// unsupported reports that the file system lacks an operation; most do, in words of their own.
func unsupported(err error) bool { return err != nil && !IsFull(err) && !errors.Is(err, fs.ErrExist) }

// exhausted reports that there is nothing wrong with a file: the process, or the
// machine, is short of something.
func exhausted(err error) bool { return IsFull(err) }
