package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/littledl/littledl"
)

// summary is what became of a batch, for the last frame and for the table below it.
type summary struct {
	files    counts
	percent  float64
	received int64
	took     time.Duration
	rows     [][2]string
}

func (s *summary) time() string  { return fmt.Sprintf("%.1f s", s.took.Seconds()) }
func (s *summary) speed() string { return speedText(float64(s.received) / max(s.took.Seconds(), 1e-3)) }

func (s *summary) add(name, format string, args ...any) {
	s.rows = append(s.rows, [2]string{name, fmt.Sprintf(format, args...)})
}

// newSummary says what became of the files, some of which were refused before.
func newSummary(d *littledl.BatchDownloader, refused int, took time.Duration) *summary {
	st, p := d.GetStats(), d.GetProgress()
	s := &summary{files: countOf(p, refused).atEnd(), percent: p.Progress(), received: st.ReceivedBytes, took: took}
	s.add("files", "%s", s.files.of())
	if st.ReusedFiles > 0 {
		s.add("of them kept", "%d (%s were there already)", st.ReusedFiles, byteText(st.BytesSaved))
	}
	if before := st.DownloadedBytes - st.BytesSaved - st.ReceivedBytes; before > 0 {
		s.add("bytes", "%s, and %s that an earlier run had fetched", byteText(s.received), byteText(before))
	} else {
		s.add("bytes", "%s", byteText(s.received))
	}
	s.add("time", "%s", s.time())
	s.add("mean speed", "%s", s.speed())
	return s
}

// print writes the table in lines of so many cells; 0: nobody knows.
func (s *summary) print(w io.Writer, cells int) {
	names := 0
	for _, r := range s.rows {
		names = max(names, len(r[0])+3)
	}
	if cells > 0 {
		cells = max(cells-names, 1)
	}
	var b strings.Builder
	for _, r := range s.rows {
		for i, l := range wrap(r[1], cells) {
			if i > 0 {
				r[0] = ""
			}
			fmt.Fprintf(&b, "%-*s%s\n", names, r[0], l)
		}
	}
	fmt.Fprint(w, "\n", b.String())
}
