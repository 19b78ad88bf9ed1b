package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/littledl/littledl"
)

// writeTable prints a row per size and a column per network, then what each network
// is and why a large file is fetched there as it is.
func writeTable(w io.Writer, sel *littledl.StrategySelector) error {
	fmt.Fprintf(w, "Chunks, and estimated speed-up against one stream.\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "size\t")
	for _, n := range networks() {
		fmt.Fprint(t, n.name, "\t")
	}
	fmt.Fprintln(t)
	for _, size := range []int64{-1, mib, 5 * mib, 20 * mib, 100 * mib, 101 * mib, 500 * mib, gib, 4 * gib, 16 * gib} {
		fmt.Fprint(t, sizeText(size), "\t")
		for _, n := range networks() {
			fmt.Fprint(t, cell(n.decide(sel, size)), "\t")
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range networks() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", n.name, n.about, n.decide(sel, gib).Reason)
	}
	return t.Flush()
}

// cell is a decision in a few characters.
func cell(d littledl.StyleDecision) string {
	if d.RecommendedChunks == 1 {
		return string(d.Style)
	}
	return fmt.Sprintf("%d: %.1f×", d.RecommendedChunks, d.EstimatedSpeedup)
}

func sizeText(size int64) string {
	switch {
	case size < 0:
		return "unknown"
	case size < gib:
		return fmt.Sprint(size/mib, " MiB")
	}
	return fmt.Sprint(size/gib, " GiB")
}
