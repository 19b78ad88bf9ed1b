package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// lines shows a file with several sources in plain lines. The callbacks that use it
// come one at a time.
type lines struct {
	out     io.Writer
	mirrors []mirror
	begun   time.Time // of the download
	last    time.Time // of the last line
	before  littledl.FileTask
	down    map[int]bool
}

func newLines(out io.Writer, mirrors []mirror) *lines {
	now := time.Now()
	return &lines{out: out, mirrors: mirrors, begun: now, last: now, down: map[int]bool{}}
}

// progress writes a line: how far it is, how fast it goes, and who gives how much.
func (l *lines) progress(t littledl.FileTask, now time.Time) {
	seconds := now.Sub(l.last).Seconds()
	if seconds <= 0 || len(t.Sources) == 0 {
		return
	}
	if t.Downloaded < l.before.Downloaded {
		fmt.Fprintln(l.out, "the SHA-256 is wrong, so somebody lied: what is in doubt is fetched again from one source alone")
	}
	var sum float64
	var each []string
	for i, s := range t.Sources {
		rate := float64(s.Bytes)
		if i < len(l.before.Sources) {
			rate -= float64(l.before.Sources[i].Bytes)
		}
		rate = rate / seconds / 1e6
		sum += rate
		each = append(each, fmt.Sprintf("%s %4.1f", l.mirrors[i].name, rate))
	}
	fmt.Fprintf(l.out, "%5.1f s  %3.0f%%  %5.1f MB/s  =  %s\n", now.Sub(l.begun).Seconds(), t.Progress(), sum, strings.Join(each, "  "))
	l.last, l.before = now, t
}

func (l *lines) wentDown(i int) {
	fmt.Fprintln(l.out, l.mirrors[i].name, "goes down")
	l.down[i] = true
}
