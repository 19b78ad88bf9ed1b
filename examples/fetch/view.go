package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/littledl/littledl"
)

// view shows a batch while it runs. The library calls back one at a time, so
// none of its methods runs beside another.
type view interface {
	interval() time.Duration // between two calls of progress
	// How far the batch is, and why an attempt failed lately, "" if none did.
	progress(d *littledl.BatchDownloader, trouble string)
	file(t littledl.FileTask) // t has ended
	close()                   // the batch has ended
}

// newView chooses bars for a terminal and lines for everything else. perFile
// wants a line for every file that has ended.
func newView(o options, perFile bool, stdout, stderr io.Writer) view {
	switch {
	case o.quiet:
		return &plain{out: io.Discard, stderr: stderr}
	case isTerminal(stdout):
		return newBars(stdout, stderr, perFile)
	}
	return &plain{out: stdout, stderr: stderr, perFile: perFile}
}

// isTerminal says whether w understands the movements that bars are made of.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && cwriter.IsTerminal(int(f.Fd()))
}

// fileLine is the line of a file that is complete.
func fileLine(t littledl.FileTask) string {
	note := ""
	if t.Reused {
		note = "  (was there already)"
	}
	return fmt.Sprintf("%s  %s%s\n", clean(t.Path()), byteText(t.Downloaded), note)
}
