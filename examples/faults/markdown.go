package main

import (
	"fmt"
	"strings"

	"github.com/littledl/littledl/examples/internal/marked"
)

// The two lines of RELIABILITY.md between which the tables stand.
const (
	tableBegin = "<!-- written by make reliability: begin -->"
	tableEnd   = "<!-- written by make reliability: end -->"
)

// markdown is both tables, the sums first.
func (t table) markdown() string {
	var b strings.Builder
	head := []string{"client"}
	for _, v := range verdicts {
		head = append(head, string(v))
	}
	writeHead(&b, head, 1)
	for k, c := range t.clients {
		cells := []string{c.label()}
		for _, v := range verdicts {
			cells = append(cells, fmt.Sprint(t.count(k, v)))
		}
		writeRow(&b, cells)
	}
	fmt.Fprintln(&b)

	head = []string{"no.", "what goes wrong", "what this library does", "this library"}
	columns := t.peers()
	for _, k := range columns {
		head = append(head, t.clients[k].label())
	}
	writeHead(&b, head, len(head))
	for i, f := range t.faults {
		cells := []string{fmt.Sprint(f.number), f.cell(), f.ours, t.ourCell(i)}
		for _, k := range columns {
			cells = append(cells, t.results[i][k].verdict.cell())
		}
		writeRow(&b, cells)
	}
	return b.String()
}

// label is a client's name and version as readers know it.
func (c client) label() string {
	name := map[string]string{
		plainName: "BatchDownloader", enhancedName: "EnhancedBatchDownloader", "littledl-py": "littledl (Python)",
	}[c.name]
	if name == "" {
		name = c.name
	}
	return strings.TrimSpace(name + " " + c.version)
}

// cell is what goes wrong; it names the row.
func (f fault) cell() string {
	if f.digest {
		return f.what + " †"
	}
	return f.what
}

func (t table) peers() (columns []int) {
	for k, c := range t.clients {
		if !c.ours {
			columns = append(columns, k)
		}
	}
	return columns
}

// ourCell is what both downloaders ended with, the plain one's first if they differ.
func (t table) ourCell(row int) string {
	var all []string
	for k, c := range t.clients {
		if v := t.results[row][k].verdict.cell(); c.ours && (len(all) == 0 || all[0] != v) {
			all = append(all, v)
		}
	}
	return strings.Join(all, ", enhanced ")
}

func (v verdict) cell() string {
	if v == wrong {
		return "**WRONG**"
	}
	return string(v)
}

// writeHead writes the head of a table, of which the first columns are aligned left.
func writeHead(b *strings.Builder, head []string, left int) {
	writeRow(b, head)
	for i := range head {
		if i < left {
			b.WriteString("|---")
		} else {
			b.WriteString("|---:")
		}
	}
	b.WriteString("|\n")
}

func writeRow(b *strings.Builder, cells []string) {
	for _, c := range cells {
		fmt.Fprintf(b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
	}
	b.WriteString("|\n")
}

// replaceTable puts the tables between the markers of a file.
func replaceTable(path, tables string) error {
	return marked.Replace(path, tableBegin, tableEnd, tables)
}
