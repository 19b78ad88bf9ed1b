package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// summary is the table that ends a batch.
type summary struct{ rows [][2]string }

func (s *summary) add(name, format string, args ...any) {
	s.rows = append(s.rows, [2]string{name, fmt.Sprintf(format, args...)})
}

func (s *summary) print(w io.Writer) {
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, r := range s.rows {
		fmt.Fprintf(table, "%s\t%s\n", r[0], r[1])
	}
	table.Flush()
}

// summary says what became of so many files.
func (j *job) summary(files int) *summary {
	st := j.down.GetStats()
	s := &summary{}
	s.add("files", "%d of %d", st.CompletedFiles, files)
	if st.ReusedFiles > 0 {
		s.add("of them kept", "%d (%s were there already)", st.ReusedFiles, byteText(st.BytesSaved))
	}
	if before := st.DownloadedBytes - st.BytesSaved - st.ReceivedBytes; before > 0 {
		s.add("bytes", "%s, and %s that an earlier run had fetched", byteText(st.ReceivedBytes), byteText(before))
	} else {
		s.add("bytes", "%s", byteText(st.ReceivedBytes))
	}
	s.add("time", "%.1f s", j.took.Seconds())
	s.add("mean speed", "%s", speedText(float64(st.ReceivedBytes)/max(j.took.Seconds(), 1e-3)))
	return s
}
