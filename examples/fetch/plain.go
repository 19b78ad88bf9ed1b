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
	perFile     bool // a line per file, instead of one every second
}

func (p *plain) interval() time.Duration { return time.Second }

func (p *plain) progress(d *littledl.BatchDownloader) {
	if p.perFile {
		return
	}
	b := d.GetProgress()
	line := fmt.Sprintf("%3.0f%%  %d of %d files  %s of %s  %s  %s", b.Progress(), b.CompletedFiles, b.TotalFiles,
		byteText(b.DownloadedBytes), byteText(b.TotalBytes), speedText(b.OverallSpeed), leftText(b.ETA))
	fmt.Fprintln(p.out, strings.TrimRight(line, " "))
}

func (p *plain) file(t littledl.FileTask) {
	switch {
	case t.IsFailed():
		tell(p.stderr, t.Err)
	case t.IsCompleted() && p.perFile:
		io.WriteString(p.out, fileLine(t))
	}
}

func (p *plain) close() {}
