package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// clean makes text that may come from a server fit for a terminal and for one
// line: no escape sequence, no line break, nothing that turns the writing direction.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, s)
}

// tell writes what went wrong as one line.
func tell(stderr io.Writer, err error) {
	fmt.Fprintln(stderr, "fetch:", clean(err.Error()))
}

// column fits text into so many cells of a terminal.
func column(s string, cells int) string {
	return runewidth.FillRight(runewidth.Truncate(s, cells, "…"), cells)
}

// byteText is a number of bytes for people.
func byteText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 1000 && unit < 3 {
		v /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGT"[unit])
}

func speedText(perSecond float64) string { return byteText(int64(max(perSecond, 0))) + "/s" }

// leftText is how long it will still take; nothing while nobody knows, and at the end.
func leftText(eta time.Duration) string {
	if eta = eta.Round(time.Second); eta > 0 {
		return fmt.Sprintf("%v left", eta)
	}
	return ""
}
