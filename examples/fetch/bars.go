package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/littledl/littledl"
)

// A small file comes and goes within a few frames: a bar of its own would only
// flicker. So a bar is for files that are large, or have been on their way for a
// while, and there are never many.
const (
	barSize = 4 << 20
	barAge  = 700 * time.Millisecond
	maxBars = 8

	frame     = 120 * time.Millisecond
	nameCells = 20
	leftCells = 10

	troubleCells = 9 + 4 + 9 + 1 + 11 + leftCells // as wide as what stands there else
	batchFull    = 10_000                         // the batch bar counts hundredths of a percent

	// home begins what may be the first line of a frame: the terminal has echoed ^C
	// where the cursor was, and going up a line keeps the column.
	home = "\r"
)

// bars shows a batch on a terminal: a bar for all of it, and below one for each
// file in flight.
type bars struct {
	screen  *mpb.Progress
	batch   *mpb.Bar
	status  atomic.Pointer[status]
	style   mpb.BarStyleComposer
	files   map[string]*fileBar  // by task ID
	since   map[string]time.Time // when an active task was first seen
	added   int
	notYet  time.Time // do not look at the tasks before
	perFile bool
	stderr  io.Writer
	failed  []error // told when the bars are gone
}

// status is what the batch's bar shows.
type status struct {
	littledl.BatchProgress
	trouble string
}

// fileBar is the bar of one file.
type fileBar struct {
	bar *mpb.Bar
	now atomic.Pointer[littledl.FileTask]
}

func newBars(stdout, stderr io.Writer, perFile bool) *bars {
	b := &bars{
		screen: mpb.New(mpb.WithOutput(stdout), mpb.WithRefreshRate(frame)), style: barStyle(),
		files: map[string]*fileBar{}, since: map[string]time.Time{}, perFile: perFile, stderr: stderr,
	}
	b.status.Store(&status{BatchProgress: littledl.BatchProgress{ETA: -1}})
	b.batch = b.screen.New(0, b.style, mpb.BarPriority(0),
		mpb.PrependDecorators(text(func() string { return home + column(b.counts(), nameCells) })),
		mpb.AppendDecorators(text(func() string { return b.speed() })))
	b.batch.SetTotal(batchFull, false)
	return b
}

// barStyle is a thin line, in colour unless the user wants none (no-color.org).
func barStyle() mpb.BarStyleComposer {
	s := mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─")
	if os.Getenv("NO_COLOR") != "" {
		return s.Padding(" ")
	}
	green := func(s string) string { return "\x1b[32m" + s + "\x1b[0m" }
	grey := func(s string) string { return "\x1b[90m" + s + "\x1b[0m" }
	return s.FillerMeta(green).TipMeta(green).PaddingMeta(grey)
}

// text is a part of a line that is asked for anew in every frame.
func text(f func() string) decor.Decorator {
	return decor.Any(func(decor.Statistics) string { return f() })
}

func (b *bars) counts() string {
	p := b.status.Load()
	return fmt.Sprintf("%d of %d files", p.CompletedFiles, p.TotalFiles)
}

func (b *bars) speed() string {
	p := b.status.Load()
	if p.OverallSpeed < 1 && p.trouble != "" {
		return "  " + column("waiting: "+p.trouble, troubleCells)
	}
	return amounts(p.DownloadedBytes, p.TotalBytes, p.OverallSpeed) + "  " + column(leftText(p.ETA), leftCells)
}

// amounts is the right-hand side of a line, always of the same width.
func amounts(done, total int64, speed float64) string {
	of := "?"
	if total > 0 {
		of = byteText(total)
	}
	return fmt.Sprintf("%9s of %-9s %11s", byteText(done), of, speedText(speed))
}

func (b *bars) interval() time.Duration { return frame }

func (b *bars) progress(d *littledl.BatchDownloader, trouble string) {
	p := d.GetProgress()
	b.status.Store(&status{p, trouble})
	b.batch.SetCurrent(int64(p.Progress() * batchFull / 100))
	now := time.Now()
	if now.Before(b.notYet) {
		return
	}
	b.follow(d.GetAllTasks(), now)
	b.notYet = time.Now().Add(20 * time.Since(now)) // a long list is looked at less often
}

// follow moves the files' bars, and adds and removes some.
func (b *bars) follow(tasks []littledl.FileTask, now time.Time) {
	since := make(map[string]time.Time, len(b.since))
	for i := range tasks {
		t := &tasks[i]
		if !t.IsActive() {
			continue
		}
		since[t.TaskID] = now
		if first, ok := b.since[t.TaskID]; ok {
			since[t.TaskID] = first
		}
		b.move(t, now.Sub(since[t.TaskID]))
	}
	for id, f := range b.files {
		if _, active := since[id]; !active {
			f.bar.Abort(true)
			delete(b.files, id)
		}
	}
	b.since = since
}

func (b *bars) move(t *littledl.FileTask, age time.Duration) {
	f := b.files[t.TaskID]
	if f == nil {
		if len(b.files) == maxBars || t.FileSize < barSize && age < barAge {
			return
		}
		f = b.add(t)
	}
	f.now.Store(t)
	f.bar.SetTotal(max(t.FileSize, 0), false)
	f.bar.SetCurrent(t.Downloaded)
}

func (b *bars) add(t *littledl.FileTask) *fileBar {
	f := &fileBar{}
	f.now.Store(t)
	b.added++
	f.bar = b.screen.New(0, b.style, mpb.BarPriority(b.added),
		mpb.PrependDecorators(text(func() string { return column("  "+clean(f.now.Load().Filename), nameCells) })),
		mpb.AppendDecorators(text(func() string {
			t := f.now.Load()
			return amounts(t.Downloaded, t.FileSize, t.Speed) + column("", 2+leftCells)
		})))
	b.files[t.TaskID] = f
	return f
}

func (b *bars) file(t littledl.FileTask) {
	switch {
	case t.IsFailed():
		b.failed = append(b.failed, t.Err)
	case t.IsCompleted() && b.perFile:
		io.WriteString(b.screen, home+fileLine(t))
	}
}

// close leaves the batch's bar as it stands and takes the others away.
func (b *bars) close() {
	for _, f := range b.files {
		f.bar.Abort(true)
	}
	b.batch.Abort(false)
	b.screen.Wait()
	for _, err := range b.failed {
		tell(b.stderr, err)
	}
}
