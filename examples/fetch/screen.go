package main

import (
	"fmt"
	"io"
	"strings"
)

// screen shows the lines of a block and changes them where they stand. The cursor rests below.
type screen struct {
	out   io.Writer
	lines int // of the block that is shown
	last  string
}

// draw puts a block in the place of the one before, and what is to stay above it, all in one
// write: nobody sees half of it.
func (s *screen) draw(above, block []string) {
	var b strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.lines)
	}
	b.WriteString("\r") // the terminal has echoed ^C where the cursor was, and going up keeps the column
	for _, l := range append(above, block...) {
		b.WriteString(l + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	if len(above) == 0 && b.String() == s.last {
		return
	}
	io.WriteString(s.out, b.String())
	s.lines, s.last = len(block), b.String()
}
