package main

import (
	"fmt"

	"github.com/littledl/littledl"
)

// counts is how many files have ended, of how many. Those that were refused before the batch
// began are among the failed.
type counts struct {
	ended, all int
	failed     int // of those that have ended
	cut        int // of the others, the batch having ended: they did not complete
}

func countOf(p littledl.BatchProgress, refused int) counts {
	return counts{ended: p.CompletedFiles + p.FailedFiles + refused, all: p.TotalFiles + refused, failed: p.FailedFiles + refused}
}

// atEnd are the counts of a batch that has ended.
func (c counts) atEnd() counts {
	c.cut = c.all - c.ended
	return c
}

// notes are what did not go well, as the end of a line.
func (c counts) notes() (s string) {
	if c.failed > 0 {
		s = fmt.Sprintf(", %d failed", c.failed)
	}
	if c.cut > 0 {
		s += fmt.Sprintf(", %d did not complete", c.cut)
	}
	return s
}

// of is the count where it is said that it is of files.
func (c counts) of() string { return fmt.Sprintf("%d of %d", c.ended, c.all) + c.notes() }

func (c counts) String() string { return c.forms()[0] }

// forms are the ways to say it, the longest first.
func (c counts) forms() []string {
	files := "files"
	if c.all == 1 {
		files = "file"
	}
	return []string{
		fmt.Sprintf("%d of %d %s%s", c.ended, c.all, files, c.notes()),
		fmt.Sprintf("%d/%d %s%s", c.ended, c.all, files, c.notes()),
		fmt.Sprintf("%d/%d%s", c.ended, c.all, c.notes()),
	}
}

// widest are the counts that take the most room of those that may come.
func (c counts) widest() counts {
	c.ended = c.all
	return c
}
