package main

import (
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/littledl/littledl"
)

// state is a batch at one moment.
type state struct {
	counts
	littledl.BatchProgress
	active []littledl.FileTask
	waits  []string // what is waited for, in a line each
	now    time.Time
}

// view shows a batch while it runs. The library calls back one at a time, so
// none of its methods runs beside another.
type view interface {
	interval() time.Duration // between two calls of progress
	progress(s state)
	file(t littledl.FileTask) // t has ended
	close(s *summary)         // the batch has ended
}

// newView chooses bars for a terminal and lines for everything else. perFile
// wants a line for every file that has ended.
func newView(o options, perFile bool, stdout, stderr io.Writer) view {
	if o.quiet {
		return &plain{out: io.Discard, stderr: stderr}
	}
	if t, ok := terminalOf(stdout); ok {
		return newBars(t, stderr, perFile)
	}
	return &plain{out: stdout, stderr: stderr, perFile: perFile}
}

// fileLine is the line of a file that is complete, in so many cells; 0: nobody knows.
func fileLine(t littledl.FileTask, cells int) string {
	verb, name, size := "saved ", clean(t.Path()), "  "+byteText(t.Downloaded)
	switch {
	case t.Reused:
		verb = "kept "
	case numbered(t):
		verb = "saved as "
	}
	if cells > 0 {
		name = shorten(name, max(cells-runewidth.StringWidth(verb+size), 1))
	}
	return verb + name + size
}

var number = regexp.MustCompile(`^(.*) \([1-9]\d*\)((?:\.[^/]*)?)$`)

// numbered says whether a file is called "X (1)" since something else is called X.
func numbered(t littledl.FileTask) bool {
	m := number.FindStringSubmatch(t.Filename)
	if m == nil {
		return false
	}
	if u, err := url.Parse(t.URL); err == nil && path.Base(u.Path) == t.Filename {
		return false
	}
	_, err := os.Lstat(filepath.Join(t.SavePath, m[1]+m[2]))
	return err == nil
}
