package main

import (
	"fmt"
	"io"
	"strings"
)

// table is what came of everything: a row for each fault, a column for each client.
type table struct {
	faults  []fault
	clients []client
	results [][]result
}

// header is a client's name and version.
func (c client) header() string {
	return strings.TrimSpace(c.name + " " + c.version)
}

// write writes it as text.
func (t table) write(w io.Writer) {
	width := 0
	for _, f := range t.faults {
		width = max(width, len(f.title()))
	}
	row := func(first string, cell func(i int) string) {
		fmt.Fprintf(w, "%-*s", width, first)
		for i, c := range t.clients {
			fmt.Fprintf(w, "  %-*s", max(len(verdict(partial)), len(c.name)), cell(i))
		}
		fmt.Fprintln(w)
	}
	row("", func(i int) string { return t.clients[i].name })
	for i, f := range t.faults {
		row(f.title(), func(k int) string { return string(t.results[i][k].verdict) })
	}
	fmt.Fprintln(w)
	for _, v := range verdicts {
		row(string(v), func(k int) string { return fmt.Sprint(t.count(k, v)) })
	}
	for _, c := range t.clients {
		if c.version != "" {
			fmt.Fprintln(w, c.header())
		}
	}
}

func (f fault) title() string {
	s := fmt.Sprintf("%3d %s", f.number, f.what)
	if f.digest {
		s += " (a digest is given)"
	}
	return s
}

// count is how many of a client's runs ended so.
func (t table) count(client int, v verdict) (n int) {
	for _, row := range t.results {
		if row[client].verdict == v {
			n++
		}
	}
	return n
}

// surprises are the runs of this library that ended otherwise than they should.
func (t table) surprises() (all []string) {
	for i, f := range t.faults {
		for k, c := range t.clients {
			if got := t.results[i][k].verdict; c.ours && got != f.expected() {
				all = append(all, fmt.Sprintf("%d %s: %s: %s instead of %s", f.number, f.what, c.name, got, f.expected()))
			}
		}
	}
	return all
}
