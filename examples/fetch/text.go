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

// shorten fits text into so many cells of a terminal; what is too long loses its middle.
func shorten(s string, cells int) string {
	const mark = "…"
	all, room := runewidth.StringWidth(s), cells-runewidth.StringWidth(mark)
	switch {
	case all <= cells:
		return s
	case room < 0:
		return ""
	}
	head := runewidth.Truncate(s, room-room/2, "")
	rest := cells - runewidth.StringWidth(head)
	return head + runewidth.TruncatePrefix(s, rest, mark)
}

// wrap breaks text between words into lines of so many cells; a word that is longer than one
// loses its middle. 0 cells: nobody knows, and it stays one line.
func wrap(s string, cells int) (lines []string) {
	if cells <= 0 {
		return []string{s}
	}
	line := ""
	for word := range strings.FieldsSeq(s) {
		word = shorten(word, cells)
		switch {
		case line == "":
			line = word
		case runewidth.StringWidth(line)+1+runewidth.StringWidth(word) <= cells:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// byteText is a number of bytes for people, in at most 9 cells up to 1000 TiB.
func byteText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 999.95 && unit < 3 {
		v /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGT"[unit])
}

func speedText(perSecond float64) string { return byteText(int64(max(perSecond, 0))) + "/s" }

// timeText is a time for people, in at most 6 cells up to 1000 days.
func timeText(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600 && s%60 == 0:
		return fmt.Sprintf("%dm", s/60)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

// leftText is how long it will still take; nothing while nobody knows, and at the end.
func leftText(eta time.Duration) string {
	if eta = eta.Round(time.Second); eta > 0 {
		return timeText(eta) + " left"
	}
	return ""
}
