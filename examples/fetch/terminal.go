package main

import (
	"io"
	"os"
)

const (
	usualCols = 80 // where a terminal does not know
	usualRows = 24
)

// terminal is what bars can be drawn on.
type terminal interface {
	io.Writer
	Size() (cols, rows int)
}

// terminalOf is w, if it understands the movements that bars are made of.
func terminalOf(w io.Writer) (terminal, bool) {
	if t, ok := w.(terminal); ok {
		return t, true
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !understands(f) {
		return nil, false
	}
	return file{f}, true
}

// widthOf is how many cells a line of w has; 0: nobody knows.
func widthOf(w io.Writer) int {
	t, ok := terminalOf(w)
	if !ok {
		return 0
	}
	cols, _ := t.Size()
	return usable(cols)
}

// usable leaves the last cell of a line empty: terminals differ in where the cursor is behind it.
func usable(cols int) int { return max(cols-1, 1) }

// file is a terminal of the system's.
type file struct{ *os.File }

// Size is asked for anew each time, since people change it.
func (f file) Size() (cols, rows int) {
	cols, rows = sizeOf(f.File)
	if cols <= 0 || rows <= 0 {
		return usualCols, usualRows
	}
	return cols, rows
}
