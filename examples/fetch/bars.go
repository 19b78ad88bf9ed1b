package main

import (
	"io"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/littledl/littledl"
)

// A small file comes and goes within a few frames: a bar of its own would only
// flicker. So a bar is for files that are large, or have been on their way for a
// while, and there are never many.
const (
	barSize = 4 << 20
	barAge  = 700 * time.Millisecond
	maxBars = 8

	frame = 120 * time.Millisecond
)

// bars shows a batch on a terminal: a bar for all of it, and below one for each
// file in flight.
type bars struct {
	size    func() (cols, rows int)
	screen  screen
	palette palette
	perFile bool
	stderr  io.Writer

	files []string             // IDs of the tasks that have a bar
	since map[string]time.Time // when an active task was first seen
	done  []littledl.FileTask  // since the last frame
	fails []error              // told when the bars are gone
}

func newBars(out terminal, stderr io.Writer, perFile bool) *bars {
	return &bars{size: out.Size, screen: screen{out: out}, palette: newPalette(), perFile: perFile, stderr: stderr}
}

func (b *bars) interval() time.Duration { return frame }

func (b *bars) progress(s state) {
	cols, rows := b.size()
	b.draw(b.block(s, usable(cols), rows), usable(cols))
}

// draw makes a frame, with the files above it that have ended since the last one.
func (b *bars) draw(block []string, width int) {
	var above []string
	for _, t := range b.done {
		above = append(above, fileLine(t, width))
	}
	b.done = nil
	b.screen.draw(above, block)
}

// block is all that moves: the batch, what is waited for, the files in flight.
func (b *bars) block(s state, width, rows int) []string {
	c, lines := batchLines(batchLine(s), s.counts.widest(), width, b.palette)
	for _, w := range s.waits {
		lines = append(lines, wrap(w, width)...)
	}
	for _, t := range b.follow(s, min(maxBars, rows-1-len(lines))) {
		lines = append(lines, c.text(fileBar(t), b.palette))
	}
	return lines[:min(len(lines), max(rows-1, 1))]
}

// batchLines is the line of the batch, and the columns for those of its files. Where the counts
// would leave no room for the speed they have a line of their own.
func batchLines(l line, widest counts, width int, p palette) (c columns, all []string) {
	forms := widest.forms()
	least, wanted := runewidth.StringWidth(forms[len(forms)-1]), runewidth.StringWidth(forms[0])
	if c = fit(width, least, wanted); c.speed > 0 {
		return c, []string{c.text(l, p)}
	}
	for _, form := range l.names {
		if all = wrap(form, width); len(all) == 1 {
			break
		}
	}
	l.names, c = []string{""}, fit(width, 0, 0)
	return c, append(all, c.text(l, p))
}

func batchLine(s state) line {
	l := line{names: s.counts.forms(), percent: s.Progress(), amounts: amounts(s.DownloadedBytes, s.TotalBytes)}
	if s.OverallSpeed >= 1 || len(s.waits) == 0 {
		l.speed, l.left = speedText(s.OverallSpeed), leftText(s.ETA)
	}
	return l
}

func fileBar(t littledl.FileTask) line {
	l := line{
		names: []string{"  " + clean(t.Filename)}, percent: -1,
		amounts: amounts(t.Downloaded, t.FileSize), speed: speedText(t.Speed),
	}
	if t.FileSize > 0 {
		l.percent = t.Progress()
	}
	return l
}

// follow returns the files that have a bar, at most so many. One that has it keeps it, in its
// place, until it ends.
func (b *bars) follow(s state, most int) (shown []littledl.FileTask) {
	active := make(map[string]littledl.FileTask, len(s.active))
	since := make(map[string]time.Time, len(s.active))
	for _, t := range s.active {
		first, known := b.since[t.TaskID]
		if !known {
			first = s.now
		}
		active[t.TaskID], since[t.TaskID] = t, first
	}
	var files []string
	add := func(t littledl.FileTask) {
		if len(files) < most {
			files, shown = append(files, t.TaskID), append(shown, t)
		}
		delete(active, t.TaskID)
	}
	for _, id := range b.files {
		if t, ok := active[id]; ok {
			add(t)
		}
	}
	for _, t := range s.active {
		if _, waits := active[t.TaskID]; waits && (t.FileSize >= barSize || s.now.Sub(since[t.TaskID]) >= barAge) {
			add(t)
		}
	}
	b.files, b.since = files, since
	return shown
}

func (b *bars) file(t littledl.FileTask) {
	switch {
	case t.IsFailed():
		b.fails = append(b.fails, t.Err)
	case t.IsCompleted() && b.perFile:
		b.done = append(b.done, t)
	}
}

// close leaves the batch's bar with what the summary says, and takes all else away.
func (b *bars) close(s *summary) {
	cols, _ := b.size()
	width := usable(cols)
	l := line{names: s.files.forms(), percent: s.percent, amounts: []string{byteText(s.received)}, speed: s.speed(), left: s.time()}
	_, block := batchLines(l, s.files, width, b.palette)
	b.draw(block, width)
	for _, err := range b.fails {
		tell(b.stderr, err)
	}
}
