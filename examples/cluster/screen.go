package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"golang.org/x/term"
)

// screen shows progress: in place on a terminal, else on a line now and then.
type screen struct {
	w        io.Writer
	terminal bool
	begun    time.Time
	last     time.Time
	width    int
}

func newScreen(w io.Writer) *screen {
	f, ok := w.(*os.File)
	return &screen{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), begun: time.Now()}
}

func (s *screen) show(p cluster.Progress, last bool) {
	if !last && time.Since(s.last) < map[bool]time.Duration{true: 100 * time.Millisecond, false: time.Second}[s.terminal] {
		return
	}
	s.last = time.Now()
	total := "?"
	if p.Total >= 0 {
		total = fmt.Sprint(p.Total)
	}
	text := fmt.Sprintf("%6.1fs  %d of %s stored, %d failed, %s", time.Since(s.begun).Seconds(), p.Done, total, p.Failed, size(p.Bytes))
	switch {
	case p.Cancelled:
		text += ", cancelled"
	case p.Paused:
		text += ", paused"
	}
	if !s.terminal {
		fmt.Fprintln(s.w, text)
		return
	}
	fmt.Fprint(s.w, "\r", text, strings.Repeat(" ", max(s.width-len(text), 0)))
	if s.width = len(text); last {
		s.end()
	}
}

// end is for lines that are to stay.
func (s *screen) end() {
	if s.terminal && s.width > 0 {
		fmt.Fprintln(s.w)
		s.width = 0
	}
}

func size(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprint(n, " bytes")
	case n < 10<<20:
		return fmt.Sprint(n>>10, " KiB")
	case n < 10<<30:
		return fmt.Sprint(n>>20, " MiB")
	}
	return fmt.Sprint(n>>30, " GiB")
}
