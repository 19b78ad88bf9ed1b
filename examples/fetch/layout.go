package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
)

// A line is a name, a percentage, a bar and what else there is room for, in columns that are
// the same in all lines of a frame. A column is there as a whole or not at all.
const (
	percentCells = 4
	speedCells   = 11
	leftCells    = 11
	sizeCells    = 9
	amountsCells = 22
	nameLeast    = 12
	nameMost     = 40
	barLeast     = 6
	barMost      = 60
	gap          = 2
)

// columns are how many cells each has; 0: it is not there.
type columns struct{ name, bar, speed, left, amounts int }

// fit divides so many cells, where a name needs so many at least and has a use for more. What
// comes first is the last to go.
func fit(width, least, wanted int) columns {
	c := columns{name: min(max(least, nameLeast), max(width-1-percentCells, 0))}
	room := width - c.name - 1 - percentCells
	take := func(cells, before int) int {
		if cells+before > room {
			return 0
		}
		room -= cells + before
		return cells
	}
	c.speed = take(speedCells, gap)
	c.bar = take(barLeast, 1)
	c.left = take(leftCells, gap)
	if c.amounts = take(sizeCells, gap); room >= amountsCells {
		c.amounts += take(amountsCells-sizeCells, 0)
	}
	name := max(0, min(room, wanted-c.name))
	c.name, room = c.name+name, room-name
	c.share(room)
	return c
}

// share gives what is left to names and bars, evenly as far as they have a use for it.
func (c *columns) share(room int) {
	most := max(0, min(room, nameMost-c.name))
	if c.bar == 0 {
		c.name += most
		return
	}
	name := max(0, min(most, max((room+c.bar-c.name)/2, room+c.bar-barMost)))
	c.name, c.bar = c.name+name, min(c.bar+room-name, barMost)
}

// line is what is to be shown in columns.
type line struct {
	names, amounts []string // in their forms, the longest first
	percent        float64  // negative: not known
	speed, left    string
}

func (c columns) text(l line, p palette) string {
	var b strings.Builder
	b.WriteString(runewidth.FillRight(fitting(l.names, c.name), c.name))
	if l.percent < 0 {
		b.WriteString(strings.Repeat(" ", 1+percentCells))
	} else {
		fmt.Fprintf(&b, " %3d%%", int(l.percent)) // 100 is for what is complete
	}
	if c.bar > 0 {
		b.WriteString(" " + p.bar(l.percent, c.bar))
	}
	for _, part := range []struct {
		text  string
		cells int
	}{{fitting(l.amounts, c.amounts), c.amounts}, {l.speed, c.speed}, {l.left, c.left}} {
		if part.cells > 0 {
			b.WriteString(strings.Repeat(" ", gap) + runewidth.FillLeft(part.text, part.cells))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// fitting is the first of the forms that fits, or the last one without its middle.
func fitting(forms []string, cells int) string {
	for _, f := range forms {
		if runewidth.StringWidth(f) <= cells {
			return f
		}
	}
	return shorten(forms[len(forms)-1], cells)
}

// amounts are bytes of bytes, always of the same width, or else how many there are to be.
func amounts(done, total int64) []string {
	if total <= 0 {
		return []string{byteText(done)}
	}
	return []string{fmt.Sprintf("%s of %9s", byteText(done), byteText(total)), byteText(total)}
}

// palette is what a bar is drawn with.
type palette struct {
	full, rest string
	colour     bool
}

// newPalette is a thin line, in colour unless the user wants none (no-color.org).
func newPalette() palette {
	p := palette{full: "━", rest: "─", colour: os.Getenv("NO_COLOR") == ""}
	if runewidth.StringWidth(p.full+p.rest) != 2 { // where such characters are wide
		p.full, p.rest = "=", "-"
	}
	if !p.colour {
		p.rest = " "
	}
	return p
}

func (p palette) bar(percent float64, cells int) string {
	n := int(min(max(percent, 0), 100) * float64(cells) / 100)
	full, rest := strings.Repeat(p.full, n), strings.Repeat(p.rest, cells-n)
	if !p.colour {
		return full + rest
	}
	return paint("32", full) + paint("90", rest)
}

func paint(colour, s string) string {
	if s == "" {
		return ""
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}
