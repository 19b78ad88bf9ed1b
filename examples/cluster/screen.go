package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/littledl/littledl/examples/cluster/cluster"
	"golang.org/x/term"
)

// screen shows progress: in place on a terminal, else on a line now and then.
type screen struct {
	w           io.Writer
	terminal    bool
	begun, last time.Time
}

func newScreen(w io.Writer) *screen {
	f, ok := w.(*os.File)
	return &screen{w: w, terminal: ok && term.IsTerminal(int(f.Fd())), begun: time.Now()}
}

// show is for each state of a batch; stay: it is the last, or something is written behind it.
func (s *screen) show(p cluster.Progress, stay bool) {
	if every := map[bool]time.Duration{true: 100 * time.Millisecond, false: time.Second}[s.terminal]; !stay && time.Since(s.last) < every {
		return
	}
	s.last = time.Now()
	total := fmt.Sprint(p.Total)
	if p.Total < 0 {
		total = "?"
	}
	text := fmt.Sprintf("%6.1fs  %d of %s stored, %d failed, %s", time.Since(s.begun).Seconds(), p.Done, total, p.Failed, size(p.Bytes))
	switch {
	case p.Cancelled:
		text += ", cancelled"
	case p.Paused:
		text += ", paused"
	}
	if s.terminal {
		text = "\r\x1b[K" + text
	}
	if !s.terminal || stay {
		text += "\n"
	}
	fmt.Fprint(s.w, text)
}

func size(n int64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB"} {
		if n < 10<<10 {
			return fmt.Sprint(n, " ", unit)
		}
		n >>= 10
	}
	return fmt.Sprint(n, " GiB")
}
