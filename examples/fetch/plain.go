package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// plain shows a batch in lines, for files, pipes and logs.
type plain struct {
	out, stderr io.Writer
	perFile     bool // a line per file, and one for the batch only when nothing has ended for a while
	quiet       int  // calls of progress since a line was written
}

const patience = 5 // seconds without a line

func (p *plain) interval() time.Duration { return time.Second }

func (p *plain) progress(d *littledl.BatchDownloader, trouble string) {
	if p.quiet++; p.perFile && p.quiet < patience {
		return
	}
	p.quiet = 0
	b := d.GetProgress()
	if b.OverallSpeed < 1 && trouble != "" {
		fmt.Fprintf(p.out, "%3.0f%%  %d of %d files  waiting: %s\n", b.Progress(), b.CompletedFiles, b.TotalFiles, trouble)
		return
	}
	line := fmt.Sprintf("%3.0f%%  %d of %d files  %s of %s  %s  %s", b.Progress(), b.CompletedFiles, b.TotalFiles,
		byteText(b.DownloadedBytes), byteText(b.TotalBytes), speedText(b.OverallSpeed), leftText(b.ETA))
	fmt.Fprintln(p.out, strings.TrimRight(line, " "))
}

func (p *plain) file(t littledl.FileTask) {
	switch {
	case t.IsFailed():
		tell(p.stderr, t.Err)
	case t.IsCompleted() && p.perFile:
		p.quiet = 0
		io.WriteString(p.out, fileLine(t))
	}
}

func (p *plain) close() {}
