package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// plain shows a batch in lines, for files, pipes and logs: what has become of files, and where
// nothing has for a while, that it is still at it.
type plain struct {
	out, stderr io.Writer
	perFile     bool // a line per file
	quiet       int  // calls of progress since a line was written
}

const patience = 10 // seconds without a line

func (p *plain) interval() time.Duration { return time.Second }

func (p *plain) progress(s state) {
	if p.quiet++; p.quiet < patience {
		return
	}
	p.quiet = 0
	parts := []string{fmt.Sprintf("%3d%%", int(s.Progress())), s.counts.String()}
	if s.OverallSpeed >= 1 || len(s.waits) == 0 {
		parts = append(parts, byteText(s.DownloadedBytes)+" of "+byteText(s.TotalBytes), speedText(s.OverallSpeed), leftText(s.ETA))
	}
	fmt.Fprintln(p.out, strings.TrimRight(strings.Join(append(parts, s.waits...), "  "), " "))
}

func (p *plain) file(t littledl.FileTask) {
	switch {
	case t.IsFailed():
		tell(p.stderr, t.Err)
	case t.IsCompleted() && p.perFile:
		p.quiet = 0
		fmt.Fprintln(p.out, fileLine(t, 0))
	}
}

func (p *plain) close(*summary) {}
